import MobileViTCore
import XCTest

/// What a benchmark says of the device beside the times.
final class BenchmarkTests: XCTestCase {
  func testThePeakIsThatOfTheWorkAlone() async {
    XCTAssertGreaterThan(footprintMiB(), 1)
    let size = 64
    func held() -> Int {
      let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: size << 20, alignment: 1)
      defer { bytes.deallocate() }
      bytes.initializeMemory(as: UInt8.self, repeating: 1)
      Thread.sleep(forTimeInterval: 0.1)
      return bytes.count
    }
    let before = footprintMiB()
    let (bytes, peak) = await watchingFootprint { held() }
    XCTAssertEqual(bytes, size << 20)
    XCTAssertGreaterThan(peak, before + Double(size) - 4)
    let (_, later) = await watchingFootprint {}
    XCTAssertLessThan(later, peak - Double(size) / 2)
  }

  func testMemoryThatIsNotTouchedDoesNotCount() {
    let (before, size) = (footprintMiB(), 256)
    let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: size << 20, alignment: 1)
    defer { bytes.deallocate() }
    XCTAssertLessThan(footprintMiB(), before + Double(size) / 2)
  }

  func testAHotDeviceIsWaitedFor() async throws {
    var states: [DeviceRun.ThermalState?] = [.serious, .fair, .nominal, .critical]
    let cool = try await DeviceRun.ThermalState.cooled(times: 4, pause: 0.001) { states.removeFirst() }
    XCTAssertEqual(cool, .nominal)
    XCTAssertEqual(states, [.critical])
    let warm = try await DeviceRun.ThermalState.cooled(times: 3, pause: 0.001) { .fair }
    XCTAssertEqual(warm, .fair)
    var asked = 0
    let unknown = try await DeviceRun.ThermalState.cooled(times: 3, pause: 0.001) {
      asked += 1
      return nil
    }
    XCTAssertNil(unknown)
    XCTAssertEqual(asked, 1)
  }

  func testTimesOfAWarmDeviceAreKnown() {
    func isCool(_ before: DeviceRun.ThermalState?, _ after: DeviceRun.ThermalState?) -> Bool? {
      DeviceRun(
        artifact: "m.mlpackage", sha256: "", accelerator: "ALL", loadMilliseconds: 1, warmUp: 1,
        preprocessingMilliseconds: [], inferenceMilliseconds: [], waitMilliseconds: nil, thermalStateBefore: before,
        thermalState: after, peakMiB: nil, answers: []
      ).isCool
    }
    XCTAssertEqual(isCool(.nominal, .nominal), true)
    XCTAssertEqual(isCool(.fair, .nominal), false)
    XCTAssertEqual(isCool(.nominal, .serious), false)
    XCTAssertNil(isCool(nil, .nominal))
    XCTAssertNil(isCool(.nominal, nil))
  }

  func testAHotDeviceGetsFewerFrames() {
    let states: [DeviceRun.ThermalState] = [.nominal, .fair, .serious, .critical]
    let rates = states.map(\.framesPerSecond)
    XCTAssertEqual(rates, rates.sorted(by: >))
    XCTAssertEqual(Set(rates).count, 4)
  }
}
