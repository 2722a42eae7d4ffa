internal import Foundation
internal import Glibc
internal import NIOCore

/// One control client: a line in, a line out, in order.
final class ControlConnection: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  static let lineLimit = 64 * 1_024

  private let desk: ControlDesk
  private var lines = LineBuffer(limit: lineLimit)
  private var isBusy = false

  init(desk: ControlDesk) { self.desk = desk }

  func channelActive(context: ChannelHandlerContext) {
    guard desk.admit() else { return context.close(promise: nil) }
    context.read()
  }

  func channelInactive(context: ChannelHandlerContext) {
    desk.left(ObjectIdentifier(self))
    desk.dismiss()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    lines.append(unwrapInboundIn(data))
    answerNext(context)
  }

  func channelReadComplete(context: ChannelHandlerContext) { if !isBusy { context.read() } }

  func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

  /// Takes one line at a time and reads on only when all are answered, so that a flood waits in the kernel.
  private func answerNext(_ context: ChannelHandlerContext) {
    guard !isBusy, context.channel.isActive else { return }
    switch lines.next() {
    case .incomplete: context.read()
    case .tooLong:
      let reply = ControlReply(RouterError(.garbage, "a line is longer than \(Self.lineLimit) bytes"))
      send(reply, context).assumeIsolated().whenComplete { _ in context.close(promise: nil) }
    case .line(let line):
      isBusy = true
      // Leaving the stack between two lines keeps a flood of short ones from growing it.
      context.eventLoop.assumeIsolated().execute { self.answer(line, context) }
    }
  }

  private func answer(_ line: [UInt8], _ context: ChannelHandlerContext) {
    // `curl --unix-socket` is a control client, too; an HTTP request is one question, then the connection ends.
    if line.starts(with: Array("GET ".utf8)) { return answer(http: String(decoding: line, as: UTF8.self), context) }
    desk.reply(to: Data(line), from: ObjectIdentifier(self)).assumeIsolated().whenComplete { result in
      let reply: ControlReply
      switch result {
      case .success(let made): reply = made
      case .failure(let error):
        reply = ControlReply(error as? RouterError ?? RouterError(.garbage, "the router cannot answer", cause: error))
      }
      self.isBusy = false
      _ = self.send(reply, context)
      self.answerNext(context)
    }
  }

  private func answer(http line: String, _ context: ChannelHandlerContext) {
    desk.metrics().assumeIsolated().whenComplete { result in
      let text = MetricsText.answer(to: line) { (try? result.get()) ?? "" }
      context.writeAndFlush(self.wrapOutboundOut(ByteBuffer(string: text))).assumeIsolated().whenComplete { _ in
        context.close(promise: nil)
      }
    }
  }

  private func send(_ reply: ControlReply, _ context: ChannelHandlerContext) -> EventLoopFuture<Void> {
    var line = reply.line
    if !reply.handles.isEmpty {
      defer { for handle in reply.handles { Glibc.close(handle) } }
      do {
        // The sockets travel with the first byte; nothing else is under way on this connection.
        _ = try context.pipeline.syncOperations.withUnsafeTransportIfAvailable(of: NIOBSDSocket.Handle.self) {
          try Handles.send(line[line.startIndex], reply.handles, over: $0)
        }
        line = line.dropFirst()
      } catch {
        return context.close()
      }
    }
    return context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: line)))
  }
}
