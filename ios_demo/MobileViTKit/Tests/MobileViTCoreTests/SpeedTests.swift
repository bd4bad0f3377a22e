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
    let cropper = Cropper(try Preprocessor(preprocessing))
    let times = (0..<runs).map { _ in
      let start = processorMilliseconds()
      XCTAssertEqual(cropper.crop(frame).pixels.width, 256)
      return processorMilliseconds() - start
    }
    let median = try XCTUnwrap(LatencyStatistics(times)).p50
    print("720x1280 to 256x256: \(median) ms of processor time, median of \(runs)")
    XCTAssertLessThan(median, limit)
  }

  /// What lies over a picture of any size.
  func testOverlaysAreDrawnInTime() throws {
    #if DEBUG
      let (runs, limit) = (1, 10_000.0)
    #else
      let (runs, limit) = (31, 10.0)
    #endif
    let map = ClassMap(width: 512, height: 512, classes: (0..<512 * 512).map { UInt8($0 / 512 % 21) })
    let palette = try JSONDecoder().decode([RGBColor].self, from: Contract.data("palette.json"))
    let times = (0..<runs).map { _ in
      let start = processorMilliseconds()
      XCTAssertEqual(map.overlay(palette, opacity: 0.5).count, 512 * 512 * 4)
      return processorMilliseconds() - start
    }
    let median = try XCTUnwrap(LatencyStatistics(times)).p50
    print("overlay of a crop of 512x512: \(median) ms of processor time, median of \(runs)")
    XCTAssertLessThan(median, limit)
  }

  /// Of this thread, to which other processes do not add.
  private func processorMilliseconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) * 1e3 + Double(time.tv_nsec) / 1e6
  }
}
