internal import Foundation
internal import SlipwayModel

/// What can be asked of a host, one line of JSON each.
enum HostRequest: Equatable {
  case start(Slot, Launch, replace: Bool, grace: Span)
  case stop(Slot, grace: Span)
  case status
  case shutdown(stopProcesses: Bool)

  /// Longer lines are refused; arguments and environment of a process are limited to 2 MB by Linux itself.
  static let longestLine = 4 << 20
  static let usualGrace = Span.seconds(10)
  static let longestGrace = Span.hours(1)

  private struct Line: Codable {
    var op: String
    var slot: Slot?
    var launch: Launch?
    var replace: Bool?
    var grace: Span?
    var stopProcesses: Bool?

    enum CodingKeys: String, CodingKey {
      case op, slot, launch, replace, grace
      case stopProcesses = "stop_processes"
    }
  }

  /// Reads one line.
  ///
  /// - Throws: ``HostError`` with `badRequest`, never with a value of the request in it.
  init(line: [UInt8]) throws(HostError) {
    guard let line = try? CanonicalJSON.decode(Line.self, from: Data(line)) else {
      throw HostError(.badRequest, "a request is one line of JSON like {\"op\":\"status\"}; this line is not")
    }
    let grace = line.grace ?? Self.usualGrace
    guard grace >= .zero, grace <= Self.longestGrace else {
      throw HostError(.badRequest, "grace must be 0 to \(Int(Self.longestGrace.seconds)) seconds")
    }
    switch line.op {
    case "status": self = .status
    case "shutdown": self = .shutdown(stopProcesses: line.stopProcesses ?? false)
    case "stop":
      guard let slot = line.slot else { throw HostError(.badRequest, "stop needs 'slot'") }
      self = .stop(slot, grace: grace)
    case "start":
      guard let slot = line.slot, let launch = line.launch else {
        throw HostError(.badRequest, "start needs 'slot' and 'launch'")
      }
      self = .start(slot, launch, replace: line.replace ?? false, grace: grace)
    default:
      throw HostError(.badRequest, "op '\(line.op.prefix(40))' is unknown; known: start, stop, status, shutdown")
    }
  }

  /// The request as a line, its end included.
  func encoded() throws -> [UInt8] {
    var line = Line(op: "status")
    switch self {
    case .start(let slot, let launch, let replace, let grace):
      line = Line(op: "start", slot: slot, launch: launch, replace: replace, grace: grace)
    case .stop(let slot, let grace):
      line = Line(op: "stop", slot: slot, grace: grace)
    case .status: break
    case .shutdown(let stopProcesses):
      line = Line(op: "shutdown", stopProcesses: stopProcesses)
    }
    return Array(try CanonicalJSON.encode(line)) + [10]
  }
}

/// What a host answers, one line of JSON.
struct HostReply: Codable, Equatable {
  struct Refusal: Codable, Equatable {
    var code: HostError.Code
    var message: String
  }

  var ok: Bool
  var status: HostStatus?
  var error: Refusal?

  static func done(_ status: HostStatus) -> HostReply { HostReply(ok: true, status: status) }
  static func refused(_ error: HostError) -> HostReply {
    HostReply(ok: false, error: Refusal(code: error.code, message: error.message))
  }

  func encoded() -> [UInt8] {
    // Every field is a text, a whole number or a finite one, so that encoding cannot fail.
    let data = (try? CanonicalJSON.encode(self)) ?? Data("{\"ok\":false}".utf8)
    return Array(data) + [10]
  }
}
