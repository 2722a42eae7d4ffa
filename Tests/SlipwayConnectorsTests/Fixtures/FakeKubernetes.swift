/// A Kubernetes API that holds one HTTPRoute and answers as its documentation and source say.
extension PythonServers {
  /// Arguments: a file with the HTTPRoute as JSON, and the bearer token.
  ///
  /// It keeps who owns which field as the API server does: `spec.rules` is one atomic list, a patch takes what it changes, and server-side apply
  /// of what somebody else owns is a conflict unless forced. `POST /order` with JSON changes how it behaves and gives its state: `answers` are given
  /// in turn instead of the real one (`status`, `body`, `headers`), `controller` says how the gateway's conditions follow (`stale` waits for
  /// `settle`), `route` replaces the route, `foreign` makes somebody else change the route before the next patches, `reverts` makes a field
  /// manager put the rules back after the next patch, `watch` says what becomes of the next watches in turn, `rights` who may do what.
  static let kubernetes = """
    import sys, json, http.server, threading, copy, time, urllib.parse
    route, token = json.load(open(sys.argv[1])), sys.argv[2]
    group = "httproutes.gateway.networking.k8s.io"
    listed = "/apis/gateway.networking.k8s.io/v1/namespaces/shop/httproutes"
    path = listed + "/app"
    state = {"answers": [], "controller": "True", "foreign": 0, "patches": 0, "watch": [], "reverts": None,
             "rights": ["get", "list", "watch", "patch"]}
    lock, asked, events, owners = threading.Condition(threading.RLock()), {"gets": 0, "watches": []}, [], {}
    route["metadata"].update(resourceVersion="100", generation=1)
    """ + kubernetesFields + kubernetesChanges + kubernetesAnswers

  /// Who owns which field.
  private static let kubernetesFields = """

    def leaves(tree):
        found = {}
        for key, value in tree.get("spec", {}).items(): found[("f:spec", "f:" + key)] = value
        for kind in ("annotations", "labels"):
            for key, value in tree["metadata"].get(kind, {}).items(): found[("f:metadata", "f:" + kind, "f:" + key)] = value
        return found
    def own(manager, operation, paths, also=False):
        for key in owners:
            if key != (manager, operation) and not also: owners[key] -= paths
        owners[(manager, operation)] = owners.get((manager, operation), set()) | paths
        write_owners()
    def write_owners():
        fields = []
        for number, ((manager, operation), paths) in enumerate(owners.items()):
            if not paths: continue
            tree = {}
            for p in paths:
                place = tree
                for part in p: place = place.setdefault(part, {})
            fields.append({"manager": manager, "operation": operation, "apiVersion": "gateway.networking.k8s.io/v1",
                           "time": "2026-11-21T10:00:%02dZ" % number, "fieldsType": "FieldsV1", "fieldsV1": tree})
        fields.append({"manager": "example-gateway", "operation": "Update", "apiVersion": "gateway.networking.k8s.io/v1",
                       "time": "2026-11-21T11:00:00Z", "fieldsType": "FieldsV1", "subresource": "status",
                       "fieldsV1": {"f:status": {"f:parents": {}}}})
        route["metadata"]["managedFields"] = fields
    """

  /// What changes the route.
  private static let kubernetesChanges = """

    def tell(kind="MODIFIED"):
        route["metadata"]["resourceVersion"] = str(int(route["metadata"]["resourceVersion"]) + 1)
        events.append((int(route["metadata"]["resourceVersion"]), kind, copy.deepcopy(route)))
        lock.notify_all()
    def settle():
        conditions = [{"type": t, "status": state["controller"] if t == "ResolvedRefs" and state["controller"] != "stale" else "True",
                       "reason": "BackendNotFound", "message": "no such service",
                       "observedGeneration": route["metadata"]["generation"]} for t in ("Accepted", "ResolvedRefs")]
        route["status"] = {"parents": [{"controllerName": "example.com/gateway", "conditions": conditions}]}
        tell()
    def changed(old):
        if old["spec"] != route["spec"]: route["metadata"]["generation"] += 1
        tell()
        if state["controller"] != "stale": settle()
    def put(new, manager):
        global route
        old, route = route, new
        before, after = leaves(old), leaves(new)
        own(manager, "Update", {p for p in after if before.get(p) != after[p]})
        changed(old)
    def status(code, reason, message, **more):
        return code, {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": message,
                      "reason": reason, "code": code, **more}
    def expired(version): return status(410, "Expired", "too old resource version: %s (%s)" % (version, route["metadata"]["resourceVersion"]))
    def find(tree, pointer):
        parts = [p.replace("~1", "/").replace("~0", "~") for p in pointer.split("/")[1:]]
        for part in parts[:-1]: tree = tree[int(part) if isinstance(tree, list) else part]
        return tree, (int(parts[-1]) if isinstance(tree, list) else parts[-1])
    def patch(operations, manager):
        state["patches"] += 1
        if state["foreign"]:
            state["foreign"] -= 1
            other = copy.deepcopy(route)
            other["metadata"].setdefault("labels", {})["touched"] = str(state["patches"])
            put(other, "kubectl-label")
        new = copy.deepcopy(route)
        for o in operations:
            try:
                tree, key = find(new, o["path"])
                if o["op"] == "test":
                    if tree[key] != o["value"]:
                        if o["path"] == "/metadata/resourceVersion":
                            return status(409, "Conflict", "Operation cannot be fulfilled on " + group + " \\"app\\": the object has been modified; please apply your changes to the latest version and try again")
                        return status(422, "Invalid", "the server rejected our request due to an error in our request")
                elif o["op"] in ("add", "replace"):
                    if o["op"] == "replace" and key not in tree and not isinstance(tree, list): raise KeyError(key)
                    tree[key] = o["value"]
            except (KeyError, IndexError, TypeError) as error:
                return status(422, "Invalid", "the server rejected our request due to an error in our request")
        if state.get("ignore"): return 200, route
        old = copy.deepcopy(route)
        put(new, manager)
        answer = copy.deepcopy(route)
        if state["reverts"]:
            apply({"spec": {"rules": old["spec"]["rules"]}, "metadata": {}}, state["reverts"], True)
            state["reverts"] = None
        return 200, answer
    def apply(wanted, manager, force):
        global route
        before, values = leaves(route), leaves(wanted)
        differing = {p for p in values if before.get(p) != values[p]}
        causes = [{"reason": "FieldManagerConflict", "field": "." + ".".join(part[2:] for part in p),
                   "message": 'conflict with "%s" using gateway.networking.k8s.io/v1' % key[0]}
                  for key, paths in owners.items() if key != (manager, "Apply") for p in sorted(paths & differing)]
        if causes and not force:
            return status(409, "Conflict", "Apply failed with %d conflict%s: %s: %s" % (len(causes), "s" if len(causes) > 1 else "", causes[0]["message"], causes[0]["field"]),
                          details={"causes": causes})
        old = copy.deepcopy(route)
        route["spec"].update(wanted.get("spec", {}))
        for kind in ("annotations", "labels"): route["metadata"].setdefault(kind, {}).update(wanted["metadata"].get(kind, {}))
        own(manager, "Apply", differing)
        own(manager, "Apply", set(values), also=True)
        changed(old)
        return 200, route
    """

  /// What is said over HTTP.
  private static let kubernetesAnswers = """

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
                if "edit" in order:
                    new = copy.deepcopy(route); new["spec"]["rules"] = order["edit"]["rules"]; put(new, order.pop("edit")["manager"])
                settles, deletes = order.pop("settle", False), order.pop("delete", False)
                state.update(order)
                if settles: settle()
                if deletes: tell("DELETED")
                self.answer(200, {"patches": state["patches"], "route": route, **asked})
        def chunk(self, text):
            self.wfile.write(b"%x\\r\\n%s\\r\\n" % (len(text), text)); self.wfile.flush()
        def event(self, kind, thing): self.chunk(json.dumps({"type": kind, "object": thing}).encode() + b"\\n")
        def watch(self, query):
            since = query["resourceVersion"]
            asked["watches"].append(query)
            fate = state["watch"].pop(0) if state["watch"] else ""
            if fate == "410": return self.answer(*expired(since))
            if fate == "429": return self.answer(*status(429, "TooManyRequests", "too many requests"), {"retry-after": "0"})
            if fate == "500": return self.answer(*status(500, "InternalError", "etcd leader changed"))
            self.send_response(200); self.send_header("transfer-encoding", "chunked"); self.end_headers(); self.wfile.flush()
            self.close_connection = True
            if fate == "expired": return self.event("ERROR", expired(since)[1])
            if fate == "failed": return self.event("ERROR", status(500, "InternalError", "unable to decode an event")[1])
            if fate == "garbage": return self.chunk(b"<html>oops\\n{\\n")
            if fate == "half": return self.chunk(b'{"type":"MODIFIED","object":{"kind":"HTTPRoute","meta')
            if fate == "cut": return
            if fate == "endless":
                while True: self.chunk(b"x" * 65536)
            if fate == "bookmark":
                later = str(int(route["metadata"]["resourceVersion"]) + 1000)
                route["metadata"]["resourceVersion"] = later
                return self.event("BOOKMARK", {"kind": "HTTPRoute", "apiVersion": "gateway.networking.k8s.io/v1", "metadata": {"resourceVersion": later}})
            if fate == "other":
                other = copy.deepcopy(route); other["metadata"]["name"] = "other"; self.event("ADDED", other)
            seen, end = int(since), time.monotonic() + int(query["timeoutSeconds"])
            while time.monotonic() < end:
                for version, kind, thing in list(events):
                    if version > seen:
                        seen = version
                        if fate != "silent": self.event(kind, thing)
                lock.wait(0.2)
            self.chunk(b"")
        def refused(self, verb):
            if verb in state["rights"]: return False
            self.answer(*status(403, "Forbidden", group + ' is forbidden: User "system:serviceaccount:shop:slipway" cannot %s resource "httproutes" in API group "gateway.networking.k8s.io" in the namespace "shop"' % verb))
            return True
        def handle_api(self):
            given = self.body()
            with lock:
                if self.headers.get("authorization") != "Bearer " + token:
                    return self.answer(*status(401, "Unauthorized", "Unauthorized"))
                address = urllib.parse.urlsplit(self.path)
                query = dict(urllib.parse.parse_qsl(address.query))
                if address.path == listed and query.get("watch") == "true" and query.get("fieldSelector") == "metadata.name=app":
                    return self.refused("watch") or self.watch(query)
                if address.path != path:
                    return self.answer(*status(404, "NotFound", group + " \\"%s\\" not found" % address.path.split("/")[-1]))
                if self.command == "GET": asked["gets"] += 1
                if state["answers"]:
                    a = state["answers"].pop(0)
                    return self.answer(a["status"], a.get("body", ""), a.get("headers", {}))
                if self.refused("get" if self.command == "GET" else "patch"): return
                if self.command == "GET": return self.answer(200, route)
                manager, kind = query.get("fieldManager", "unknown"), self.headers.get("content-type")
                if kind == "application/json-patch+json": return self.answer(*patch(given, manager))
                if kind == "application/apply-patch+yaml" and "fieldManager" in query:
                    return self.answer(*apply(given, manager, query.get("force") == "true"))
                self.answer(*status(415, "UnsupportedMediaType", "the body of the request was in an unknown format"))
        do_GET = do_PATCH = handle_api
        def log_message(self, *rest): pass
    own("kubectl-client-side-apply", "Update", set(leaves(route)))
    with lock: settle()
    class Server(http.server.ThreadingHTTPServer):
        daemon_threads = True
        def handle_error(self, *rest): pass
    server = Server(("127.0.0.1", 0), Handler)
    print("ready", server.server_address[1])
    server.serve_forever()
    """
}
