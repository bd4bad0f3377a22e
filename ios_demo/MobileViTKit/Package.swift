// swift-tools-version: 6.0

import PackageDescription

let package = Package(
  name: "MobileViTKit",
  platforms: [.iOS(.v17), .macOS(.v14)],
  products: [
    .library(name: "MobileViTCore", targets: ["MobileViTCore"]),
    .library(name: "MobileViTCoreML", targets: ["MobileViTCoreML"]),
    .library(name: "MobileViTCoreAI", targets: ["MobileViTCoreAI"]),
  ],
  targets: [
    .target(name: "MobileViTCore"),
    .target(name: "MobileViTCoreML", dependencies: ["MobileViTCore"]),
    .target(name: "MobileViTCoreAI", dependencies: ["MobileViTCore"]),
    .testTarget(name: "MobileViTCoreTests", dependencies: ["MobileViTCore"]),
  ]
)
