import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix

/// What a client got.
struct TestAnswer: Sendable {
  var head: HTTPResponseHead
  var body: ByteBuffer
  var interim: [HTTPResponseHead] = []
  var trailers: HTTPHeaders?
  var status: Int { Int(head.status.code) }
  var text: String { String(buffer: body) }
}

struct Incomplete: Error {}

/// One keep-alive client connection.
struct TestClient {
  typealias Channel = NIOAsyncChannel<HTTPClientResponsePart, HTTPClientRequestPart>
  var inbound: NIOAsyncChannelInboundStream<HTTPClientResponsePart>.AsyncIterator
  let outbound: NIOAsyncChannelOutboundWriter<HTTPClientRequestPart>
  let host: String

  mutating func get(_ uri: String = "/", method: HTTPMethod = .GET, headers: HTTPHeaders = [:]) async throws
    -> TestAnswer
  {
    try await send(method, uri, headers: headers, body: nil)
    return try await receive()
  }

  mutating func post(_ uri: String, _ body: String, headers: HTTPHeaders = [:]) async throws -> TestAnswer {
    var headers = headers
    headers.replaceOrAdd(name: "content-length", value: String(body.utf8.count))
    try await send(.POST, uri, headers: headers, body: ByteBuffer(string: body))
    return try await receive()
  }

  func send(_ method: HTTPMethod, _ uri: String, headers: HTTPHeaders, body: ByteBuffer?) async throws {
    var headers = headers
    if !headers.contains(name: "host") { headers.add(name: "host", value: host) }
    var parts: [HTTPClientRequestPart] = [
      .head(HTTPRequestHead(version: .http1_1, method: method, uri: uri, headers: headers))
    ]
    if let body { parts.append(.body(.byteBuffer(body))) }
    parts.append(.end(nil))
    try await outbound.write(contentsOf: parts)
  }

  mutating func receive() async throws -> TestAnswer {
    var interim: [HTTPResponseHead] = []
    var head: HTTPResponseHead?
    var body = ByteBuffer()
    while let part = try await inbound.next() {
      switch part {
      case .head(let read) where read.status.code < 200: interim.append(read)
      case .head(let read): head = read
      case .body(var buffer): body.writeBuffer(&buffer)
      case .end(let trailers):
        guard let head else { throw Incomplete() }
        return TestAnswer(head: head, body: body, interim: interim, trailers: trailers)
      }
    }
    throw Incomplete()
  }
}

func split(_ address: String) -> (host: String, port: Int) {
  let parts = address.split(separator: ":")
  return (String(parts[0]), Int(parts[1]) ?? 0)
}

/// Runs `body` with one keep-alive connection to `address`.
func withClient<Result: Sendable>(
  _ address: String, _ body: @Sendable (inout TestClient) async throws -> Result
) async throws -> Result {
  let (host, port) = split(address)
  let channel: TestClient.Channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
    .connect(host: host, port: port) { channel in
      channel.eventLoop.makeCompletedFuture {
        try keepToMyself(channel)
        var framing = HTTPRequestEncoder.Configuration()
        framing.automaticallySetFramingHeaders = false
        let decoder = HTTPResponseDecoder(informationalResponseStrategy: .forward)
        try channel.pipeline.syncOperations.addHandlers([
          HTTPRequestEncoder(configuration: framing), ByteToMessageHandler(decoder),
        ])
        return try TestClient.Channel(wrappingChannelSynchronously: channel)
      }
    }
  return try await channel.executeThenClose { inbound, outbound in
    var client = TestClient(inbound: inbound.makeAsyncIterator(), outbound: outbound, host: address)
    return try await body(&client)
  }
}

/// One connection of bytes.
struct RawClient {
  var inbound: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
  let outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>

  func send(_ text: String) async throws { try await outbound.write(ByteBuffer(string: text)) }

  /// Everything until the other side ends the connection.
  mutating func readToEnd() async -> String {
    var all = ByteBuffer()
    while var piece = try? await inbound.next() { all.writeBuffer(&piece) }
    return String(buffer: all)
  }

  /// Everything until `text` has come.
  mutating func read(until text: String) async throws -> String {
    var all = ""
    while !all.contains(text), let piece = try await inbound.next() { all += String(buffer: piece) }
    return all
  }
}

func withRaw<Result: Sendable>(
  _ address: String, _ body: @Sendable (inout RawClient) async throws -> Result
) async throws -> Result {
  let (host, port) = split(address)
  return try await raw(SocketAddress(ipAddress: host, port: port), body)
}

func withRaw<Result: Sendable>(
  unix path: String, _ body: @Sendable (inout RawClient) async throws -> Result
) async throws -> Result {
  try await raw(SocketAddress(unixDomainSocketPath: path), body)
}

private func raw<Result: Sendable>(
  _ address: SocketAddress, _ body: @Sendable (inout RawClient) async throws -> Result
) async throws -> Result {
  let channel: NIOAsyncChannel<ByteBuffer, ByteBuffer> = try await ClientBootstrap(
    group: MultiThreadedEventLoopGroup.singleton
  ).connect(to: address) { channel in
    channel.eventLoop.makeCompletedFuture {
      try keepToMyself(channel)
      return try NIOAsyncChannel(wrappingChannelSynchronously: channel)
    }
  }
  return try await channel.executeThenClose { inbound, outbound in
    var client = RawClient(inbound: inbound.makeAsyncIterator(), outbound: outbound)
    return try await body(&client)
  }
}
