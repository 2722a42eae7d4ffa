internal import AsyncHTTPClient
internal import Foundation
internal import SlipwayConnectors

/// A real HTTP service (Python) whose paths misbehave on demand, ended with the test.
func withService<Value>(_ body: (String) async throws -> Value) async throws -> Value {
  let process = Process()
  let output = Pipe()
  let input = Pipe()
  process.executableURL = URL(fileURLWithPath: "/usr/bin/python3")
  process.arguments = ["-c", serviceProgram]
  process.standardOutput = output
  process.standardInput = input
  try process.run()
  defer {
    // Not SIGTERM: a child inherits the signal mask of the pool's thread that started it, which blocks that.
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
  }
  var line = ""
  while !line.hasSuffix("\n"), let more = try output.fileHandleForReading.read(upToCount: 1) {
    line += String(decoding: more, as: UTF8.self)
  }
  guard let port = Int(line.dropLast()) else { throw ServiceFailure() }
  return try await body("http://127.0.0.1:\(port)")
}

struct ServiceFailure: Error {}

/// For connectors that need none.
let noSecrets = SecretSource(environment: [:], folder: "/")

/// A probe whose client follows no redirects, as the program's own.
func withProbe<Value>(_ body: (HTTPProbe) async throws -> Value) async throws -> Value {
  let client = HTTPClient(
    eventLoopGroupProvider: .singleton, configuration: HTTPClient.Configuration(redirectConfiguration: .disallow))
  do {
    let value = try await body(HTTPProbe(client: client))
    try await client.shutdown()
    return value
  } catch {
    try? await client.shutdown()
    throw error
  }
}

/// Ends by itself when the test's process is gone, because its standard input then ends.
private let serviceProgram = #"""
  import http.server, os, sys, threading, time, urllib.parse
  counts = {}
  class Service(http.server.BaseHTTPRequestHandler):
      protocol_version = "HTTP/1.1"
      def log_message(self, *arguments): pass
      def answer(self, status, body, headers={}):
          self.send_response(status)
          for name, value in headers.items(): self.send_header(name, value)
          self.send_header("Content-Length", str(len(body)))
          self.end_headers()
          self.wfile.write(body)
      def do_GET(self):
          url = urllib.parse.urlparse(self.path)
          query = dict(urllib.parse.parse_qsl(url.query))
          if url.path == "/ok": self.answer(200, query.get("body", "fine").encode())
          elif url.path == "/broken": self.answer(500, b"boom")
          elif url.path == "/hang": time.sleep(600)
          elif url.path == "/trickle":
              self.send_response(200)
              self.send_header("Content-Length", "100000")
              self.end_headers()
              for _ in range(6000):
                  self.wfile.write(b"x"); self.wfile.flush(); time.sleep(0.1)
          elif url.path == "/half":
              self.send_response(200)
              self.send_header("Content-Length", "1000")
              self.end_headers()
              self.wfile.write(b"half"); self.wfile.flush()
              self.close_connection = True
          elif url.path == "/redirect": self.answer(302, b"", {"Location": "/ok"})
          elif url.path == "/big":
              self.send_response(200)
              self.send_header("Connection", "close")
              self.end_headers()
              for _ in range(200): self.wfile.write(b"x" * 100000)
              self.close_connection = True
          elif url.path == "/later":
              name = query["name"]
              counts[name] = counts.get(name, 0) + 1
              self.answer(200 if counts[name] >= int(query["at"]) else 503, str(counts[name]).encode())
          elif url.path == "/garbage":
              self.wfile.write(b"\x00\x01 this is not HTTP\r\n\r\n"); self.wfile.flush()
              self.close_connection = True
          else: self.answer(404, b"no such path")
  server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Service)
  server.daemon_threads = True
  print(server.server_address[1], flush=True)
  threading.Thread(target=server.serve_forever, daemon=True).start()
  sys.stdin.read()
  os._exit(0)
  """#
