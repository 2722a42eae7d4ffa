#!/usr/bin/env python3
"""The world outside that the shop depends on, as small as it gets: a status page, a payment provider that takes test payments,
and a mail server that takes every letter and keeps it in a file. usage: world.py HTTP_PORT SMTP_PORT MAIL_FILE
"""
import json
import signal
import socketserver
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Provider(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if self.path == "/status":
            return self.answer(200, {"status": "operational"})
        if self.path == "/payments/test":
            return self.answer(200, {"payment": "test", "result": "approved"})
        self.answer(404, {})

    def answer(self, status, value):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Mail(socketserver.StreamRequestHandler):
    timeout = 30

    def handle(self):
        self.say("220 world ESMTP")
        while line := self.rfile.readline(4096):
            word = line.split()[0].upper() if line.split() else b""
            if word == b"DATA":
                self.say("354 go on")
                letter = b"".join(iter(self.rfile.readline, b".\r\n"))
                with open(sys.argv[3], "ab") as file:
                    file.write(letter + b"\n")
                self.say("250 kept")
            elif word == b"QUIT":
                return self.say("221 bye")
            else:
                self.say("250 world")

    def say(self, text):
        self.wfile.write(text.encode() + b"\r\n")


class MailServer(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


provider = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Provider)
threading.Thread(target=MailServer(("127.0.0.1", int(sys.argv[2])), Mail).serve_forever, daemon=True).start()
signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=provider.shutdown).start())
provider.serve_forever()
