internal import NIOHTTP1
internal import SlipwayModel
internal import Synchronization

/// How long a service that said "too many requests" is left alone.
final class RetryPause: Sendable {
  /// Where no time is given.
  static let usual = Span.seconds(10)
  /// Nobody is believed who asks for longer.
  static let longest = Span.hours(1)

  private let until = Mutex<Timestamp?>(nil)

  /// The end of the pause; nil when asking is allowed at `now`.
  func end(at now: Timestamp) -> Timestamp? {
    until.withLock { end in
      guard let waiting = end, waiting > now else {
        end = nil
        return nil
      }
      return waiting
    }
  }

  /// Notes what an answer asks for: `Retry-After` in seconds or as a date, or the seconds of `X-RateLimit-Reset`.
  ///
  /// - Returns: the end of the pause; nil when the answer asks for none.
  func note(_ status: HTTPResponseStatus, _ headers: HTTPHeaders, at now: Timestamp) -> Timestamp? {
    let asked = (headers.first(name: "retry-after") ?? headers.first(name: "x-ratelimit-reset"))
      .flatMap { Self.span(in: $0, at: now) }
    guard status == .tooManyRequests || (status == .serviceUnavailable && asked != nil) else { return nil }
    let end = now + min(max(asked ?? Self.usual, .seconds(1)), Self.longest)
    until.withLock { $0 = max($0 ?? end, end) }
    return end
  }

  private static func span(in text: String, at now: Timestamp) -> Span? {
    if let seconds = Double(text), seconds.isFinite, seconds >= 0 {
      return .milliseconds(Int64(min(seconds, longest.seconds) * 1_000))
    }
    return date(text).map { max($0 - now, .zero) }
  }

  private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

  /// `Wed, 21 Oct 2015 07:28:00 GMT`, the only form of RFC 9110 that is still sent.
  private static func date(_ text: String) -> Timestamp? {
    let parts = text.split(separator: " ")
    guard parts.count == 6, parts[5] == "GMT", let month = months.firstIndex(of: String(parts[2])) else { return nil }
    let number = month < 9 ? "0\(month + 1)" : "\(month + 1)"
    return Timestamp(rfc3339: "\(parts[3])-\(number)-\(parts[1])T\(parts[4])Z")
  }
}
