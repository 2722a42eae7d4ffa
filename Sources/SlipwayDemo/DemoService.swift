package import Foundation
private import NIOCore
internal import Hummingbird
internal import Synchronization

/// The small HTTP service of the demo: really listens, really answers, and in a bad version really fails.
package struct DemoService: Sendable {
  /// What a version does; this file is the demo's artifact.
  package struct Behaviour: Codable, Sendable {
    package var version: String
    /// Of how many orders one fails; 0: none.
    package var failsOneIn: Int
    /// Milliseconds that an order takes.
    package var takesMilliseconds: Int

    package init(version: String, failsOneIn: Int, takesMilliseconds: Int) {
      self.version = version
      self.failsOneIn = failsOneIn
      self.takesMilliseconds = takesMilliseconds
    }
  }

  private let behaviour: Behaviour
  private let port: Int

  /// - Throws: when the artifact cannot be read.
  package init(artifact: URL, port: Int) throws {
    behaviour = try JSONDecoder().decode(Behaviour.self, from: Data(contentsOf: artifact))
    self.port = port
  }

  /// Serves until the process is asked to end.
  package func run() async throws {
    let behaviour = behaviour
    let orders = Mutex(0)
    let router = Router()
    router.get("/healthz") { _, _ in "well\n" }
    router.get("/version") { _, _ in "\(behaviour.version)\n" }
    router.get("/order") { _, _ -> Response in
      try await Task.sleep(for: .milliseconds(behaviour.takesMilliseconds))
      let number = orders.withLock { orders in
        orders += 1
        return orders
      }
      let fails = behaviour.failsOneIn > 0 && number % behaviour.failsOneIn == 0
      return Response(
        status: fails ? .internalServerError : .ok, headers: [.contentType: "application/json"],
        body: ResponseBody(byteBuffer: ByteBuffer(string: #"{"version":"\#(behaviour.version)","ok":\#(!fails)}"#)))
    }
    let application = Application(router: router, configuration: .init(address: .hostname("127.0.0.1", port: port)))
    try await application.runService()
  }
}
