#!/usr/bin/python3
"""A small server on the real tables of Odoo 19.0 that answers, and fails, as the real one was measured to.

Settings: PORT, SLIPWAY_DATABASE, SLIPWAY_FILES (the filestore), SLIPWAY_RELEASE, and what libpq reads (PGHOST, PGPORT, PGUSER, ...).

    GET  /web/health                      always 200: it looks at nothing
    GET  /web/health?db_server_status=1   500 when the database 'postgres' is not reached; never looks at the application's
    GET  /web/login?db=NAME               the page for signing in; 500 when a table is missing
    POST /web/login                       login, password and csrf_token as a form; 303 and a cookie, or 200 with the page again
    POST /web/session/authenticate        the same by JSON-RPC; an error is a 200 too
    GET  /odoo                            303 to /web/login without a session
    POST /api/token                       tenant, login and password as JSON; a bearer token, that of one tenant
    GET  /api/TENANT/orders               takes that token, of its own tenant only
    POST /attachment?name=N, GET /attachment/ID, GET /attachments
    POST /orders, GET /orders             rows of the business
    POST /web/database/backup             master_pwd, name, backup_format; a failure is 200 with a page that says so
    GET  /release                         what runs

What a release does wrong: ODOO_ERRORS is a fraction ('0.2'), or one for each release ('2.0=0,2.1=0.2'); ODOO_ERRORS_FILE names a file
with such a text that is read at each request. So many of the requests that do not begin with /web/ are answered 500.
"""
import hashlib
import hmac
import html
import io
import json
import os
import random
import secrets
import signal
import sys
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import psycopg2

sys.dont_write_bytecode = True
import common  # noqa: E402

RELEASE = os.environ.get('SLIPWAY_RELEASE', '')
MASTER = os.environ.get('ODOO_MASTER_PASSWORD', 'admin')
LIMIT = 64 << 20


def error_fraction():
    text = os.environ.get('ODOO_ERRORS', '')
    try:
        with open(os.environ.get('ODOO_ERRORS_FILE') or '/dev/null', encoding='utf-8') as file:
            text = file.read().strip() or text
    except OSError:
        pass
    for part in text.split(','):
        release, _, number = part.rpartition('=')
        if release in ('', RELEASE) and number:
            return float(number)
    return 0.0


class Sessions:
    """Kept in memory, as Odoo keeps them beside the database: they do not move with it."""

    def __init__(self):
        self.lock = threading.Lock()
        self.held = {}
        self.secret = secrets.token_bytes(16)

    def begin(self, uid):
        sid = secrets.token_hex(20)
        with self.lock:
            self.held[sid] = uid
        return sid

    def uid(self, sid):
        with self.lock:
            return self.held.get(sid)

    def sign(self, text):
        return hmac.new(self.secret, text.encode(), hashlib.sha256).hexdigest()[:40]


sessions = Sessions()


class Page(Exception):
    """An answer that ends the request."""

    def __init__(self, status, text, kind='text/html; charset=utf-8', headers=()):
        super().__init__(text)
        self.status, self.text, self.kind, self.headers = status, text, kind, headers


class Handler(BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    server_version = 'Werkzeug/3.0.1'
    timeout = 60

    def log_message(self, format, *arguments):
        sys.stderr.write('%s %s\n' % (self.log_date_time_string(), format % arguments))

    def do_GET(self):
        self.serve({
            '/web/health': self.health, '/web/login': self.login_page, '/odoo': self.home, '/web': self.home,
            '/attachments': self.attachments, '/orders': self.orders, '/release': self.release, '/': self.root})

    def do_POST(self):
        self.serve({
            '/web/login': self.login, '/web/session/authenticate': self.authenticate, '/attachment': self.attach,
            '/orders': self.order, '/api/token': self.token, '/web/database/backup': self.backup})

    # The frame

    def serve(self, routes):
        parts = urllib.parse.urlsplit(self.path)
        self.route = parts.path
        self.query = dict(urllib.parse.parse_qsl(parts.query))
        self.body = b''
        try:
            length = int(self.headers.get('Content-Length') or 0)
            if length > LIMIT:
                self.close_connection = True
                raise Page(413, 'too large')
            self.body = self.rfile.read(length)
            if not self.route.startswith('/web/') and random.random() < error_fraction():
                raise Page(500, '<h1>Internal Server Error</h1>')
            answer = self.find(routes)()
        except Page as page:
            answer = page
        except (psycopg2.Error, OSError) as error:
            self.log_message('%s', repr(error))
            answer = Page(500, '<title>500 Internal Server Error</title><h1>Internal Server Error</h1>')
        self.answer(answer)

    def find(self, routes):
        if self.route in routes:
            return routes[self.route]
        parts = self.route.strip('/').split('/')
        if self.command == 'GET' and len(parts) == 2 and parts[0] == 'attachment' and parts[1].isdigit():
            return lambda: self.attachment(int(parts[1]))
        if self.command == 'GET' and len(parts) == 3 and parts[0] == 'api' and parts[2] == 'orders':
            return lambda: self.tenant(parts[1])
        raise Page(404, '<title>404 Not Found</title><h1>Not Found</h1>')

    def answer(self, page):
        data = page.text if isinstance(page.text, bytes) else page.text.encode()
        try:
            self.send_response(page.status)
            self.send_header('Content-Type', page.kind)
            self.send_header('Content-Length', str(len(data)))
            for name, value in page.headers:
                self.send_header(name, value)
            if self.server.ending:
                self.send_header('Connection', 'close')
                self.close_connection = True
            self.end_headers()
            self.wfile.write(data)
        except OSError:
            self.close_connection = True

    def json(self, value, status=200, headers=()):
        return Page(status, json.dumps(value), 'application/json; charset=utf-8', headers)

    def run(self, statement, values=(), name=None):
        """One statement on the application's database, in a transaction of its own; nothing is pooled."""
        db = common.connect(name)
        try:
            with db, db.cursor() as cr:
                cr.execute(statement, values)
                return cr.fetchall() if cr.description else []
        finally:
            db.close()

    def cookie(self, name):
        for part in (self.headers.get('Cookie') or '').split(';'):
            key, _, value = part.strip().partition('=')
            if key == name:
                return value
        return ''

    # Pages

    def health(self):
        if 'db_server_status' not in self.query:
            return self.json({'status': 'pass'}, headers=[('Cache-Control', 'no-store')])
        try:
            self.run('SELECT 1', name='postgres')
        except psycopg2.Error:
            return self.json({'status': 'fail', 'db_server_status': False}, 500)
        return self.json({'status': 'pass', 'db_server_status': True})

    def release(self):
        return Page(200, RELEASE + '\n', 'text/plain')

    def root(self):
        raise Page(303, '', headers=[('Location', '/odoo')])

    def login_page(self, message=''):
        if self.query.get('db', common.database()) != common.database():
            raise Page(303, '', headers=[('Location', '/web/database/selector')])
        self.run("SELECT arch_db FROM ir_ui_view WHERE key = 'web.login' AND active")
        self.run('SELECT 1 FROM res_users LIMIT 1')
        titles = self.run("SELECT value FROM ir_config_parameter WHERE key = 'web.base.url'")
        sid = self.cookie('session_id') or secrets.token_hex(20)
        page = (
            '<!DOCTYPE html><html><head><title>Odoo</title></head><body><form action="/web/login" method="post">'
            f'<input type="hidden" name="csrf_token" value="{sessions.sign(sid)}o"/>'
            '<input name="login"/><input type="password" name="password"/>'
            f'<p class="alert alert-danger">{message}</p><a href="{html.escape(titles[0][0] if titles else "")}">Home</a>'
            '<button type="submit">Log in</button></form></body></html>')
        return Page(200, page, headers=[('Set-Cookie', f'session_id={sid}; HttpOnly; Path=/')])

    def user(self, login, password):
        found = self.run('SELECT id, password FROM res_users WHERE login = %s AND active', (login,))
        return found[0][0] if found and common.matches(password, found[0][1]) else None

    def login(self):
        form = dict(urllib.parse.parse_qsl(self.body.decode('utf-8', 'replace'), keep_blank_values=True))
        sid = self.cookie('session_id')
        if not sid or form.get('csrf_token') != sessions.sign(sid) + 'o':
            raise Page(400, '<h1>Bad Request</h1><p>Session expired (invalid CSRF token)</p>')
        uid = self.user(form.get('login', ''), form.get('password', ''))
        if uid is None:
            return self.login_page('Wrong login/password')
        sid = sessions.begin(uid)
        raise Page(303, '', headers=[
            ('Location', '/odoo'), ('Set-Cookie', f'session_id={sid}; HttpOnly; Path=/; Max-Age=604800')])

    def authenticate(self):
        try:
            call = json.loads(self.body)
            given = call.get('params') or {}
            login, password = str(given['login']), str(given['password'])
        except (ValueError, KeyError, AttributeError):
            raise Page(400, '<h1>Bad Request</h1>') from None
        base = {'jsonrpc': '2.0', 'id': call.get('id')}
        uid = self.user(login, password) if given.get('db', common.database()) == common.database() else None
        if uid is None:
            return self.json({**base, 'error': {
                'code': 200, 'message': 'Odoo Server Error',
                'data': {'name': 'odoo.exceptions.AccessDenied', 'message': 'Access Denied'}}})
        return self.json(
            {**base, 'result': {'uid': uid, 'db': common.database(), 'username': login}},
            headers=[('Set-Cookie', f'session_id={sessions.begin(uid)}; HttpOnly; Path=/; Max-Age=604800')])

    def signed_in(self):
        uid = sessions.uid(self.cookie('session_id'))
        if uid is None:
            raise Page(303, '', headers=[('Location', '/web/login?redirect=' + urllib.parse.quote(self.path))])
        return uid

    def home(self):
        found = self.run('SELECT login FROM res_users WHERE id = %s', (self.signed_in(),))
        return Page(200, f'<title>Odoo</title><span class="o_user">{html.escape(found[0][0] if found else "?")}</span>')

    # One tenant's token opens that tenant's orders

    def token(self):
        try:
            given = json.loads(self.body)
            tenant, uid = str(given['tenant']), self.user(str(given['login']), str(given['password']))
        except (ValueError, KeyError, TypeError):
            raise Page(400, '{"error": "bad request"}', 'application/json') from None
        if uid is None:
            raise Page(401, '{"error": "unauthorized"}', 'application/json')
        return self.json({'access_token': tenant + '.' + sessions.sign(tenant), 'token_type': 'Bearer'})

    def tenant(self, tenant):
        kind, _, token = (self.headers.get('Authorization') or '').partition(' ')
        owner = token.split('.')[0]
        if kind != 'Bearer' or not hmac.compare_digest(token, owner + '.' + sessions.sign(owner)):
            raise Page(401, '{"error": "unauthorized"}', 'application/json')
        # What a release that mixes tenants up would do; a test switches it on.
        if owner != tenant and RELEASE not in os.environ.get('ODOO_LEAKS', '').split(','):
            raise Page(403, '{"error": "forbidden"}', 'application/json')
        return self.json({'tenant': tenant, 'orders': self.run('SELECT count(*) FROM shop_order')[0][0]})

    # Business

    def attach(self):
        if not self.body:
            raise Page(400, 'an attachment has content')
        name, digest = common.store(common.filestore(), self.body)
        found = self.run(
            "INSERT INTO ir_attachment (name, type, store_fname, checksum, file_size, mimetype) "
            "VALUES (%s, 'binary', %s, %s, %s, 'application/octet-stream') RETURNING id",
            (self.query.get('name', 'file'), name, digest, len(self.body)))
        return self.json({'id': found[0][0], 'checksum': digest}, 201)

    def attachment(self, number):
        found = self.run('SELECT store_fname FROM ir_attachment WHERE id = %s', (number,))
        if not found:
            raise Page(404, 'no such attachment')
        return Page(200, (common.filestore() / found[0][0]).read_bytes(), 'application/octet-stream')

    def attachments(self):
        found = self.run('SELECT count(*), coalesce(max(id), 0) FROM ir_attachment WHERE store_fname IS NOT NULL')
        return self.json({'count': found[0][0], 'last': found[0][1]})

    def order(self):
        found = self.run("INSERT INTO shop_order (name, amount, user_id) VALUES ('SO-' || txid_current(), 1, 2) RETURNING id")
        return self.json({'id': found[0][0]}, 201)

    def orders(self):
        found = self.run('SELECT count(*), coalesce(max(id), 0) FROM shop_order')
        return self.json({'count': found[0][0], 'last': found[0][1]})

    # The database manager

    def backup(self):
        form = dict(urllib.parse.parse_qsl(self.body.decode('utf-8', 'replace')))
        name, kind = form.get('name', ''), form.get('backup_format', 'zip')
        try:
            if form.get('master_pwd') != MASTER:
                raise PermissionError('Access Denied')
            stream = io.BytesIO()
            (common.dump_zip if kind == 'zip' else common.dump_custom)(name, stream)
        except Exception as error:  # pylint: disable=broad-except
            # The real one catches everything too, and answers 200.
            return Page(200, f'<!DOCTYPE html><html><body><p>Database backup error: {html.escape(str(error))}</p></body></html>')
        return Page(200, stream.getvalue(), 'application/octet-stream; charset=binary', headers=[
            ('Content-Disposition', f"attachment; filename*=UTF-8''{name}.{kind}")])


class Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 256
    ending = False


def main():
    server = Server(('127.0.0.1', int(os.environ['PORT'])), Handler)

    def end(*_):
        # New connections are refused at once, what is under way gets a second.
        server.ending = True
        threading.Thread(target=server.shutdown, daemon=True).start()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    print(f'odoo: HTTP service (werkzeug) running on 127.0.0.1:{server.server_port}, database {common.database()}', flush=True)
    server.serve_forever(poll_interval=0.05)
    server.server_close()
    deadline = threading.Event()
    deadline.wait(0.5)
    os._exit(0)


if __name__ == '__main__':
    main()
