import Foundation

/// What `work` gives, but `CancellationError` where the task has been cancelled meanwhile, whatever came of the work: a
/// slow answer must not take the place of one that was asked for later, nor an error of it be shown.
public func unlessCancelled<Result>(
  isolation: isolated (any Actor)? = #isolation, _ work: () async throws -> sending Result
) async throws -> sending Result {
  do {
    let result = try await work()
    try Task.checkCancellation()
    return result
  } catch {
    try Task.checkCancellation()
    throw error
  }
}
