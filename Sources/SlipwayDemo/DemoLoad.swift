internal import AsyncHTTPClient
internal import Foundation
internal import NIOCore
internal import Synchronization

/// Steady load: so many requests a second whatever the answers, as customers come.
package final class DemoLoad: Sendable {
  /// What customers saw of one version.
  package struct Seen: Codable, Sendable, Equatable {
    package var answered = 0
    package var failed = 0
  }

  /// What customers saw so far.
  package struct Tally: Codable, Sendable, Equatable {
    /// By the version that answered.
    package var versions: [String: Seen] = [:]
    /// Requests without any answer.
    package var lost = 0
    /// Of those, why the first one was lost.
    package var firstLoss: String?

    package var requests: Int { versions.values.reduce(lost) { $0 + $1.answered + $1.failed } }
    package var hurt: Int { versions.values.reduce(lost) { $0 + $1.failed } }
  }

  private let url: String
  private let rate: Int
  private let tally = Mutex(Tally())
  private let client: HTTPClient

  /// - Parameters:
  ///   - url: what is asked.
  ///   - rate: requests a second.
  package init(url: String, rate: Int) {
    self.url = url
    self.rate = max(1, rate)
    var configuration = HTTPClient.Configuration()
    configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 64
    configuration.connectionPool.retryConnectionEstablishment = false
    client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
  }

  package var seen: Tally { tally.withLock { $0 } }

  /// Waits for the first answer, then sends until the task is cancelled, and waits for what is in flight.
  package func run() async {
    while !Task.isCancelled, case .failure = await exchange() { try? await Task.sleep(for: .milliseconds(50)) }
    let gap = Duration.nanoseconds(1_000_000_000 / rate)
    await withDiscardingTaskGroup { group in
      var next = ContinuousClock.now
      while !Task.isCancelled {
        group.addTask { await self.ask() }
        next += gap
        if next > ContinuousClock.now { try? await Task.sleep(until: next, clock: .continuous) }
      }
    }
    try? await client.shutdown()
  }

  private struct Answer: Decodable {
    var version: String
    var ok: Bool
  }

  private func ask() async {
    // A request that has begun is carried to its end, or the last ones would count as lost.
    let outcome = await Task { await self.exchange() }.value
    tally.withLock { tally in
      switch outcome {
      case .success(let answer):
        var seen = tally.versions[answer.version] ?? Seen()
        if answer.ok { seen.answered += 1 } else { seen.failed += 1 }
        tally.versions[answer.version] = seen
      case .failure(let loss):
        tally.lost += 1
        tally.firstLoss = tally.firstLoss ?? loss.reason
      }
    }
  }

  private struct Loss: Error {
    var reason: String
  }

  private func exchange() async -> Result<Answer, Loss> {
    do {
      let response = try await client.execute(HTTPClientRequest(url: url), timeout: .seconds(10))
      let body = try await response.body.collect(upTo: 4_096)
      return .success(try JSONDecoder().decode(Answer.self, from: Data(body.readableBytesView)))
    } catch {
      return .failure(Loss(reason: "\(error)"))
    }
  }
}
