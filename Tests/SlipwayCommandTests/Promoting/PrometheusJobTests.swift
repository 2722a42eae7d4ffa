import Foundation
import Testing

@Suite("The main job judged by a real Prometheus", .serialized)
struct PrometheusJobTests {
  /// The shop in Python, with counters for Prometheus.
  private static let service = """
    import sys, json, http.server, threading
    behaviour = json.load(open(sys.argv[1]))
    lock, orders, failed = threading.Lock(), 0, 0
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = 65536
        def do_GET(self):
            global orders, failed
            status, body = 200, "well"
            if self.path == "/version": body = behaviour["version"]
            if self.path == "/metrics": body = "orders_total %d\\norders_failed_total %d\\n" % (orders, failed)
            if self.path == "/order":
                with lock:
                    orders += 1
                    bad = behaviour["failsOneIn"] > 0 and orders % behaviour["failsOneIn"] == 0
                    failed += bad
                status = 500 if bad else 200
                body = json.dumps({"version": behaviour["version"], "ok": not bad}, separators=(",", ":"))
            self.send_response(status)
            self.send_header("content-type", "text/plain; version=0.0.4")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())
        def log_message(self, *rest): pass
    class Server(http.server.ThreadingHTTPServer):
        request_queue_size = 256
        daemon_threads = True
    Server(("127.0.0.1", int(sys.argv[-1])), Handler).serve_forever()
    """

  private func withShop(patience: String, _ body: (Shop, Companion, Int) async throws -> Void) async throws {
    let port = FreePorts.take()
    let pipeline = { (shop: Shop) in
      shop.pipeline(
        metrics: """
              metrics:
                prometheus:
                  url: http://127.0.0.1:\(port)
                  requests: 'sum(orders_total{slot="${slot}"})'
                  errors: 'sum(orders_failed_total{slot="${slot}"})'
          """.split(separator: "\n").map { "    " + $0.trimmingPrefix("    ") }.joined(separator: "\n"),
        run: #"exec python3 "\#(shop.folder.path)/shop.py" "\#(shop.folder.path)/$SLIPWAY_ARTIFACT" --port "$PORT""#,
        patience: patience)
    }
    try await Shop.with(pipeline) { shop in
      try shop.write(Self.service, to: "shop.py")
      try shop.write(
        """
        global: {scrape_interval: 200ms, scrape_timeout: 200ms}
        scrape_configs:
        - job_name: shop
          static_configs:
          - {targets: ['127.0.0.1:\(shop.ports.a)'], labels: {slot: a}}
          - {targets: ['127.0.0.1:\(shop.ports.b)'], labels: {slot: b}}
        """, to: "p.yml")
      let prometheus = try await start(port, shop)
      defer { prometheus.forget() }
      try await body(shop, prometheus, port)
    }
  }

  private func start(_ port: Int, _ shop: Shop) async throws -> Companion {
    let process = try Companion.start(
      "/usr/bin/prometheus",
      [
        "--config.file=\(shop.folder.path)/p.yml", "--storage.tsdb.path=\(shop.folder.path)/tsdb",
        "--web.listen-address=127.0.0.1:\(port)",
      ], in: shop.folder)
    try await eventually("Prometheus is ready: \(process.complaint)") {
      var ask = HTTPAsk(port: port)
      return (try? ask.get("/-/ready"))?.status == 200
    }
    return process
  }

  @Test("C5, D4: numbers from Prometheus let the good release pass and take the bad one back")
  func decides() async throws {
    try await withShop(patience: "60s") { shop, _, _ in
      try await shop.open()
      try await Customers.order(at: shop.ports.front) { customers in
        try await shop.register("1.1.0")
        #expect(try await shop.deploy("1.1.0").status == "success")
        try await shop.register("1.2.0", failsOneIn: 2)
        let bad = try await shop.deploy("1.2.0", expecting: 3)
        #expect(bad.rollback?.reason.contains("error rate") == true, "\(String(describing: bad.rollback))")
        try await customers.goHome()
        customers.tally.expectNothingLost(bad: ["1.2.0"])
      }
    }
  }

  @Test("F7, D4: without Prometheus nothing passes: the run pauses and says why, and abort takes everything back")
  func gone() async throws {
    try await withShop(patience: "4s") { shop, prometheus, _ in
      try await shop.open()
      try await Customers.order(at: shop.ports.front) { customers in
        try await shop.register("1.1.0")
        let run = try await shop.promote("1.1.0")
        try await shop.slipway("approve", run, "--as", "ann")
        try await prometheus.crash()
        try await shop.withDriver { _ in
          let paused = try await shop.wait(for: run, until: "pauses") { $0.status == "paused" || $0.isFinished }
          #expect(paused.status == "paused", "\(paused)")
          #expect(paused.weights?.green ?? 0 <= 10, "nothing passed without numbers")
          #expect(paused.waitingFor?.reason.isEmpty == false)
          try await shop.slipway("abort", run, "--reason", "blind", "--as", "ann")
          try await shop.slipway("watch", run, expecting: 1)
        }
        let ended = try await shop.status(run)
        #expect(ended.status == "aborted" && ended.weights?.green ?? 0 == 0)
        try await customers.goHome()
        customers.tally.expectNothingLost()
      }
    }
  }
}
