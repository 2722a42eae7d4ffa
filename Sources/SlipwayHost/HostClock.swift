internal import Glibc
internal import SlipwayModel

/// The two clocks a host reads: the wall's for what people see, a steady one for every wait.
struct HostClock: Sendable {
  var wall: @Sendable () -> Timestamp
  /// Milliseconds that never jump, suspended time included.
  var uptime: @Sendable () -> Int64

  static let system = HostClock(
    wall: { Timestamp(milliseconds: milliseconds(CLOCK_REALTIME)) },
    uptime: { milliseconds(CLOCK_BOOTTIME) })

  private static func milliseconds(_ clock: Int32) -> Int64 {
    var time = timespec()
    clock_gettime(clockid_t(clock), &time)
    return Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000
  }
}
