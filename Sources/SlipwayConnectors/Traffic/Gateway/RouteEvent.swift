internal import Foundation
internal import NIOCore
internal import SlipwayModel

/// One event of a watch on HTTPRoutes, which is one line of JSON.
enum RouteEvent: Sendable {
  /// The route as it is after a change, or as it was when the watch began.
  case route(HTTPRoute)
  /// Nothing changed, but a watch may go on from this version.
  case bookmark(version: String)
  case deleted
  /// The version that the watch goes on from is forgotten: `ERROR` with status 410 inside an answer of 200.
  case expired
  /// Any other `ERROR`, in the server's words.
  case failed(String)

  /// Reads one line; nil for what is no event.
  init?(_ line: Data) {
    guard let tree = try? JSONTree(line), let kind = tree["type"]?.text, let object = tree["object"] else { return nil }
    switch kind {
    case "ADDED", "MODIFIED":
      guard let route = HTTPRoute(object) else { return nil }
      self = .route(route)
    case "DELETED": self = .deleted
    case "BOOKMARK":
      guard let version = object["metadata"]?["resourceVersion"]?.text else { return nil }
      self = .bookmark(version: version)
    case "ERROR":
      let reason = object["reason"]?.text ?? ""
      guard object["code"]?.integer != 410, !["Expired", "Gone"].contains(reason) else {
        self = .expired
        return
      }
      self = .failed(String((object["message"]?.text ?? reason).prefix(300)))
    default: return nil
    }
  }
}

/// Cuts an answer that goes on into its lines.
struct LineCutter: Sendable {
  /// Bytes of a line; an HTTPRoute is at most 1.5 MiB, the largest object that Kubernetes stores.
  static let longest = 4 << 20
  private var rest = Data()

  /// The lines that `buffer` completes, without empty ones; nil when a line is longer than any that is true.
  mutating func lines(adding buffer: ByteBuffer) -> [Data]? {
    var lines: [Data] = []
    for piece in Data(buffer.readableBytesView).split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
      .enumerated()
    {
      if piece.offset > 0 {
        if !rest.isEmpty { lines.append(rest) }
        rest = Data()
      }
      guard rest.count + piece.element.count <= Self.longest else { return nil }
      rest.append(contentsOf: piece.element)
    }
    return lines
  }
}
