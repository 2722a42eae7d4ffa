/// A Kubernetes API that holds one HTTPRoute and answers as its documentation and source say.
extension PythonServers {
  /// Arguments: a file with the HTTPRoute as JSON, and the bearer token. `POST /order` with JSON changes how it behaves: `answers` are given
  /// in turn instead of the real one (`status`, `body`, `after`), `controller` says how the gateway's conditions follow, `route` replaces
  /// the route, `foreign` makes somebody else change the route before the next patches.
  static let kubernetes = """
    import sys, json, http.server, threading, copy, time
    route, token = json.load(open(sys.argv[1])), sys.argv[2]
    path = "/apis/gateway.networking.k8s.io/v1/namespaces/shop/httproutes/app"
    state, lock = {"answers": [], "controller": "True", "foreign": 0, "patches": 0, "lag": 0}, threading.Lock()
    route["metadata"].update(resourceVersion="100", generation=1)
    def settle():
        state["seen"] = route["metadata"]["generation"]
        if state["controller"] == "stale": return
        conditions = [{"type": t, "status": state["controller"] if t == "ResolvedRefs" else "True", "reason": "BackendNotFound",
                       "message": "no such service", "observedGeneration": route["metadata"]["generation"]} for t in ("Accepted", "ResolvedRefs")]
        route["status"] = {"parents": [{"controllerName": "example.com/gateway", "conditions": conditions}]}
    def changed(spec):
        route["metadata"]["resourceVersion"] = str(int(route["metadata"]["resourceVersion"]) + 1)
        if spec != route["spec"]: route["metadata"]["generation"] += 1
        settle()
    def status(code, reason, message):
        return code, {"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": message, "reason": reason, "code": code}
    def find(tree, pointer):
        parts = [p.replace("~1", "/").replace("~0", "~") for p in pointer.split("/")[1:]]
        for part in parts[:-1]: tree = tree[int(part) if isinstance(tree, list) else part]
        return tree, (int(parts[-1]) if isinstance(tree, list) else parts[-1])
    def patch(operations):
        global route
        state["patches"] += 1
        if state["foreign"]:
            state["foreign"] -= 1
            route["metadata"].setdefault("labels", {})["touched"] = str(state["patches"])
            changed(route["spec"])
        new = copy.deepcopy(route)
        for o in operations:
            try:
                tree, key = find(new, o["path"])
                if o["op"] == "test":
                    if tree[key] != o["value"]:
                        if o["path"] == "/metadata/resourceVersion":
                            return status(409, "Conflict", "Operation cannot be fulfilled on httproutes.gateway.networking.k8s.io \\"app\\": the object has been modified; please apply your changes to the latest version and try again")
                        return status(422, "Invalid", "the server rejected our request due to an error in our request")
                elif o["op"] in ("add", "replace"):
                    if o["op"] == "replace" and key not in tree and not isinstance(tree, list): raise KeyError(key)
                    tree[key] = o["value"]
            except (KeyError, IndexError, TypeError) as error:
                return status(422, "Invalid", "the server rejected our request due to an error in our request")
        if state.get("ignore"): return 200, route
        old = route["spec"]; route = new; changed(old)
        return 200, route
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        def answer(self, code, body, headers={}):
            data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
            self.send_response(code)
            for key, value in headers.items(): self.send_header(key, value)
            self.send_header("content-type", "application/json"); self.send_header("content-length", str(len(data)))
            self.end_headers(); self.wfile.write(data)
        def body(self): return json.loads(self.rfile.read(int(self.headers.get("content-length", 0))) or b"null")
        def do_POST(self):
            global route
            with lock:
                order = self.body()
                if "route" in order:
                    order["route"]["metadata"].update(resourceVersion="500", generation=7); route = order.pop("route"); settle()
                state.update(order)
                self.answer(200, {"patches": state["patches"], "route": route})
        def handle_api(self):
            given = self.body()
            with lock:
                if self.headers.get("authorization") != "Bearer " + token:
                    return self.answer(*status(401, "Unauthorized", "Unauthorized"))
                if self.path.split("?")[0] != path:
                    return self.answer(*status(404, "NotFound", "httproutes.gateway.networking.k8s.io \\"%s\\" not found" % self.path.split("/")[-1]))
                if state["answers"]:
                    a = state["answers"].pop(0)
                    return self.answer(a["status"], a.get("body", ""), a.get("headers", {}))
                if self.command == "GET": return self.answer(200, route)
                if self.headers.get("content-type") != "application/json-patch+json":
                    return self.answer(*status(415, "UnsupportedMediaType", "the body of the request was in an unknown format"))
                self.answer(*patch(given))
        do_GET = do_PATCH = handle_api
        def log_message(self, *rest): pass
    settle()
    class Server(http.server.ThreadingHTTPServer):
        daemon_threads = True
    server = Server(("127.0.0.1", 0), Handler)
    print("ready", server.server_address[1])
    server.serve_forever()
    """
}
