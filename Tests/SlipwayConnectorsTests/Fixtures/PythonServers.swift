import Foundation

/// Small real servers in Python, one file each.
enum PythonServers {
  private static let python = "/usr/bin/env"

  /// Runs `script` with `arguments`; it prints `ready` and a number, which `body` gets, a port mostly.
  static func with<Result>(
    _ script: String, _ arguments: [String], folder: URL, _ body: (RealProcess, Int) async throws -> Result
  ) async throws -> Result {
    let file = folder.appending(path: "\(UUID().uuidString).py")
    try Data(script.utf8).write(to: file)
    return try await withRealProcess(python, ["python3", "-u", file.path] + arguments, folder: folder) { process in
      var number: Int?
      try await eventually("the Python server is ready: \(process.text)") {
        number = process.text.split(separator: "\n").first { $0.hasPrefix("ready ") }.flatMap { Int($0.dropFirst(6)) }
        return number != nil
      }
      return try await body(process, number ?? 0)
    }
  }

  /// Answers every request with the name of its slot: `/fail` with 500, `/missing` with 404, `/slow` after 3 s, `/empty` not at all,
  /// `/broken` with half an answer.
  static let upstream = """
    import sys, time, http.server
    name = sys.argv[1].encode()
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = 65536
        def do_GET(self):
            self.rfile.read(int(self.headers.get("content-length", 0)))
            if self.path == "/slow": time.sleep(3)
            if self.path == "/empty": self.close_connection = True; return
            status = {"/fail": 500, "/missing": 404}.get(self.path, 200)
            self.send_response(status)
            self.send_header("content-length", str(len(name) + (100 if self.path == "/broken" else 0)))
            self.end_headers()
            self.wfile.write(name)
            if self.path == "/broken": self.close_connection = True
        do_POST = do_GET
        def log_message(self, *rest): pass
    class Server(http.server.ThreadingHTTPServer):
        request_queue_size = 256
        def handle_error(self, *rest): pass
    server = Server(("127.0.0.1", int(sys.argv[2]) if len(sys.argv) > 2 else 0), Handler)
    print("ready", server.server_address[1])
    server.serve_forever()
    """

  /// Sends requests over keep-alive connections until `count` are through or the file `stop` exists; prints who answered.
  /// A header `method=POST` is the method.
  static let load = """
    import sys, json, os, threading, http.client, collections
    port, count, connections, path, stop = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4], sys.argv[5]
    header = dict(h.split("=") for h in sys.argv[6:])
    method = header.pop("method", "GET")
    answers, failed, lock, left = collections.Counter(), [], threading.Lock(), [count]
    def work():
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        while not os.path.exists(stop):
            with lock:
                if left[0] == 0: break
                left[0] -= 1
            try:
                connection.request(method, path, headers=header)
                answer = connection.getresponse()
                body = answer.read().decode()
                with lock: answers[body if answer.status == 200 else str(answer.status)] += 1
            except Exception as error:
                with lock: failed.append(repr(error))
                connection.close()
        connection.close()
    threads = [threading.Thread(target=work) for _ in range(connections)]
    print("ready 0")
    for t in threads: t.start()
    for t in threads: t.join()
    print("result " + json.dumps({"answers": answers, "failed": failed}))
    """

  /// Listens on a Unix socket and answers each command from a JSON table by its longest fitting start: text, or `<hang>`, `<endless>`.
  static let fakeHAProxy = """
    import sys, json, socket, threading, time
    table = json.loads(sys.argv[2])
    server = socket.socket(socket.AF_UNIX); server.bind(sys.argv[1]); server.listen(50)
    print("ready 0")
    def serve(peer):
        try:
            command = peer.recv(65536).decode()
            fitting = [k for k in table if command.startswith(k)]
            answer = table[max(fitting, key=len)] if fitting else ""
            if answer == "<hang>": time.sleep(30)
            elif answer == "<endless>":
                while True: peer.sendall(b"x" * 65536)
            else: peer.sendall(answer.encode("latin-1"))
        except OSError: pass
        peer.close()
    while True:
        peer, _ = server.accept()
        threading.Thread(target=serve, args=(peer,), daemon=True).start()
    """

  /// Answers every HTTP request with the same bytes, a file's, after some seconds; puts the requests into another file.
  static let rawHTTP = """
    import sys, socket, threading, time
    answer, delay = open(sys.argv[1], "rb").read(), float(sys.argv[2])
    server = socket.socket(); server.bind(("127.0.0.1", 0)); server.listen(50)
    print("ready", server.getsockname()[1])
    def serve(peer):
        try:
            seen = peer.recv(65536)
            with open(sys.argv[3], "ab") as log: log.write(seen)
            time.sleep(delay)
            peer.sendall(answer)
        except OSError: pass
        peer.close()
    while True:
        peer, _ = server.accept()
        threading.Thread(target=serve, args=(peer,), daemon=True).start()
    """

  /// Answers every HTTP request with what a file holds at that moment, as the body of a 200.
  static let fileHTTP = """
    import sys, http.server
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.rfile.read(int(self.headers.get("content-length", 0)))
            body = open(sys.argv[1], "rb").read()
            self.send_response(200); self.send_header("etag", "x"); self.send_header("content-length", str(len(body)))
            self.end_headers(); self.wfile.write(body)
        do_POST = do_PATCH = do_PUT = do_GET
        def log_message(self, *rest): pass
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print("ready", server.server_address[1])
    server.serve_forever()
    """

  /// Exposes counters of two slots; `/hit?slot=a&requests=10&errors=1&seconds=0.05` adds to them, `/reset` forgets them.
  static let exporter = """
    import sys, http.server, urllib.parse, threading
    bounds = [0.01, 0.1, 1.0]
    lock, counts = threading.Lock(), {}
    def metrics():
        lines = ["# TYPE app_requests_total counter", "# TYPE app_errors_total counter", "# TYPE app_seconds histogram"]
        for slot, c in sorted(counts.items()):
            lines.append('app_requests_total{slot="%s",release="%s"} %d' % (slot, c["release"], c["requests"]))
            lines.append('app_errors_total{slot="%s",release="%s"} %d' % (slot, c["release"], c["errors"]))
            total = 0
            for bound, n in zip(bounds + ["+Inf"], c["buckets"]):
                total += n
                lines.append('app_seconds_bucket{slot="%s",le="%s"} %d' % (slot, bound, total))
        return "\\n".join(lines) + "\\n"
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            url = urllib.parse.urlparse(self.path)
            asked = {k: v[0] for k, v in urllib.parse.parse_qs(url.query).items()}
            with lock:
                if url.path == "/hit":
                    new = {"requests": 0, "errors": 0, "buckets": [0] * 4, "release": asked.get("release", "1.0")}
                    c = counts.setdefault(asked["slot"], new)
                    n = int(asked["requests"])
                    c["requests"] += n
                    c["errors"] += int(asked.get("errors", 0))
                    seconds = float(asked.get("seconds", 0.05))
                    c["buckets"][sum(seconds > b for b in bounds)] += n
                if url.path == "/reset": counts.clear()
                body = metrics().encode()
            self.send_response(200)
            self.send_header("content-type", "text/plain; version=0.0.4")
            self.end_headers()
            self.wfile.write(body)
        def log_message(self, *rest): pass
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print("ready", server.server_address[1])
    server.serve_forever()
    """
}
