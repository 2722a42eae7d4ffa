internal import Foundation
internal import NIOCore
internal import NIOPosix
internal import SlipwayModel

/// A file of a data plane that belongs to Slipway and is replaced as a whole.
struct PlaneFile: Sendable {
  let path: String
  /// Whose file it is, for messages, such as `Envoy`.
  let product: String
  let deadline: Span

  private static let largest = 1 << 20

  /// Puts `text` in place of what is there; a hanging disk is given up at the deadline.
  func write(_ text: String) async throws(ConnectorError) {
    let (path, bytes) = (path, Array(text.utf8))
    let loop = MultiThreadedEventLoopGroup.singleton.next()
    let written = loop.makePromise(of: ReplacedFile.Failure?.self)
    let timer = loop.scheduleTask(in: .milliseconds(deadline.milliseconds)) {
      written.fail(ConnectorError(.timedOut, "\(product)'s file \(path) was not on disk after \(deadline)"))
    }
    let work = NIOThreadPool.singleton.runIfActive(eventLoop: loop) { () -> ReplacedFile.Failure? in
      do throws(ReplacedFile.Failure) {
        try ReplacedFile.write(bytes, to: path)
        return nil
      } catch {
        return error
      }
    }
    work.whenComplete { result in
      timer.cancel()
      written.completeWith(result)
    }
    let failure: ReplacedFile.Failure?
    do { failure = try await written.futureResult.get() } catch {
      throw (error as? ConnectorError)
        ?? ConnectorError(.unreachable, "\(product)'s file \(path) was not written: \(error); try again")
    }
    guard let failure else { return }
    throw ConnectorError(
      failure.isLasting ? .misconfigured : .unreachable,
      "\(product)'s file \(path) cannot be rewritten (\(failure.text)); free the disk or give slipway the right to write in its folder, then try again"
    )
  }

  /// What it holds; nil when there is no such file or it is no text of a sensible size.
  func text() -> String? {
    guard let handle = FileHandle(forReadingAtPath: path) else { return nil }
    defer { try? handle.close() }
    guard let data = try? handle.read(upToCount: Self.largest + 1), data.count <= Self.largest else { return nil }
    return String(validating: data, as: UTF8.self)
  }
}
