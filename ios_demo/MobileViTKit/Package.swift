// swift-tools-version: 6.0

import PackageDescription

let package = Package(
  name: "MobileViTKit",
  platforms: [.iOS(.v16), .macOS(.v13)],
  products: [
    .library(name: "MobileViTCore", targets: ["MobileViTCore"])
  ],
  targets: [
    .target(name: "MobileViTCore"),
    .testTarget(name: "MobileViTCoreTests", dependencies: ["MobileViTCore"]),
  ]
)
