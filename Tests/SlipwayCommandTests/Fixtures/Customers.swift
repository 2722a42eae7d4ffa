import Foundation
import Synchronization
import Testing

/// Customers who order at a steady pace, whatever the answers, and count what happens to them.
final class Customers: Sendable {
  struct Tally: Sendable, CustomStringConvertible {
    /// Orders that went well, by the version that answered.
    var served: [String: Int] = [:]
    /// Orders that a version answered with its own error.
    var failed: [String: Int] = [:]
    /// Requests without any answer, or with one that no version gave: the reasons.
    var lost: [String] = []

    var requests: Int { served.values.reduce(0, +) + failed.values.reduce(0, +) + lost.count }
    var description: String { "served \(served), failed \(failed), lost \(lost.count) \(lost.prefix(3))" }
  }

  private struct State {
    var tally = Tally()
    var isOpen = true
    var workers = 0
  }

  private let port: Int
  private let state = Mutex(State())

  private init(port: Int) { self.port = port }

  var tally: Tally { state.withLock { $0.tally } }

  /// Runs `body` while customers order; they have gone home when it returns.
  static func order<Result>(
    at port: Int, rate: Int = 100, _ body: (Customers) async throws -> Result
  ) async throws -> Result {
    let customers = Customers(port: port)
    let count = 4
    customers.state.withLock { $0.workers = count }
    for _ in 0..<count {
      Thread.detachNewThread { customers.work(gap: Double(count) / Double(rate)) }
    }
    do {
      let result = try await body(customers)
      try await customers.goHome()
      return result
    } catch {
      try? await customers.goHome()
      throw error
    }
  }

  /// No more orders; returns when the last one is answered.
  func goHome() async throws {
    state.withLock { $0.isOpen = false }
    try await eventually("the last customer is served") { state.withLock { $0.workers == 0 } }
  }

  private struct Order: Decodable {
    var version: String
    var ok: Bool
  }

  private func work(gap: Double) {
    var ask = HTTPAsk(port: port)
    while state.withLock({ $0.isOpen }) {
      do throws(HTTPAsk.NoAnswer) {
        let answer = try ask.get("/order")
        let order = try? JSONDecoder().decode(Order.self, from: Data(answer.body.utf8))
        state.withLock { state in
          switch order {
          case nil: state.tally.lost.append("\(answer.status): \(answer.body.prefix(80))")
          case let order? where order.ok: state.tally.served[order.version, default: 0] += 1
          case let order?: state.tally.failed[order.version, default: 0] += 1
          }
        }
      } catch {
        let reason = error.reason
        state.withLock { $0.tally.lost.append(reason) }
      }
      Thread.sleep(forTimeInterval: gap)
    }
    state.withLock { $0.workers -= 1 }
  }
}

extension Customers.Tally {
  /// No order got lost, and no version but the bad ones hurt anybody.
  func expectNothingLost(bad: Set<String> = [], sourceLocation: SourceLocation = #_sourceLocation) {
    #expect(lost.isEmpty, "\(self)", sourceLocation: sourceLocation)
    #expect(Set(failed.keys).subtracting(bad).isEmpty, "\(self)", sourceLocation: sourceLocation)
    #expect(requests > 0, "customers did order", sourceLocation: sourceLocation)
  }
}
