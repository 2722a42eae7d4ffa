#!/usr/bin/env python3
"""One critical user flow, or the smoke tests, of the release at $SLIPWAY_URL. usage: flow.py smoke | order | upload

Exit code 0 is passed; the line that is printed stands in the evidence.
"""
import hashlib
import json
import os
import sys
import urllib.error
import urllib.request

URL = os.environ["SLIPWAY_URL"].rstrip("/")


def ask(path, data=None):
    try:
        with urllib.request.urlopen(urllib.request.Request(URL + path, data=data), timeout=10) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def need(passed, what):
    if not passed:
        sys.exit(f"{sys.argv[1]}: {what}")


def smoke():
    status, body = ask("/healthz")
    need(status == 200, f"/healthz answers {status}")
    status, body = ask("/version")
    need(body.decode().strip() == os.environ["SLIPWAY_RELEASE"], f"/version says {body!r}")
    status, _ = ask("/orders/0")
    need(status == 404, f"an order that never was answers {status}")
    return "well, the right release, and what is not there is not found"


def order():
    status, body = ask("/orders", json.dumps({"item": "book", "cents": 1999}).encode())
    need(status == 201, f"placing an order answers {status}")
    placed = json.loads(body)
    status, body = ask(f"/orders/{placed['id']}")
    need(status == 200 and json.loads(body) == placed, f"order {placed['id']} reads back as {status} {body!r}")
    need(placed["cents"] == 1999, f"the price became {placed['cents']}")
    return f"order {placed['id']} was placed and read back"


def upload():
    content = os.urandom(2048)
    status, body = ask("/uploads", content)
    need(status == 201, f"an upload answers {status}")
    stored = json.loads(body)
    status, body = ask(f"/uploads/{stored['id']}")
    need(status == 200, f"upload {stored['id']} reads back as {status}")
    need(hashlib.sha256(body).hexdigest() == stored["sha256"], f"upload {stored['id']} reads back with other content")
    return f"upload {stored['id']} was stored and reads back with the same checksum"


print({"smoke": smoke, "order": order, "upload": upload}[sys.argv[1]]())
