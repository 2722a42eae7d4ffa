#!/usr/bin/env python3
"""Customers: they order, upload and read all the while, and count what happens to them. usage: load.py URL RATE FILE

Ends with SIGTERM and then writes what it saw to FILE as JSON: requests, failures by release and status, losses (no answer at
all), and the ids of the last orders that were confirmed to somebody.
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
seen = {"requests": 0, "served": {}, "failed": {}, "lost": 0, "losses": [], "slowest_seconds": 0.0, "orders": 0}
over = threading.Event()


def count(release, status, seconds):
    with lock:
        seen["requests"] += 1
        seen["slowest_seconds"] = max(seen["slowest_seconds"], round(seconds, 3))
        side = "served" if status < 500 else "failed"
        seen[side][release] = seen[side].get(release, 0) + 1


def lose(error):
    with lock:
        seen["requests"] += 1
        seen["lost"] += 1
        if len(seen["losses"]) < 5:
            seen["losses"].append(f"{type(error).__name__}: {error}")


def customer(number):
    random_ = random.Random(number)
    connection = http.client.HTTPConnection(ADDRESS.hostname, ADDRESS.port, timeout=30)
    last = None
    while not over.is_set():
        choice = random_.random()
        if choice < 0.5:
            item = "gift" if random_.random() < 0.5 else "book"
            request = ("POST", "/orders", json.dumps({"item": item, "cents": random_.randint(100, 9999)}).encode())
        elif choice < 0.6:
            request = ("POST", "/uploads", random_.randbytes(4096))
        else:
            request = ("GET", f"/orders/{last}" if last else "/version", None)
        begun = time.monotonic()
        for attempt in (0, 1):
            fresh = connection.sock is None
            try:
                connection.request(*request)
                answer = connection.getresponse()
                body = answer.read()
                count(answer.headers.get("X-Release", "nobody"), answer.status, time.monotonic() - begun)
                if request[1] == "/orders" and answer.status == 201:
                    last = json.loads(body)["id"]
                    with lock:
                        seen["orders"] += 1
                break
            except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError) as error:
                # A kept connection that was closed in the meantime is opened anew once, as every client does.
                connection.close()
                if fresh or attempt:
                    lose(error)
                    break
            except (OSError, http.client.HTTPException) as error:
                connection.close()
                lose(error)
                break
        over.wait(WORKERS / RATE)


def wait_for_service():
    """The first customers come when there is something to come to; what was before that is no loss."""
    while not over.wait(0.2):
        connection = http.client.HTTPConnection(ADDRESS.hostname, ADDRESS.port, timeout=5)
        try:
            connection.request("GET", "/version")
            if connection.getresponse().status == 200:
                return
        except (OSError, http.client.HTTPException):
            pass
        finally:
            connection.close()


signal.signal(signal.SIGTERM, lambda *_: over.set())
wait_for_service()
threads = [threading.Thread(target=customer, args=(number,)) for number in range(WORKERS)]
for thread in threads:
    thread.start()
while not over.wait(0.2):
    pass
for thread in threads:
    thread.join()
with open(sys.argv[3], "w") as file:
    json.dump(seen, file, indent=2, sort_keys=True)
