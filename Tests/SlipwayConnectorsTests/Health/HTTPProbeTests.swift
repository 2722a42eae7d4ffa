internal import Foundation
internal import SlipwayConnectors
internal import SlipwayModel
internal import Testing

@Suite("Asking over HTTP")
struct HTTPProbeTests {
  private static let patience = Span.seconds(60)

  @Test(
    "an answer has its status and body, whatever the status",
    arguments: [("/ok", 200, "fine"), ("/broken", 500, "boom")])
  func answer(path: String, status: Int, body: String) async throws {
    try await withService { url in
      try await withProbe { probe in
        let answer = try await probe.get(url + path, timeout: Self.patience)
        #expect(answer.status == status)
        #expect(answer.body == body)
        #expect(answer.seconds > 0)
      }
    }
  }

  @Test("a redirect is an answer and is not followed")
  func redirect() async throws {
    try await withService { url in
      try await withProbe { probe in
        let answer = try await probe.get(url + "/redirect", timeout: Self.patience)
        #expect(answer.status == 302)
      }
    }
  }

  @Test(
    "a service that hangs, or trickles its body without end, is given up at the deadline",
    arguments: ["/hang", "/trickle"])
  func hang(path: String) async throws {
    try await withService { url in
      try await withProbe { probe in
        let error = await #expect(throws: ConnectorError.self) {
          try await probe.get(url + path, timeout: .seconds(1))
        }
        #expect(error?.code == .timedOut)
        #expect(error?.message.contains("did not answer within 1s") == true)
      }
    }
  }

  @Test("a body of any length is read up to its bound")
  func big() async throws {
    try await withService { url in
      try await withProbe { probe in
        let answer = try await probe.get(url + "/big", timeout: Self.patience)
        #expect(answer.status == 200)
        #expect(answer.body.utf8.count == HTTPProbe.bodyLimit)
      }
    }
  }

  @Test("an answer that breaks off, or is no HTTP, is an error", arguments: ["/half", "/garbage"])
  func garbage(path: String) async throws {
    try await withService { url in
      try await withProbe { probe in
        let error = await #expect(throws: ConnectorError.self) {
          try await probe.get(url + path, timeout: Self.patience)
        }
        #expect(error?.code == (path == "/half" ? .unreachable : .garbage))
      }
    }
  }

  @Test("a refused connection is said in words")
  func refused() async throws {
    var gone = ""
    try await withService { gone = $0 }
    let url = gone
    try await withProbe { probe in
      let error = await #expect(throws: ConnectorError.self) { try await probe.get(url, timeout: Self.patience) }
      #expect(error?.code == .unreachable)
      #expect(error?.message == "\(url) cannot be reached: connection refused")
    }
  }

  @Test("what is no URL is a mistake in the file", arguments: ["", "nonsense", "http://"])
  func noURL(url: String) async throws {
    try await withProbe { probe in
      let error = await #expect(throws: ConnectorError.self) { try await probe.get(url, timeout: Self.patience) }
      #expect(error?.code == .misconfigured)
    }
  }

  @Test("a secret header reaches no message")
  func secretHeader() async throws {
    try await withProbe { probe in
      let error = await #expect(throws: ConnectorError.self) {
        try await probe.get(
          "http://127.0.0.1:1/", headers: ["Authorization": Secret("Bearer hunter2")], timeout: Self.patience)
      }
      #expect(error?.message.contains("hunter2") == false)
    }
  }

  @Test("cancelling ends the waiting")
  func cancelled() async throws {
    try await withService { url in
      try await withProbe { probe in
        let task = Task { try await probe.get(url + "/hang", timeout: .seconds(3_600)) }
        task.cancel()
        await #expect(throws: ConnectorError.self) { try await task.value }
      }
    }
  }
}
