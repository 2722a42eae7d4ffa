internal import Foundation
internal import SlipwayModel

/// Bytes to and from a mail server; what is under it may be encrypted halfway.
protocol SMTPLine: Sendable {
  func send(_ text: String) async throws
  /// More bytes; nil when the other side has hung up.
  func receive() async throws -> [UInt8]?
  func encrypt() async throws
}

/// Hands one test e-mail to a mail server, as RFC 5321 and 3207 say.
struct SMTPConversation {
  let question: DependencySpec.SMTPQuestion
  let user: Secret?
  let password: Secret?
  /// The whole message, lines ended by CR and LF, without the end mark.
  let message: String
  let line: any SMTPLine
  private var reader = SMTPReplyReader()
  private var offers: [String] = []

  init(
    _ question: DependencySpec.SMTPQuestion, user: Secret?, password: Secret?, message: String, line: any SMTPLine
  ) {
    self.question = question
    self.user = user
    self.password = password
    self.message = message
    self.line = line
  }

  /// Says everything up to the end of the message.
  ///
  /// - Returns: how the server took it.
  /// - Throws: ``ConnectorError`` with the step at which it went wrong.
  mutating func hold() async throws(ConnectorError) -> String {
    try await expect(220, after: "connecting")
    try await greet()
    if question.tls == .starttls { try await startTLS() }
    try await signIn()
    try await say("MAIL FROM:<\(question.from)>", as: "MAIL FROM", expecting: 250)
    try await say("RCPT TO:<\(question.to)>", as: "RCPT TO", expecting: 250, 251)
    try await say("DATA", as: "DATA", expecting: 354)
    let body = message.replacing("\r\n.", with: "\r\n..")
    let taken = try await say("\(body)\r\n.", as: "the message", expecting: 250)
    // The mail is the server's now; how it says goodbye changes nothing.
    try? await line.send("QUIT\r\n")
    return "\(place) took a mail to \(question.to): \(taken.text)"
  }

  private var place: String { "\(question.host):\(question.port)" }

  private mutating func greet() async throws(ConnectorError) {
    offers = try await say("EHLO slipway.invalid", as: "EHLO", expecting: 250).lines.map { $0.uppercased() }
  }

  private mutating func startTLS() async throws(ConnectorError) {
    guard offers.contains("STARTTLS") else {
      throw ConnectorError(
        .refused, "\(place) offers no STARTTLS; nothing was sent in clear. Turn it on there, or use 'tls: tls'")
    }
    try await say("STARTTLS", as: "STARTTLS", expecting: 220)
    // What was sent before the handshake was sent by anybody (CVE-2011-0411).
    guard reader.isEmpty else {
      throw ConnectorError(.garbage, "\(place) went on in clear after it agreed to STARTTLS")
    }
    do { try await line.encrypt() } catch { throw SMTPProbe.translated(error, place) }
    try await greet()
  }

  private mutating func signIn() async throws(ConnectorError) {
    guard let user, let password else { return }
    guard question.tls != .none || URL.isLoopback(question.host) else {
      throw ConnectorError(
        .misconfigured, "the password for \(place) would go in clear; use 'tls: starttls' or 'tls: tls'")
    }
    let ways = offers.filter { $0.hasPrefix("AUTH ") }.flatMap { $0.split(separator: " ").dropFirst() }
    if ways.contains("PLAIN") {
      let text = user.reveal { user in password.reveal { Self.base64("\0\(user)\0\($0)") } }
      try await say("AUTH PLAIN \(text)", as: "AUTH PLAIN", expecting: 235)
    } else if ways.contains("LOGIN") {
      try await say("AUTH LOGIN", as: "AUTH LOGIN", expecting: 334)
      try await say(user.reveal(Self.base64), as: "the user's name", expecting: 334)
      try await say(password.reveal(Self.base64), as: "the password", expecting: 235)
    } else {
      throw ConnectorError(
        .refused, "\(place) offers neither AUTH PLAIN nor LOGIN; leave user and password out, or turn one of them on")
    }
  }

  private static func base64(_ text: String) -> String { Data(text.utf8).base64EncodedString() }

  @discardableResult
  private mutating func say(
    _ text: String, as what: String, expecting codes: Int...
  ) async throws(ConnectorError) -> SMTPReply {
    do { try await line.send(text + "\r\n") } catch { throw SMTPProbe.translated(error, place) }
    return try await expect(codes, after: what)
  }

  @discardableResult
  private mutating func expect(_ codes: Int..., after what: String) async throws(ConnectorError) -> SMTPReply {
    try await expect(codes, after: what)
  }

  private mutating func expect(_ codes: [Int], after what: String) async throws(ConnectorError) -> SMTPReply {
    while true {
      let reply: SMTPReply?
      do throws(SMTPReplyReader.Garbage) { reply = try reader.next() } catch {
        throw ConnectorError(.garbage, "\(place) does not speak SMTP after \(what): it sent \(error.reason)")
      }
      if let reply {
        guard codes.contains(reply.code) else {
          throw ConnectorError(.refused, "\(place) answered \(what) with \(reply.text)")
        }
        return reply
      }
      let bytes: [UInt8]?
      do { bytes = try await line.receive() } catch { throw SMTPProbe.translated(error, place) }
      guard let bytes else { throw ConnectorError(.unreachable, "\(place) hung up after \(what)") }
      reader.append(bytes)
    }
  }
}
