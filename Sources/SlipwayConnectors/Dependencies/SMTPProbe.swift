internal import Foundation
internal import NIOCore
internal import NIOPosix
internal import NIOSSL
package import SlipwayModel

/// Sends a test e-mail and believes the server's own word that it took it (C2).
package struct SMTPProbe: Sendable {
  private let secrets: SecretSource
  /// Where relative paths begin.
  private let folder: String

  package init(secrets: SecretSource, folder: String) {
    self.secrets = secrets
    self.folder = folder
  }

  /// Hands the server one mail.
  ///
  /// The caller bounds how long that may take, by cancelling.
  ///
  /// - Parameters:
  ///   - question: which server, and how it is spoken to.
  ///   - timeout: of connecting, which cannot be cancelled.
  ///   - subject: one line.
  ///   - id: part of the mail's own id.
  ///   - now: the mail's date.
  /// - Returns: how the server took it.
  /// - Throws: ``ConnectorError``: `refused` for the server's no, `garbage` for what is not SMTP.
  package func send(
    _ question: DependencySpec.SMTPQuestion, within timeout: Span, subject: String, id: String, at now: Timestamp
  ) async throws(ConnectorError) -> String {
    let user = try question.user.map { text throws(ConnectorError) in try secrets.resolve(text) }
    let password = try question.password.map { text throws(ConnectorError) in try secrets.resolve(text) }
    let place = "\(question.host):\(question.port)"
    do {
      let tls = question.tls == .none ? nil : try NIOSSLContext(configuration: configuration(question))
      let channel = try await connect(question, question.tls == .tls ? tls : nil, timeout)
      return try await channel.executeThenClose { inbound, outbound in
        let line = SocketLine(
          channel: channel.channel, inbound: inbound.makeAsyncIterator(), outbound: outbound, tls: tls,
          host: question.host)
        var conversation = SMTPConversation(
          question, user: user, password: password, message: Self.message(question, subject, id, now), line: line)
        return try await conversation.hold()
      }
    } catch {
      throw Self.translated(error, place)
    }
  }

  private typealias Socket = NIOAsyncChannel<ByteBuffer, ByteBuffer>

  private func connect(
    _ question: DependencySpec.SMTPQuestion, _ tls: NIOSSLContext?, _ timeout: Span
  ) async throws -> Socket {
    try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .connectTimeout(.milliseconds(timeout.milliseconds))
      .connect(host: question.host, port: question.port) { channel in
        channel.eventLoop.makeCompletedFuture {
          if let tls { try channel.pipeline.syncOperations.addHandler(Self.handler(tls, question.host)) }
          return try Socket(wrappingChannelSynchronously: channel)
        }
      }
  }

  private func configuration(_ question: DependencySpec.SMTPQuestion) throws(ConnectorError) -> TLSConfiguration {
    var configuration = TLSConfiguration.makeClientConfiguration()
    guard let ca = question.ca else { return configuration }
    guard let found = try? NIOSSLCertificate.fromPEMFile(ca.hasPrefix("/") ? ca : folder + "/" + ca), !found.isEmpty
    else {
      throw ConnectorError(.misconfigured, "the certificates in \(ca) cannot be read; it should be a PEM file")
    }
    configuration.trustRoots = .certificates(found)
    return configuration
  }

  /// An address is compared with the certificate's addresses; only a name can be asked for.
  fileprivate static func handler(_ tls: NIOSSLContext, _ host: String) throws -> NIOSSLClientHandler {
    let isAddress = (try? SocketAddress(ipAddress: host, port: 0)) != nil
    return try NIOSSLClientHandler(context: tls, serverHostname: isAddress ? nil : host)
  }

  private static func message(
    _ question: DependencySpec.SMTPQuestion, _ subject: String, _ id: String, _ now: Timestamp
  ) -> String {
    let format = DateFormatter()
    format.locale = Locale(identifier: "en_US_POSIX")
    format.timeZone = TimeZone(secondsFromGMT: 0)
    format.dateFormat = "EEE, dd MMM yyyy HH:mm:ss Z"
    let date = format.string(from: Date(timeIntervalSince1970: Double(now.milliseconds) / 1_000))
    let line = String(subject.map { $0.isNewline ? " " : $0 })
    return [
      "From: <\(question.from)>", "To: <\(question.to)>", "Subject: \(line)", "Date: \(date)",
      "Message-ID: <\(id).\(now.milliseconds)@slipway.invalid>", "Auto-Submitted: auto-generated", "MIME-Version: 1.0",
      "Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: 8bit", "",
      "Slipway asks whether mail can be sent before a release is promoted. Nobody has to do anything.",
    ].joined(separator: "\r\n")
  }

  static func translated(_ error: any Error, _ place: String) -> ConnectorError {
    if let error = error as? ConnectorError { return error }
    if error is CancellationError { return ConnectorError(.timedOut, "the conversation with \(place) was cancelled") }
    if error is NIOSSLError || error is BoringSSLError || error is NIOSSLExtraError {
      return ConnectorError(
        .misconfigured,
        "the TLS handshake with \(place) failed (\("\(error)".prefix(160))); name its certificates with 'ca:', or is it plain?"
      )
    }
    let tried = (error as? NIOConnectionError)?.connectionErrors.map(\.error) ?? [error]
    let isRefused = tried.contains { ($0 as? IOError)?.errnoCode == ECONNREFUSED }
    return ConnectorError(
      .unreachable, "\(place) cannot be reached: \(isRefused ? "connection refused" : "\("\(error)".prefix(160))")")
  }
}

/// The line over a socket. Used by one conversation, one call after the other.
// Sendable because `inbound` is the only thing that changes, and the conversation that owns this line never calls it before the last call has returned.
private final class SocketLine: SMTPLine, @unchecked Sendable {
  private var inbound: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
  private let outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
  private let channel: any Channel
  private let tls: NIOSSLContext?
  private let host: String

  init(
    channel: any Channel, inbound: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator,
    outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>, tls: NIOSSLContext?, host: String
  ) {
    self.channel = channel
    self.inbound = inbound
    self.outbound = outbound
    self.tls = tls
    self.host = host
  }

  func send(_ text: String) async throws {
    do {
      try await outbound.write(ByteBuffer(string: text))
    } catch {
      // A handshake that failed closes the channel; why it did, the other direction knows.
      while try await inbound.next() != nil {}
      throw error
    }
  }

  func receive() async throws -> [UInt8]? {
    let next = try await inbound.next()
    if next == nil { try Task.checkCancellation() }
    return next.map { Array($0.readableBytesView) }
  }

  func encrypt() async throws {
    guard let tls else { return }
    let host = host
    try await channel.eventLoop.submit { [channel] in
      try channel.pipeline.syncOperations.addHandler(SMTPProbe.handler(tls, host), position: .first)
    }.get()
  }
}
