import Dispatch
import Foundation

#if canImport(Darwin)
  // Asked for once, as each asking counts as another owner of it.
  private let thisTask = task_self_trap()
#endif

/// The memory that counts against this process's limit, MiB: on Apple's systems its physical footprint, which Xcode shows
/// too, on Linux what it has in RAM. 0 where the system does not tell.
public func footprintMiB() -> Double {
  #if canImport(Darwin)
    var facts = task_vm_info_data_t()
    var count = mach_msg_type_number_t(MemoryLayout<task_vm_info_data_t>.size / MemoryLayout<integer_t>.size)
    let result = withUnsafeMutablePointer(to: &facts) {
      $0.withMemoryRebound(to: integer_t.self, capacity: Int(count)) {
        task_info(thisTask, task_flavor_t(TASK_VM_INFO), $0, &count)
      }
    }
    return result == KERN_SUCCESS ? Double(facts.phys_footprint) / 1_048_576 : 0
  #else
    let pages = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8))?.split(separator: " ")
    return pages.flatMap { Double($0[1]) }.map { $0 * Double(sysconf(Int32(_SC_PAGESIZE))) / 1_048_576 } ?? 0
  #endif
}

/// What `work` gives, and the most memory that the process held meanwhile, MiB, looked at every 10 ms.
public func watchingFootprint<Result>(
  isolation: isolated (any Actor)? = #isolation, _ work: () async throws -> sending Result
) async rethrows -> sending (result: Result, peakMiB: Double) {
  let watch = FootprintWatch()
  defer { watch.stop() }
  let result = try await work()
  return (result, watch.stop())
}

/// Unchecked: `peak` changes on the queue only.
private final class FootprintWatch: @unchecked Sendable {
  private let queue = DispatchQueue(label: "FootprintWatch")
  private let timer: any DispatchSourceTimer
  private var peak = footprintMiB()

  init() {
    timer = DispatchSource.makeTimerSource(queue: queue)
    timer.schedule(deadline: .now(), repeating: .milliseconds(10))
    timer.setEventHandler { [weak self] in self?.look() }
    timer.resume()
  }

  @discardableResult
  func stop() -> Double {
    timer.cancel()
    return queue.sync {
      look()
      return peak
    }
  }

  private func look() {
    peak = max(peak, footprintMiB())
  }
}
