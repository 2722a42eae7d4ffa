#!/usr/bin/env python3
"""The shop: orders in PostgreSQL, uploads in a folder. One process serves one release; Slipway says where and with which data.

It is told by variables: PORT, SLIPWAY_RELEASE, SLIPWAY_ARTIFACT (what this release does, as JSON), SLIPWAY_DATABASE,
SLIPWAY_FILES, and PGHOST, PGPORT, PGUSER, PGPASSWORD, which libpq reads by itself.
"""
import contextlib
import hashlib
import json
import os
import queue
import signal
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import psycopg2

DATABASE = os.environ["SLIPWAY_DATABASE"]
FILES = os.environ["SLIPWAY_FILES"]
RELEASE = os.environ["SLIPWAY_RELEASE"]
with open(os.environ["SLIPWAY_ARTIFACT"]) as artifact:
    BEHAVIOUR = json.load(artifact)
CONNECTIONS = 8


class Pool:
    """At most CONNECTIONS connections, opened when they are needed and thrown away when they fail."""

    def __init__(self):
        self.idle = queue.LifoQueue()
        self.seats = threading.BoundedSemaphore(CONNECTIONS)

    @contextlib.contextmanager
    def cursor(self):
        with self.seats:
            connection = self.open_connection()
            try:
                with connection, connection.cursor() as cursor:
                    yield cursor
            except BaseException:
                connection.close()
                raise
            self.idle.put(connection)

    def open_connection(self):
        """One that answers: a database that was renamed or restored has ended the sessions of before."""
        while True:
            try:
                connection = self.idle.get_nowait()
            except queue.Empty:
                return psycopg2.connect(dbname=DATABASE, connect_timeout=5, application_name=f"shop {RELEASE}")
            try:
                with connection, connection.cursor() as cursor:
                    cursor.execute("SELECT 1")
                return connection
            except psycopg2.Error:
                connection.close()


POOL = Pool()


class Shop(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 60

    def do_GET(self):
        self.answer(self.read)

    def do_POST(self):
        self.answer(self.write)

    def answer(self, work):
        length = int(self.headers.get("Content-Length") or 0)
        self.body = self.rfile.read(length)
        try:
            status, kind, body = work()
        except (psycopg2.Error, OSError, KeyError, ValueError) as error:
            status, kind, body = 500, "text/plain", f"{type(error).__name__}\n".encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Release", RELEASE)
        self.end_headers()
        self.wfile.write(body)

    def read(self):
        if self.path == "/healthz":
            # Well is who reaches the tables; a server that only runs is not.
            with POOL.cursor() as cursor:
                cursor.execute("SELECT count(*) FROM schema_migrations")
                return 200, "text/plain", b"well\n"
        if self.path == "/version":
            return 200, "text/plain", (RELEASE + "\n").encode()
        if self.path.startswith("/orders/"):
            with POOL.cursor() as cursor:
                cursor.execute("SELECT id, item, cents FROM orders WHERE id = %s", (int(self.path[8:]),))
                return self.json(cursor.fetchone(), ("id", "item", "cents"))
        if self.path.startswith("/uploads/"):
            if BEHAVIOUR.get("loses_uploads"):
                return 404, "text/plain", b"no such upload\n"
            with POOL.cursor() as cursor:
                cursor.execute("SELECT path FROM uploads WHERE id = %s", (int(self.path[9:]),))
                row = cursor.fetchone()
            if row is None:
                return 404, "text/plain", b"no such upload\n"
            with open(os.path.join(FILES, row[0]), "rb") as file:
                return 200, "application/octet-stream", file.read()
        return 404, "text/plain", b"no such page\n"

    def write(self):
        if self.path == "/orders":
            order = json.loads(self.body)
            if order["item"] in BEHAVIOUR.get("fails_for", []):
                return 500, "text/plain", b"this release cannot sell that\n"
            with POOL.cursor() as cursor:
                cursor.execute(
                    "INSERT INTO orders (item, cents, release) VALUES (%s, %s, %s) RETURNING id, item, cents",
                    (order["item"], int(order["cents"]), RELEASE))
                return self.json(cursor.fetchone(), ("id", "item", "cents"), 201)
        if self.path == "/uploads":
            digest = hashlib.sha256(self.body).hexdigest()
            path = f"{digest[:2]}/{digest}"
            # The file first and whole, then the row: no row is ever without its file.
            self.store(os.path.join(FILES, path))
            with POOL.cursor() as cursor:
                cursor.execute(
                    "INSERT INTO uploads (path, sha256) VALUES (%s, %s) RETURNING id, sha256", (path, digest))
                return self.json(cursor.fetchone(), ("id", "sha256"), 201)
        return 404, "text/plain", b"no such page\n"

    def store(self, target):
        if os.path.exists(target):
            return
        os.makedirs(os.path.dirname(target), exist_ok=True)
        part = f"{target}.{threading.get_ident()}"
        with open(part, "wb") as file:
            file.write(self.body)
            file.flush()
            os.fsync(file.fileno())
        os.rename(part, target)

    def json(self, row, names, status=200):
        if row is None:
            return 404, "text/plain", b"not found\n"
        return status, "application/json", json.dumps(dict(zip(names, row))).encode()

    def log_message(self, *_):
        pass


def main():
    ThreadingHTTPServer.request_queue_size = 128
    server = ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Shop)
    server.daemon_threads = True
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    server.serve_forever(poll_interval=0.1)


main()
