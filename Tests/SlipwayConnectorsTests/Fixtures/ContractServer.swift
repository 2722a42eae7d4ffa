import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import SlipwayConnectors
import SlipwayModel

/// One server that answers like every service which keeps counts, as their published documentation says, or misbehaves as it is told.
///
/// Where the forms are from: Datadog docs.datadoghq.com/api/latest/metrics/query-timeseries-points and /rate-limits; CloudWatch
/// docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html and botocore's service description (JSON 1.0,
/// target GraniteServiceVersion20100801); New Relic docs.newrelic.com/docs/apis/nerdgraph/get-started/introduction-new-relic-nerdgraph
/// and nerdgraph-usage-limits; Graphite graphite.readthedocs.io/en/latest/render_api.html; Prometheus
/// prometheus.io/docs/prometheus/latest/querying/api.
struct ContractServer {
  let url: String
  let client: HTTPClient
  let folder: URL

  static let secrets = ["TOKEN": "hunter2-secret", "KEY": "AKIDEXAMPLE", "SECRET": "wJalrXUtnFEMI/K7MDENG"]

  /// Changes what the server says: keys of its state.
  func set(_ state: [String: Any]) async throws {
    var request = HTTPClientRequest(url: url + "/control")
    request.method = .POST
    request.body = .bytes(ByteBuffer(bytes: try JSONSerialization.data(withJSONObject: state)))
    _ = try await client.execute(request, timeout: .seconds(30)).body.collect(upTo: 1 << 20)
  }

  /// Questions so far.
  func hits() async throws -> Int {
    let request = HTTPClientRequest(url: url + "/hits")
    let body = try await client.execute(request, timeout: .seconds(30)).body.collect(upTo: 1 << 20)
    return Int(String(buffer: body)) ?? -1
  }

  var secretSource: SecretSource { SecretSource(environment: Self.secrets, folder: folder.path) }

  static func with<Result>(_ body: (ContractServer) async throws -> Result) async throws -> Result {
    try await withScratchFolder { folder in
      try await PythonServers.with(script, [], folder: folder) { _, port in
        try await withHTTPClient { client in
          try await body(ContractServer(url: "http://127.0.0.1:\(port)", client: client, folder: folder))
        }
      }
    }
  }

  private static let script = #"""
    import hashlib, hmac, http.server, json, re, time, urllib.parse, threading
    # counts: slot -> [requests, errors]; points: slot -> name -> second -> sum; fault: what goes wrong
    state = {"counts": {}, "points": {}, "fault": None, "header": None, "life": "1", "every": 60, "series": 1, "twice": False}
    hits = 0
    def exposition():
        lines = ["# TYPE app_requests_total counter", "# TYPE app_errors_total counter",
                 "# TYPE process_start_time_seconds gauge", "process_start_time_seconds " + state["life"]]
        for slot, (r, e) in state["counts"].items():
            lines.append('app_requests_total{slot="%s"} %s' % (slot, r))
            lines.append('app_errors_total{slot="%s"} %s' % (slot, e))
        return "\n".join(lines) + "\n"
    def prometheus(query):
        now = time.time()
        if query == "time()": data = {"resultType": "scalar", "result": [now, str(now)]}
        else:
            slot = re.search(r'slot="(\w)"', query).group(1)
            values = state["counts"].get(slot)
            result = [] if values is None else [{"metric": {}, "value": [now, str(values["errors" in query])]}]
            data = {"resultType": "vector", "result": result}
        return {"status": "success", "data": data}
    def points(slot, name, start, end):
        every = state["every"]
        known = state["points"].get(slot)
        if known is None: return None
        found = [(t, known.get(name, {}).get(str(t))) for t in range(-(-start // every) * every, end, every)]
        return found + found[-1:] if state["twice"] else found
    def datadog(asked):
        query = asked["query"]
        slot, name = re.search(r'slot:(\w)', query).group(1), "errors" if "errors" in query else "requests"
        found = points(slot, name, int(asked["from"]), int(asked["to"]) + 1)
        series = [] if found is None else [{"metric": name, "interval": state["every"], "query_index": 0, "aggr": "sum",
            "pointlist": [[t * 1000.0, v] for t, v in found]}] * state["series"]
        return {"status": "ok", "res_type": "time_series", "series": series, "query": query, "error": "", "message": ""}
    def cloudwatch(asked):
        results = []
        for q in asked["MetricDataQueries"]:
            m = q["MetricStat"]["Metric"]
            slot = {d["Name"]: d["Value"] for d in m["Dimensions"]}["Slot"]
            name = "errors" if "5XX" in m["MetricName"] else "requests"
            found = [p for p in points(slot, name, asked["StartTime"], asked["EndTime"]) or [] if p[1] is not None]
            results.append({"Id": q["Id"], "Label": name, "StatusCode": "Complete",
                "Timestamps": [t for t, _ in found], "Values": [v for _, v in found]})
        # A page for every two results.
        page = int(asked.get("NextToken", 0))
        answer = {"MetricDataResults": results[page:page + 2], "Messages": []}
        if page + 2 < len(results): answer["NextToken"] = str(page + 2)
        return answer
    def newrelic(asked):
        nrql = asked["variables"]["nrql"]
        slot = re.search(r"slot = '(\w)'", nrql).group(1)
        start, end = (int(n) // 1000 for n in re.search(r"SINCE (\d+) UNTIL (\d+)", nrql).groups())
        rows = [{"beginTimeSeconds": t, "endTimeSeconds": t + state["every"], "requests": v,
            "errors": dict(points(slot, "errors", start, end)).get(t)} for t, v in points(slot, "requests", start, end) or []]
        return {"data": {"actor": {"account": {"nrql": {"results": rows}}}}}
    def graphite(asked):
        target = asked["target"]
        slot, name = re.search(r"app\.(\w)\.", target).group(1), "errors" if "errors" in target else "requests"
        found = points(slot, name, int(asked["from"]) + 1, int(asked["until"]) + 1)
        return [] if found is None else [{"target": target, "tags": {}, "datapoints": [[v, t] for t, v in found]}] * state["series"]
    def signed(handler, body):
        # Signature Version 4, by itself: docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
        found = re.match(r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d+)/([^/]+)/([^/]+)/aws4_request, SignedHeaders=([^,]+), Signature=(\w+)$",
            handler.headers.get("authorization", ""))
        if not found: return False
        key, day, region, service, names, signature = found.groups()
        canonical = "\n".join(["POST", "/", ""] + ["%s:%s" % (n, handler.headers[n]) for n in names.split(";")]
            + ["", names, hashlib.sha256(body).hexdigest()])
        text = "\n".join(["AWS4-HMAC-SHA256", handler.headers["x-amz-date"], "%s/%s/%s/aws4_request" % (day, region, service),
            hashlib.sha256(canonical.encode()).hexdigest()])
        mac = lambda k, t: hmac.new(k, t.encode(), hashlib.sha256).digest()
        k = b"AWS4wJalrXUtnFEMI/K7MDENG"
        for part in [day, region, service, "aws4_request"]: k = mac(k, part)
        return key == "AKIDEXAMPLE" and service == "monitoring" and {"host", "x-amz-date", "x-amz-target"} <= set(names.split(";")) \
            and hmac.new(k, text.encode(), hashlib.sha256).hexdigest() == signature
    def allowed(handler, path, body):
        h = handler.headers
        if path.startswith("/datadog"): return h.get("DD-API-KEY") == h.get("DD-APPLICATION-KEY") == "hunter2-secret"
        if path.startswith("/newrelic"): return h.get("API-Key") == "hunter2-secret" and h.get("content-type") == "application/json"
        if h.get("x-amz-target"): return signed(handler, body)
        return h.get("x-token") == "hunter2-secret"
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        def send(self, status, body, kind="application/json", headers={}):
            if not isinstance(body, (bytes, str)): body = json.dumps(body)
            body = body.encode() if isinstance(body, str) else body
            self.send_response(status)
            for n, v in headers.items(): self.send_header(n, v)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        def do_GET(self):
            global hits
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            url = urllib.parse.urlparse(self.path)
            asked = {k: v[0] for k, v in urllib.parse.parse_qs(url.query).items()}
            if url.path == "/control": state.update(json.loads(body)); return self.send(200, "")
            if url.path == "/hits": return self.send(200, str(hits))
            hits += 1
            fault = state["fault"]
            if fault == "slow": time.sleep(20)
            if fault == "garbage": return self.send(200, "<html>sign in</html>", "text/html")
            if fault == "cut": return self.send(200, '{"requests": 1', "application/json")
            if fault == "huge": return self.send(200, b" " * (20 << 20))
            if fault == "echo": return self.send(403, json.dumps({"errors": ["no hunter2-secret"], "error": "no hunter2-secret"}))
            if isinstance(fault, int): return self.send(fault, "{}", headers=dict([state["header"]]) if state["header"] else {})
            if fault == "throttle": return self.send(400, {"__type": "ThrottlingException", "message": "Rate exceeded"})
            if not allowed(self, url.path, body): return self.send(403, {"errors": ["Forbidden"]})
            if url.path == "/metrics": return self.send(200, exposition(), "text/plain; version=0.0.4")
            if url.path == "/stats":
                slots = {s: {"requests": r, "errors": e} for s, (r, e) in state["counts"].items()}
                return self.send(200, json.dumps({"life": state["life"], "slots": slots}))
            if url.path == "/prometheus/api/v1/query": return self.send(200, prometheus(asked["query"]))
            if url.path == "/datadog/api/v1/query": return self.send(200, datadog(asked))
            if url.path == "/newrelic/graphql": return self.send(200, newrelic(json.loads(body)))
            if url.path == "/graphite/render": return self.send(200, graphite(asked))
            if self.headers.get("x-amz-target") == "GraniteServiceVersion20100801.GetMetricData":
                return self.send(200, cloudwatch(json.loads(body)), "application/x-amz-json-1.0")
            self.send(404, "{}")
        do_POST = do_GET
        def log_message(self, *rest): pass
    class Server(http.server.ThreadingHTTPServer):
        daemon_threads = True
        def handle_error(self, *rest): pass
    server = Server(("127.0.0.1", 0), Handler)
    print("ready", server.server_address[1])
    server.serve_forever()
    """#
}
