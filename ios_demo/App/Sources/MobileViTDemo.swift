import SwiftUI

@main
struct MobileViTDemo: App {
  @State private var library = ModelLibrary()

  var body: some Scene {
    WindowGroup {
      TabView {
        CameraScreen().tabItem { Label("Camera", systemImage: "camera") }
        PhotoScreen().tabItem { Label("Photo", systemImage: "photo") }
        BenchmarkScreen().tabItem { Label("Benchmark", systemImage: "gauge.with.needle") }
      }
      .environment(library)
      .task(id: library.selection) { await library.load() }
    }
  }
}
