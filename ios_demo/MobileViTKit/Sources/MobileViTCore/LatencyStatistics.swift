import Foundation

/// Percentiles of times, linear between ranks as NumPy's.
public struct LatencyStatistics: Equatable, Sendable {
  /// The median, in the unit of the times.
  public let p50: Double
  /// What nine out of ten do not exceed.
  public let p90: Double
  /// What 99 out of 100 do not exceed.
  public let p99: Double

  /// nil where there are no times.
  public init?(_ times: [Double]) {
    guard !times.isEmpty else { return nil }
    let sorted = times.sorted()
    func percentile(_ percent: Double) -> Double {
      let rank = percent / 100 * Double(sorted.count - 1)
      let lower = Int(rank)
      let upper = min(lower + 1, sorted.count - 1)
      return sorted[lower] + (sorted[upper] - sorted[lower]) * (rank - Double(lower))
    }
    p50 = percentile(50)
    p90 = percentile(90)
    p99 = percentile(99)
  }
}
