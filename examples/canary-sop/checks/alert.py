#!/usr/bin/env python3
"""Fires a test alert the way monitoring does, by mail, and sees that it arrives. usage: alert.py [SMTP_PORT MAIL_FILE]"""
import smtplib
import sys
import time
import uuid

port, mail = (int(sys.argv[1]), sys.argv[2]) if len(sys.argv) > 2 else (29122, "work/mail")
token = uuid.uuid4().hex
with smtplib.SMTP("127.0.0.1", port, timeout=10) as server:
    server.sendmail("monitoring@example.com", ["on-call@example.com"], f"Subject: test alert {token}\r\n\r\nerror rate > 1 %\r\n")
for _ in range(50):
    with open(mail) as file:
        if token in file.read():
            print(f"test alert {token} was sent and arrived")
            sys.exit(0)
    time.sleep(0.1)
sys.exit(f"test alert {token} was sent and never arrived")
