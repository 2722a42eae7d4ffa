import AsyncHTTPClient
import Foundation
import SlipwayConnectors
import SlipwayModel
import Testing

/// Answers that a real Prometheus does not give, from a small server that sends raw bytes.
@Suite("Prometheus: bad answers")
struct PrometheusFaultTests {
  private static func answer(_ status: String, _ body: String) -> String {
    "HTTP/1.1 \(status)\r\ncontent-length: \(body.utf8.count)\r\nconnection: close\r\n\r\n\(body)"
  }

  private static func success(_ data: String) -> String { answer("200 OK", #"{"status":"success","data":\#(data)}"#) }

  /// Named, so that a report is not full of raw answers.
  struct BadAnswer: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let bytes: String
    let code: ConnectorError.Code

    init(_ name: String, _ bytes: String, _ code: ConnectorError.Code) {
      (testDescription, self.bytes, self.code) = (name, bytes, code)
    }
  }

  private static let badAnswers = [
    BadAnswer("empty body", answer("200 OK", ""), .garbage),
    BadAnswer("a login page", answer("200 OK", "<html>login</html>"), .garbage),
    BadAnswer("an error as success", answer("200 OK", #"{"status":"error","error":"x"}"#), .garbage),
    BadAnswer("a word", success(#"{"resultType":"vector","result":[{"metric":{},"value":[1,"one"]}]}"#), .garbage),
    BadAnswer("types", success(#"{"resultType":"vector","result":[{"metric":{},"value":["1",1]}]}"#), .garbage),
    BadAnswer("no labels", success(#"{"resultType":"vector","result":[{"value":[1,"1"]}]}"#), .garbage),
    BadAnswer("no time", success(#"{"resultType":"vector","result":[]}"#), .garbage),
    BadAnswer("a string", success(#"{"resultType":"string"}"#), .misconfigured),
    BadAnswer("deep nesting", answer("200 OK", String(repeating: "[", count: 100_000)), .garbage),
    BadAnswer("400", answer("400 Bad Request", #"{"status":"error","error":"parse error"}"#), .misconfigured),
    BadAnswer("401", answer("401 Unauthorized", "no"), .misconfigured),
    BadAnswer("404", answer("404 Not Found", ""), .misconfigured),
    BadAnswer("302", answer("302 Found\r\nlocation: http://127.0.0.1:9/", ""), .misconfigured),
    BadAnswer("429", answer("429 Too Many Requests", ""), .unreachable),
    BadAnswer("502", answer("502 Bad Gateway", ""), .unreachable),
    BadAnswer("503", answer("503 Unavailable", #"{"status":"error","error":"timed out"}"#), .unreachable),
    BadAnswer("another protocol", "SSH-2.0-OpenSSH_9\r\n", .unreachable), BadAnswer("nothing", "", .unreachable),
    BadAnswer("half an answer", "HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{\"status\":", .unreachable),
  ]

  @Test("are told by what they are", arguments: badAnswers)
  func bad(answer: BadAnswer) async throws {
    try await withServer(Data(answer.bytes.utf8)) { source, _ in
      let error = await #expect(throws: ConnectorError.self) {
        try await source.sample(now: Timestamp(milliseconds: 0), releases: [:])
      }
      #expect(error?.code == answer.code, "\(error?.message ?? "")")
    }
  }

  @Test("an answer without end is cut at a bound")
  func huge() async throws {
    let head = "HTTP/1.1 200 OK\r\ncontent-length: 50000000\r\n\r\n"
    try await withServer(Data(head.utf8) + Data(repeating: 32, count: 50_000_000)) { source, _ in
      let error = await #expect(throws: ConnectorError.self) {
        try await source.sample(now: Timestamp(milliseconds: 0), releases: [:])
      }
      #expect(error?.code == .garbage)
      #expect(error?.message.contains("more than 4 MiB") == true)
    }
  }

  @Test("a slow answer ends at the deadline")
  func slow() async throws {
    try await withServer(Data(Self.answer("200 OK", "{}").utf8), delay: 30, timeout: .milliseconds(300)) { source, _ in
      let error = await #expect(throws: ConnectorError.self) {
        try await source.sample(now: Timestamp(milliseconds: 0), releases: [:])
      }
      #expect(error?.code == .timedOut)
    }
  }

  @Test("secrets reach the server and no message, even when the server sends them back")
  func secrets() async throws {
    let echo = Self.answer("403 Forbidden", #"{"status":"error","error":"token Bearer hunter2-secret is not known"}"#)
    let headers = ["authorization": SecretText("Bearer ${env:TOKEN}")]
    try await withServer(Data(echo.utf8), headers: headers) { source, log in
      let error = await #expect(throws: ConnectorError.self) {
        try await source.sample(now: Timestamp(milliseconds: 0), releases: [:])
      }
      #expect(error?.code == .misconfigured)
      #expect(error?.message.contains("[REDACTED]") == true)
      #expect(error?.message.contains("hunter2") == false)
      let seen = try String(contentsOf: log, encoding: .utf8)
      #expect(seen.contains("Bearer hunter2-secret"))
      #expect(seen.hasPrefix("GET /prefix/api/v1/query?query=time%28%29 HTTP/1.1\r\n"))
    }
  }

  @Test("a missing secret, a wrong scheme and a query for both slots at once are refused before anything is asked")
  func misconfigured() async throws {
    try await withHTTPClient { client in
      let make = { (url: String, requests: String) in
        try PrometheusSource(
          PrometheusSpec(url: SecretText(url), requests: requests, errors: "${slot}"),
          secrets: SecretSource(environment: [:], folder: "/"), client: client)
      }
      #expect(throws: ConnectorError.self) { try make("http://127.0.0.1:9", "sum(all)") }
      for url in ["${env:NOT_SET}", "ftp://127.0.0.1", "127.0.0.1:9090", "http://"] {
        let source = try make(url, "x${slot}")
        let error = await #expect(throws: ConnectorError.self) {
          try await source.sample(now: Timestamp(milliseconds: 0), releases: [:])
        }
        #expect(error?.code == .misconfigured, "\(url): \(error?.message ?? "")")
      }
    }
  }

  private func withServer(
    _ answer: Data, delay: Double = 0, timeout: Span = .seconds(30), headers: [String: SecretText] = [:],
    _ body: (PrometheusSource, URL) async throws -> Void
  ) async throws {
    try await withScratchFolder { folder in
      let (file, log) = (folder.appending(path: "answer"), folder.appending(path: "log"))
      try answer.write(to: file)
      let arguments = [file.path, "\(delay)", log.path]
      try await PythonServers.with(PythonServers.rawHTTP, arguments, folder: folder) { _, port in
        try await withHTTPClient { client in
          let spec = PrometheusSpec(
            url: SecretText("http://127.0.0.1:\(port)/prefix/"), requests: #"r{slot="${slot}"}"#,
            errors: #"e{slot="${slot}"}"#, headers: headers, timeout: timeout)
          let secrets = SecretSource(environment: ["TOKEN": "hunter2-secret"], folder: folder.path)
          try await body(try PrometheusSource(spec, secrets: secrets, client: client), log)
        }
      }
    }
  }
}
