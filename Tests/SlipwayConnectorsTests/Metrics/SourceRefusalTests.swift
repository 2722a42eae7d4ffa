import Foundation
import SlipwayConnectors
import SlipwayModel
import Testing

/// What every source of counters makes of a service that says no, says too much or says nothing.
@Suite("Sources of counters: refusals")
struct SourceRefusalTests {
  @Test("each kind of refusal is told by what to do about it", arguments: SourceKind.allCases)
  func refusals(kind: SourceKind) async throws {
    try await SourceBench.with(kind) { bench in
      let wanted: [(fault: Any, code: ConnectorError.Code, word: String)] = [
        (401, .misconfigured, "check the"), (403, .misconfigured, "check the"), (302, .misconfigured, "redirect"),
        (404, .misconfigured, "address"), (500, .unreachable, "answers 500"), (503, .unreachable, "answers 503"),
        ("garbage", .garbage, "Prometheus"), ("cut", .garbage, "answer"), ("huge", .garbage, "more than"),
        ("echo", .misconfigured, "403"),
      ]
      for (fault, code, word) in wanted {
        try await bench.server.set(["fault": fault])
        let error = try await bench.error("\(fault)")
        #expect(error.code == code, "\(fault): \(error.message)")
        #expect(error.message.contains(word) || fault as? String == "garbage", "\(fault): \(error.message)")
        #expect(!error.message.contains("hunter2"), "a secret in: \(error.message)")
        #expect(!error.message.contains("\n"))
      }
      try await bench.server.set(["fault": NSNull()])
      #expect(try await bench.sample().slots.count == 2, "it recovers by itself")
    }
  }

  @Test("who answers 429 is left alone as long as it asks", arguments: SourceKind.allCases)
  func tooMany(kind: SourceKind) async throws {
    try await SourceBench.with(kind) { bench in
      _ = try await bench.sample()
      try await bench.count(a: [1, 0], b: [2, 0])
      let date = "Fri, 15 Jan 2027 08:30:00 GMT"
      let headers: [(header: [String]?, pause: Span)] = [
        (["Retry-After", "30"], .seconds(30)), (["X-RateLimit-Reset", "20"], .seconds(20)), (nil, .seconds(10)),
        (["Retry-After", date], .zero),
      ]
      for (header, pause) in headers {
        try await bench.server.set(["fault": 429, "header": header ?? NSNull()])
        let before = try await bench.server.hits()
        let error = try await bench.error("429")
        #expect(error.code == .unreachable && error.message.contains("left alone until"), "\(error.message)")
        let asked = try await bench.server.hits()
        #expect(asked > before)
        try await bench.server.set(["fault": NSNull()])
        guard pause > .zero else {
          #expect(error.message.contains("2027-01-15T08:30:00"), "\(error.message)")
          continue
        }
        bench.now = bench.now + pause - .seconds(1)
        #expect(try await bench.error("too early").message.contains("left alone"))
        #expect(try await bench.server.hits() == asked, "it was asked although it wanted to be left alone")
        bench.now = bench.now + .seconds(2)
        try await bench.count(a: [1, 0], b: [2, 0])
        #expect(try await bench.sample().slots.count == 2)
        try await bench.count(a: [1, 0], b: [2, 0])
      }
    }
  }

  @Test("CloudWatch's throttling, which has status 400, is a reason to wait")
  func throttled() async throws {
    try await SourceBench.with(.cloudwatch) { bench in
      try await bench.server.set(["fault": "throttle"])
      #expect(try await bench.error("throttled").message.contains("left alone until"))
    }
  }

  @Test("a slow answer ends at the deadline", arguments: SourceKind.allCases)
  func slow(kind: SourceKind) async throws {
    try await SourceBench.with(kind, timeout: .milliseconds(500)) { bench in
      try await bench.server.set(["fault": "slow"])
      #expect(try await bench.error("slow").code == .timedOut)
    }
  }
}
