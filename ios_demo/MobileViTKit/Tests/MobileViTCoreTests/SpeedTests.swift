import MobileViTCore
import XCTest

final class SpeedTests: XCTestCase {
  /// Optimised (`swift test -c release`) a camera's frame must not wait for its crop; unoptimised it does.
  func testAFrameIsCroppedInTime() throws {
    #if DEBUG
      let (runs, limit) = (1, 10_000.0)
    #else
      let (runs, limit) = (31, 30.0)
    #endif
    let frame = RGBImage(width: 720, height: 1280, bytes: (0..<720 * 1280 * 3).map { UInt8(truncatingIfNeeded: $0) })
    let preprocessing = Preprocessing(resize: .shortestEdge(288), cropHeight: 256, cropWidth: 256)
    let preprocessor = try Preprocessor(preprocessing)
    let times = (0..<runs).map { _ in
      let start = processorMilliseconds()
      XCTAssertEqual(preprocessor.crop(frame).pixels.width, 256)
      return processorMilliseconds() - start
    }
    let median = try XCTUnwrap(LatencyStatistics(times)).p50
    print("720x1280 to 256x256: \(median) ms of processor time, median of \(runs)")
    XCTAssertLessThan(median, limit)
  }

  /// What lies over a camera's frame, and over a photo of 12 megapixels.
  func testOverlaysAreDrawnInTime() throws {
    #if DEBUG
      let (runs, limit) = (1, 10_000.0)
    #else
      let (runs, limit) = (11, 1000.0)
    #endif
    let preprocessing = Preprocessing(resize: .shortestEdge(544), cropHeight: 512, cropWidth: 512)
    let map = ClassMap(width: 512, height: 512, classes: (0..<512 * 512).map { UInt8($0 / 512 % 21) })
    let palette = try JSONDecoder().decode([RGBColor].self, from: Contract.data("palette.json"))
    for (width, height) in [(720, 1280), (3024, 4032)] {
      let placement = Placement(width: width, height: height, preprocessing)
      let times = (0..<runs).map { _ in
        let start = processorMilliseconds()
        XCTAssertFalse(map.overlay(palette, opacity: 0.5, on: placement).isEmpty)
        return processorMilliseconds() - start
      }
      let median = try XCTUnwrap(LatencyStatistics(times)).p50
      print("overlay of \(width)x\(height): \(median) ms of processor time, median of \(runs)")
      XCTAssertLessThan(median, limit)
    }
  }

  /// Of this thread, to which other processes do not add.
  private func processorMilliseconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) * 1e3 + Double(time.tv_nsec) / 1e6
  }
}
