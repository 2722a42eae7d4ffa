#!/usr/bin/env python3
"""Users of Odoo: they order, attach and read all the while, and count what happens to them. usage: load.py URL RATE FILE

Ends with SIGTERM and then writes what it saw to FILE as JSON: requests, answers by status, and losses (no answer at all).
"""
import http.client
import json
import random
import signal
import sys
import threading
import time
import urllib.parse

ADDRESS = urllib.parse.urlsplit(sys.argv[1])
RATE = float(sys.argv[2])
WORKERS = 4
lock = threading.Lock()
seen = {"requests": 0, "answers": {}, "lost": 0, "losses": [], "slowest_seconds": 0.0}
over = threading.Event()


def note(kind, detail, seconds=0.0):
    with lock:
        seen["requests"] += 1
        seen["slowest_seconds"] = max(seen["slowest_seconds"], round(seconds, 3))
        if kind == "answer":
            seen["answers"][detail] = seen["answers"].get(detail, 0) + 1
        else:
            seen["lost"] += 1
            seen["losses"] = (seen["losses"] + [detail])[:5]


def user(number):
    dice = random.Random(number)
    connection = http.client.HTTPConnection(ADDRESS.hostname, ADDRESS.port, timeout=30)
    while not over.is_set():
        choice = dice.random()
        if choice < 0.3:
            request = ("POST", "/orders", b"{}")
        elif choice < 0.4:
            request = ("POST", "/attachment?name=scan", dice.randbytes(4096))
        else:
            request = ("GET", "/orders" if choice < 0.7 else "/attachments", None)
        begun = time.monotonic()
        for attempt in (0, 1):
            fresh = connection.sock is None
            try:
                connection.request(*request)
                answer = connection.getresponse()
                answer.read()
                note("answer", str(answer.status), time.monotonic() - begun)
                break
            except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError) as error:
                # A kept connection that was closed in the meantime is opened anew once, as every client does.
                connection.close()
                if fresh or attempt:
                    note("loss", f"{type(error).__name__}: {error}")
                    break
            except (OSError, http.client.HTTPException) as error:
                connection.close()
                note("loss", f"{type(error).__name__}: {error}")
                break
        over.wait(WORKERS / RATE)


def wait_for_service():
    """The first customers come when there is something to come to; what was before that is no loss."""
    while not over.wait(0.2):
        connection = http.client.HTTPConnection(ADDRESS.hostname, ADDRESS.port, timeout=5)
        try:
            connection.request("GET", "/release")
            if connection.getresponse().status == 200:
                return
        except (OSError, http.client.HTTPException):
            pass
        finally:
            connection.close()


signal.signal(signal.SIGTERM, lambda *_: over.set())
wait_for_service()
threads = [threading.Thread(target=user, args=(number,)) for number in range(WORKERS)]
for thread in threads:
    thread.start()
while not over.wait(0.2):
    pass
for thread in threads:
    thread.join()
with open(sys.argv[3], "w") as file:
    json.dump(seen, file, indent=2, sort_keys=True)
