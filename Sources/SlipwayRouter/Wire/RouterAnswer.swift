/// An answer that the router gives itself. `X-Slipway-Router` tells it from the application's own.
struct RouterAnswer {
  let status: Int
  let reason: String
  let code: String
  let message: String

  static let badRequest = RouterAnswer(400, "Bad Request", "bad_request", "The request is no valid HTTP.")
  static let headerTooLarge = RouterAnswer(
    431, "Request Header Fields Too Large", "header_too_large", "The request's header is larger than the router takes.")
  static let bodyTooLarge = RouterAnswer(
    413, "Content Too Large", "body_too_large", "The request's body is larger than the router takes.")
  static let unsupported = RouterAnswer(
    501, "Not Implemented", "unsupported",
    "The router passes on neither CONNECT nor transfer codings other than chunked.")
  static let requestTimeout = RouterAnswer(
    408, "Request Timeout", "request_timeout", "The request did not come in time.")
  static let noLiveSlot = RouterAnswer(
    503, "Service Unavailable", "no_live_slot", "No slot takes requests now. Try again shortly.")
  static let deadCandidate = RouterAnswer(
    503, "Service Unavailable", "candidate_down",
    "The candidate that this request asks for takes no requests now; nobody else answers for it.")
  static let badGateway = RouterAnswer(
    502, "Bad Gateway", "bad_gateway", "The application gave no valid answer.")
  static let gatewayTimeout = RouterAnswer(
    504, "Gateway Timeout", "gateway_timeout", "The application did not answer in time.")

  private init(_ status: Int, _ reason: String, _ code: String, _ message: String) {
    self.status = status
    self.reason = reason
    self.code = code
    self.message = message
  }

  init(_ fault: WireFault) {
    self =
      switch fault {
      case .malformed: .badRequest
      case .headTooLarge: .headerTooLarge
      case .bodyTooLarge: .bodyTooLarge
      case .unsupported: .unsupported
      }
  }

  var body: String { "{\"error\":\"\(code)\",\"message\":\"\(message)\"}\n" }

  /// Fields for either version of HTTP.
  var fields: [(String, String)] {
    [
      ("content-type", "application/json"), ("content-length", String(body.utf8.count)), ("cache-control", "no-store"),
      ("x-slipway-router", code),
    ]
  }
}
