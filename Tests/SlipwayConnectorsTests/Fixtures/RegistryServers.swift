import Foundation

/// Servers for what docker-registry does not do, or must not.
enum RegistryServers {
  /// Hands out tokens that docker-registry accepts: `user` and `word` read, nobody reads `public/…` alone. Prints a line for each question.
  /// Arguments: the key's file, the certificate's file, seconds of life.
  static let tokens = """
    import sys, json, time, base64, subprocess, http.server, urllib.parse
    key, certificate, life = sys.argv[1], sys.argv[2], int(sys.argv[3])
    chain = "".join(l for l in open(certificate).read().split("\\n") if l and not l.startswith("-"))
    def b64(data): return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
    def token(access):
        now = int(time.time())
        head = {"typ": "JWT", "alg": "RS256", "x5c": [chain]}
        body = {"iss": "tests", "sub": "user", "aud": "registry, of \\"tests\\"", "exp": now + 600, "nbf": now - 60, "iat": now, "jti": str(time.time()), "access": access}
        text = b64(json.dumps(head).encode()) + "." + b64(json.dumps(body).encode())
        signature = subprocess.run(["openssl", "dgst", "-sha256", "-sign", key], input=text.encode(), capture_output=True, check=True).stdout
        return text + "." + b64(signature)
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        def do_GET(self):
            asked = urllib.parse.parse_qs(urllib.parse.urlparse(self.path).query)
            who = self.headers.get("Authorization", "")
            ok = who == "Basic " + base64.b64encode(b"user:word").decode()
            scope = asked["scope"][0]
            print("asked", scope, "known" if ok else "unknown" if who else "nobody", flush=True)
            kind, name, actions = scope.split(":")
            status = 200 if ok or (not who and name.startswith("public/")) else 401
            answer = {"token": token([{"type": kind, "name": name, "actions": actions.split(",")}]), "expires_in": life} if status == 200 else {}
            body = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        def log_message(self, *rest): pass
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print("ready", server.server_address[1], flush=True)
    server.serve_forever()
    """

  /// Answers as a table says: path to status, headers and the name of a file with the body; `{port}` is replaced. Logs each question with what
  /// proved who asks, one JSON line each. Anything else is 404.
  static let contract = """
    import sys, json, time, http.server
    table, log = json.load(open(sys.argv[1])), open(sys.argv[2], "a")
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        def do_GET(self):
            log.write(json.dumps({"path": self.path, "who": self.headers.get("Authorization"), "accept": self.headers.get_all("Accept") or []}) + "\\n")
            log.flush()
            entry = table.get(self.path.split("?")[0], {"status": 404})
            if entry.get("needs") and self.headers.get("Authorization") != entry["needs"]: entry = entry["otherwise"]
            time.sleep(entry.get("delay", 0))
            body = open(entry["file"], "rb").read() if "file" in entry else entry.get("text", "").encode()
            self.send_response(entry["status"])
            for name, value in entry.get("headers", {}).items(): self.send_header(name, value.replace("{port}", str(server.server_address[1])))
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            if self.command == "GET": self.wfile.write(body)
        do_HEAD = do_GET
        def log_message(self, *rest): pass
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print("ready", server.server_address[1], flush=True)
    server.serve_forever()
    """

  /// One answer of the contract server.
  struct Entry: Encodable {
    final class Other: Encodable, Sendable {
      let status: Int
      let headers: [String: String]
      init(_ status: Int, _ headers: [String: String]) {
        self.status = status
        self.headers = headers
      }
    }
    var status = 200
    var headers: [String: String] = [:]
    var file: String?
    var text: String?
    var delay: Double?
    /// What `Authorization` must be; otherwise `otherwise` is answered.
    var needs: String?
    var otherwise: Other?
  }

  struct Question: Decodable {
    var path: String
    var who: String?
    var accept: [String]
  }

  /// A registry that does as it is told.
  struct Contract {
    let folder: URL
    let port: Int
    var host: String { "127.0.0.1:\(port)" }

    /// What it was asked so far.
    func questions() throws -> [Question] {
      let text = try String(contentsOf: folder.appending(path: "asked.log"), encoding: .utf8)
      return try text.split(separator: "\n").map { try JSONDecoder().decode(Question.self, from: Data($0.utf8)) }
    }
  }

  static func contract<Result>(
    _ table: [String: Entry], in folder: URL, _ body: (Contract) async throws -> Result
  ) async throws -> Result {
    let file = folder.appending(path: "table.json")
    try JSONEncoder().encode(table).write(to: file)
    let log = folder.appending(path: "asked.log").path
    return try await PythonServers.with(contract, [file.path, log], folder: folder) { _, port in
      try await body(Contract(folder: folder, port: port))
    }
  }
}
