import Foundation
import NIOCore
import NIOHPACK
import NIOHTTP1
import NIOHTTP2
import NIOPosix
import NIOSSL
import SlipwayModel
import SlipwayRouter

/// A certificate for `name`, signed by itself, and its key, as files in `folder`.
func makeCertificate(_ folder: String, _ file: String, for name: String) async throws -> CertificateFiles {
  let files = CertificateFiles(certificate: "\(folder)/\(file).pem", key: "\(folder)/\(file).key")
  let made = try await run(
    "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
    "-keyout", files.key, "-out", files.certificate, "-subj", "/CN=\(name)", "-addext", "subjectAltName=DNS:\(name)",
    output: folder + "/openssl.log")
  guard made.isSuccess else { throw Incomplete() }
  return files
}

/// A router behind TLS for `shop.example` with two upstreams, and curl to ask it.
struct EncryptedRig {
  let rig: Rig
  let folder: String
  var port: String { String(split(rig.address).port) }

  /// What curl prints: the body, then what `-w` asks for.
  func curl(_ path: String, host: String = "shop.example", trusting file: String = "one", _ more: String...)
    async throws
    -> String
  {
    let log = folder + "/curl-\(UInt32.random(in: 0...UInt32.max))"
    let url = "https://\(host):\(port)\(path)"
    let base = [
      "-sS", "--max-time", "60", "--cacert", "\(folder)/\(file).pem", "--resolve", "\(host):\(port):127.0.0.1",
    ]
    return try await run(["curl"] + base + more + [url], output: log).output
  }
}

func withEncrypted<Result>(
  limits: RouterLimits = RouterLimits(), a: @escaping @Sendable (HTTPRequestHead) -> Plan = { _ in .text(200, "a") },
  change: @escaping (inout RouterConfiguration) -> Void = { _ in },
  _ body: (EncryptedRig, TestUpstream) async throws -> Result
) async throws -> Result {
  try await withFolder { folder in
    let one = try await makeCertificate(folder, "one", for: "shop.example")
    let two = try await makeCertificate(folder, "two", for: "*.other.example")
    return try await withSlots(
      limits: limits, a: a,
      change: {
        $0.tls = RouterTLS(certificates: [one, two])
        $0.certificateInterval = .milliseconds(50)
        change(&$0)
      }
    ) { rig, upstream, _ in try await body(EncryptedRig(rig: rig, folder: folder), upstream) }
  }
}

/// An HTTP/2 client that opens streams and takes them back, `count` times or until it is thrown out.
func resetStreams(_ address: String, count: Int) async throws -> Bool {
  var configuration = TLSConfiguration.makeClientConfiguration()
  configuration.certificateVerification = .none
  configuration.applicationProtocols = ["h2"]
  let context = try NIOSSLContext(configuration: configuration)
  let (host, port) = split(address)
  let group = MultiThreadedEventLoopGroup.singleton
  let channel = try await ClientBootstrap(group: group).channelInitializer { channel in
    channel.eventLoop.makeCompletedFuture {
      try keepToMyself(channel)
      let http2 = NIOHTTP2Handler(mode: .client, eventLoop: channel.eventLoop) { stream in
        stream.eventLoop.makeSucceededVoidFuture()
      }
      try channel.pipeline.syncOperations.addHandlers([
        try NIOSSLClientHandler(context: context, serverHostname: "shop.example"), http2,
      ])
    }
  }.connect(host: host, port: port).get()
  let multiplexer = try await channel.pipeline.handler(type: NIOHTTP2Handler.self).flatMap { $0.multiplexer }.get()
  for _ in 0..<count where channel.isActive {
    guard
      let stream = try? await multiplexer.createStreamChannel({ $0.eventLoop.makeSucceededVoidFuture() }).get()
    else { break }
    let head = HTTP2Frame.FramePayload.headers(
      .init(
        headers: [":method": "GET", ":path": "/", ":scheme": "https", ":authority": "shop.example"], endStream: true))
    try? await stream.writeAndFlush(head).get()
    try? await stream.writeAndFlush(HTTP2Frame.FramePayload.rstStream(.cancel)).get()
  }
  let isOut = await eventually { !channel.isActive }
  try? await channel.close().get()
  return isOut
}
