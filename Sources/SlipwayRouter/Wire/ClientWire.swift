internal import NIOCore
internal import SlipwayModel

/// The client's side of one request after the other: HTTP/1 on a connection of its own, or one stream of HTTP/2.
///
/// Everything happens on the event loop of the connection. What is written leaves with ``flush()``.
protocol ClientWire: AnyObject {
  /// Whether what is written leaves soon; where not, the upstream is not read from.
  var isWritable: Bool { get }
  /// Whether bytes have come that nobody has looked at yet.
  var hasInput: Bool { get }
  /// Asks for more from the client.
  func read()
  /// Takes what has come already, as far as the relay wants it.
  func resume()
  func write(_ head: ResponseHead, _ plan: AnswerPlan)
  func write(interim head: ResponseHead)
  func write(_ body: ByteBuffer)
  func writeEnd(_ trailers: HeadBlock?)
  /// Writes a whole answer of the router's own, after which nothing follows.
  func write(_ answer: RouterAnswer, isHead: Bool)
  /// Agrees to a WebSocket; from here on bytes are passed on as they come.
  func switchProtocol(_ head: ResponseHead)
  /// Writes bytes of a WebSocket.
  func writeRaw(_ bytes: ByteBuffer)
  func flush()
  /// Flushes and tells the relay when everything is out.
  func finish()
  /// Ends the sending side, so that a client that is still sending can read the answer.
  func shutOutput()
  func close()
}

/// Someone on an event loop whose time can run out.
protocol Customer: AnyObject {
  /// When ``expired(now:)`` is due.
  var deadline: NIODeadline { get }
  /// Whether this is a connection, not a part of one.
  var isConnection: Bool { get }
  /// The slot that is at work for it.
  var slot: Slot? { get }
  func expired(now: NIODeadline)
  /// The router stops: ends what is idle, lets the rest end.
  func drain(gently: Bool)
  func close()
}
