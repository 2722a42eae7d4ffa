internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix

/// Takes the browser's answer on 127.0.0.1, for the time of one sign-in; nothing listens afterwards.
enum LoopbackListener {
  private typealias Connection = NIOAsyncChannel<HTTPServerRequestPart, HTTPServerResponsePart>

  /// Runs `body` with the port and the answers as they come.
  static func withAnswers<Value: Sendable>(
    port: Int, reader: SignInAnswer.Reader,
    _ body: @escaping @Sendable (Int, AsyncStream<Result<String, IdentityError>>) async -> Result<Value, IdentityError>
  ) async throws(IdentityError) -> Value {
    let server: NIOAsyncChannel<Connection, Never>
    do {
      server = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
        .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
        .bind(host: "127.0.0.1", port: port) { channel in
          channel.eventLoop.makeCompletedFuture {
            try channel.pipeline.syncOperations.configureHTTPServerPipeline()
            return try Connection(wrappingChannelSynchronously: channel)
          }
        }
    } catch {
      throw IdentityError(
        .misconfigured,
        "nothing can listen on 127.0.0.1:\(port) for the answer of the sign-in: \(error); take another port")
    }
    let bound = server.channel.localAddress?.port ?? port
    let (answers, sink) = AsyncStream.makeStream(
      of: Result<String, IdentityError>.self, bufferingPolicy: .bufferingOldest(4))
    let result = await withTaskGroup(of: Result<Value, IdentityError>?.self) { group in
      group.addTask {
        await serve(server, reader, sink)
        return nil
      }
      group.addTask { await body(bound, answers) }
      var found: Result<Value, IdentityError>?
      while found == nil, let next = await group.next() { found = next }
      group.cancelAll()
      return found ?? .failure(IdentityError(.timedOut, "the sign-in was cancelled"))
    }
    return try result.get()
  }

  private static func serve(
    _ server: NIOAsyncChannel<Connection, Never>, _ reader: SignInAnswer.Reader,
    _ sink: AsyncStream<Result<String, IdentityError>>.Continuation
  ) async {
    try? await server.executeThenClose { connections in
      try await withThrowingDiscardingTaskGroup { group in
        for try await connection in connections {
          group.addTask { try? await answer(connection, reader, sink) }
        }
      }
    }
    sink.finish()
  }

  /// One request a connection; the outcome is handed on when the page is written, so that the browser is never cut off.
  private static func answer(
    _ connection: Connection, _ reader: SignInAnswer.Reader,
    _ sink: AsyncStream<Result<String, IdentityError>>.Continuation
  ) async throws {
    try await connection.executeThenClose { inbound, outbound in
      var target: String?
      for try await part in inbound {
        switch part {
        case .head(let head): target = head.method == .GET ? head.uri : ""
        case .body: continue
        case .end:
          let outcome = reader.read(target ?? "")
          let (status, page) = page(for: outcome)
          let headers: HTTPHeaders = [
            "Content-Type": "text/html; charset=utf-8", "Content-Length": "\(page.utf8.count)", "Connection": "close",
            "Cache-Control": "no-store", "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
            "Referrer-Policy": "no-referrer",
          ]
          try await outbound.write(.head(HTTPResponseHead(version: .http1_1, status: status, headers: headers)))
          try await outbound.write(.body(.byteBuffer(ByteBuffer(string: page))))
          try await outbound.write(.end(nil))
          if let outcome { sink.yield(outcome) }
          return
        }
      }
    }
  }

  private static func page(for outcome: Result<String, IdentityError>?) -> (HTTPResponseStatus, String) {
    switch outcome {
    case .success?: (.ok, page("Signed in", "Go back to the terminal: Slipway checks the sign-in there."))
    case .failure?: (.badRequest, page("Not signed in", "Go back to the terminal: Slipway says there what was wrong."))
    case nil: (.notFound, page("Nothing here", "Slipway waits at /callback for the answer of a sign-in."))
    }
  }

  private static func page(_ title: String, _ text: String) -> String {
    """
    <!doctype html><html lang="en"><meta charset="utf-8"><title>\(title) – Slipway</title>
    <meta name="viewport" content="width=device-width"><style>body{font:1.1rem/1.5 system-ui,sans-serif;max-width:32rem;\
    margin:20vh auto;padding:0 1rem;color:#1a1a1a;background:#fff}</style><main><h1>\(title)</h1><p>\(text)</p></main></html>

    """
  }
}
