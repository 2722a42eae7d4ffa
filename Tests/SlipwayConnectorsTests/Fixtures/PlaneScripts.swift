/// Servers and clients of the contract of all data planes.
extension PythonServers {
  /// A release: `/` says its name, `/held` only once somebody has asked for `/release`, `/stream` in 20 pieces of which the first comes at once
  /// and the others then, `/waiting` how many were held, `/ws` is a WebSocket that says its name ten times a second.
  static let slotServer = """
    import sys, time, base64, hashlib, threading, http.server
    name, released, held = sys.argv[1].encode(), threading.Event(), []
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = 65536
        def answer(self, status=200, **headers):
            self.send_response(status)
            for key, value in headers.items(): self.send_header(key.replace("_", "-"), value)
            self.end_headers()
        def do_GET(self):
            self.rfile.read(int(self.headers.get("content-length", 0)))
            if self.path == "/stream": return self.stream()
            if self.path == "/ws": return self.socket()
            if self.path == "/held": held.append(1); released.wait(60)
            if self.path == "/release": released.set()
            said = b"%d" % len(held) if self.path == "/waiting" else name
            self.answer(content_length=str(len(said)))
            self.wfile.write(said)
        def stream(self):
            self.answer(transfer_encoding="chunked")
            for piece in range(20):
                self.wfile.write(b"%x\\r\\n%s\\r\\n" % (len(name), name)); self.wfile.flush()
                released.wait(60) if piece == 0 else time.sleep(0.01)
            self.wfile.write(b"0\\r\\n\\r\\n")
        def socket(self):
            key = self.headers["sec-websocket-key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
            accept = base64.b64encode(hashlib.sha1(key.encode()).digest()).decode()
            self.answer(101, upgrade="websocket", connection="Upgrade", sec_websocket_accept=accept)
            self.close_connection = True
            for _ in range(600):
                self.wfile.write(bytes([0x81, len(name)]) + name); self.wfile.flush(); time.sleep(0.1)
        def log_message(self, *rest): pass
    class Server(http.server.ThreadingHTTPServer):
        request_queue_size = 256
        daemon_threads = True
        def handle_error(self, *rest): pass
    server = Server(("127.0.0.1", int(sys.argv[2]) if len(sys.argv) > 2 else 0), Handler)
    print("ready", server.server_address[1])
    server.serve_forever()
    """

  /// Keep-alive clients until the file `stop` exists; ten times a second says what they saw. A request whose connection was closed before any
  /// answer, and that was not the connection's first, is sent again once, as browsers and proxies do with what may be repeated.
  static let steadyLoad = """
    import sys, json, os, threading, time, http.client, collections
    port, connections, stop = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    answers, failed, retried, lock = collections.Counter(), [], [0], threading.Lock()
    closed = (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError)
    def ask(connection):
        connection.request("GET", "/")
        answer = connection.getresponse()
        body = answer.read().decode()
        return body if answer.status == 200 else str(answer.status)
    def work():
        connection, used = http.client.HTTPConnection("127.0.0.1", port, timeout=30), False
        while not os.path.exists(stop):
            try:
                try: seen = ask(connection)
                except closed:
                    connection.close()
                    if not used: raise
                    with lock: retried[0] += 1
                    seen = ask(connection)
                used = True
                with lock: answers[seen] += 1
            except Exception as error:
                with lock: failed.append(repr(error))
                connection.close(); used = False
            time.sleep(0.002)
        connection.close()
    def say():
        with lock: print("seen " + json.dumps({"answers": answers, "failed": failed[:20], "retried": retried[0]}))
    threads = [threading.Thread(target=work) for _ in range(connections)]
    print("ready 0")
    for t in threads: t.start()
    while any(t.is_alive() for t in threads): say(); time.sleep(0.1)
    say(); print("end")
    """

  /// Eight held requests, a stream and a WebSocket; says `open` when all are under way, `socket NAME` once a second while it lives, and what
  /// came of the others.
  static let longRequests = """
    import sys, json, socket, threading, time, http.client
    port = int(sys.argv[1])
    results, lock = {"slow": [], "stream": None}, threading.Lock()
    def slow():
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        connection.request("GET", "/held")
        try: said = connection.getresponse().read().decode()
        except Exception as error: said = repr(error)
        with lock: results["slow"].append(said)
    def stream(started):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        connection.request("GET", "/stream")
        answer = connection.getresponse()
        started.set()
        try: results["stream"] = answer.read().decode()
        except Exception as error: results["stream"] = repr(error)
    def web():
        peer = socket.create_connection(("127.0.0.1", port)); peer.settimeout(30)
        peer.sendall(b"GET /ws HTTP/1.1\\r\\nHost: x\\r\\nUpgrade: websocket\\r\\nConnection: Upgrade\\r\\n"
                     b"Sec-WebSocket-Version: 13\\r\\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\\r\\n\\r\\n")
        reader = peer.makefile("rb")
        status = reader.readline().decode()
        while reader.readline() not in (b"\\r\\n", b""): pass
        return status, reader
    print("ready 0")
    threads = [threading.Thread(target=slow) for _ in range(8)]
    started = threading.Event()
    threads.append(threading.Thread(target=stream, args=(started,)))
    for t in threads: t.start()
    started.wait(20)
    reader = None
    if sys.argv[2] == "socket":
        status, reader = web()
        print("upgraded" if " 101 " in status else "refused " + status.strip())
    print("open")
    def listen():
        count = 0
        while reader:
            head = reader.read(2)
            if len(head) < 2: break
            name = reader.read(head[1]).decode()
            count += 1
            if count % 10 == 0: print("socket", name, count)
        print("closed")
    listener = threading.Thread(target=listen, daemon=True); listener.start()
    for t in threads: t.join()
    print("result " + json.dumps(results))
    listener.join()
    """
}
