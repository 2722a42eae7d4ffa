"""What the server and odoo-bin share: the database, the filestore, modules on disk, and the dump as Odoo writes it."""
import ast
import base64
import hashlib
import hmac
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import zipfile

import psycopg2

HERE = pathlib.Path(__file__).resolve().parent


def database():
    return os.environ.get('SLIPWAY_DATABASE') or os.environ.get('PGDATABASE') or 'odoo'


def filestore(name=None):
    """SLIPWAY_FILES is the filestore itself; without it, where Odoo would look."""
    if os.environ.get('SLIPWAY_FILES') and name in (None, database()):
        return pathlib.Path(os.environ['SLIPWAY_FILES'])
    data = os.environ.get('ODOO_DATA_DIR') or os.path.expanduser('~/.local/share/Odoo')
    return pathlib.Path(data) / 'filestore' / (name or database())


def connect(name=None):
    """PGHOST, PGPORT, PGUSER and PGPASSWORD say where; libpq reads them itself."""
    return psycopg2.connect(dbname=name or database(), connect_timeout=5, application_name='odoo')


# Modules

def addons_paths(text=None):
    text = text or os.environ.get('ODOO_ADDONS') or str(HERE / 'addons')
    return [pathlib.Path(part) for part in text.split(',') if part]


def module_path(name, paths):
    for path in paths:
        if (path / name / '__manifest__.py').is_file():
            return path / name
    return None


def manifest(path):
    found = ast.literal_eval((path / '__manifest__.py').read_text())
    version = str(found.get('version', '1.0'))
    return {**found, 'version': version if version.startswith('19.0') else '19.0.' + version}


# Files

def store(root, content):
    """Writes content under its hash and marks it for the collector, as ir.attachment does; the row comes after."""
    digest = hashlib.sha1(content).hexdigest()
    name = digest[:2] + '/' + digest
    target = root / name
    target.parent.mkdir(parents=True, exist_ok=True)
    if not target.exists():
        with tempfile.NamedTemporaryFile(dir=target.parent, delete=False) as file:
            file.write(content)
        os.chmod(file.name, 0o644)
        os.rename(file.name, target)
    mark = root / 'checklist' / name
    mark.parent.mkdir(parents=True, exist_ok=True)
    mark.touch()
    return name, digest


# Passwords, as passlib's pbkdf2_sha512

def _ab64(data):
    return base64.b64encode(data).decode().rstrip('=').replace('+', '.')


def hashed(password, rounds=1000):
    salt = os.urandom(16)
    digest = hashlib.pbkdf2_hmac('sha512', password.encode(), salt, rounds)
    return f'$pbkdf2-sha512${rounds}${_ab64(salt)}${_ab64(digest)}'


def matches(password, text):
    found = re.fullmatch(r'\$pbkdf2-sha512\$(\d+)\$([^$]+)\$([^$]+)', text or '')
    if not found:
        return False
    salt = base64.b64decode(found[2].replace('.', '+') + '=' * (-len(found[2]) % 4))
    digest = hashlib.pbkdf2_hmac('sha512', password.encode(), salt, int(found[1]))
    return hmac.compare_digest(_ab64(digest), found[3])


# Dumps

def dump_manifest(cr, name):
    cr.execute("SELECT name, latest_version FROM ir_module_module WHERE state = 'installed'")
    modules = dict(cr.fetchall())
    pg = cr.connection.server_version
    return {
        'odoo_dump': '1', 'db_name': name, 'version': '19.0', 'version_info': [19, 0, 0, 'final', 0, ''],
        'major_version': '19.0', 'pg_version': f'{pg // 10000}.0', 'modules': modules,
    }


def dump_zip(name, stream):
    """As Odoo 19.0 does it: the filestore is copied first, the database dumped after; a file written between has a row and no file."""
    with tempfile.TemporaryDirectory() as folder:
        files = filestore(name)
        if files.exists():
            shutil.copytree(files, os.path.join(folder, 'filestore'))
        pause = float(os.environ.get('ODOO_DUMP_PAUSE', '0'))
        if pause:
            import time
            time.sleep(pause)
        with connect(name) as db, db.cursor() as cr, open(os.path.join(folder, 'manifest.json'), 'w') as file:
            json.dump(dump_manifest(cr, name), file, indent=4)
        subprocess.run(
            ['pg_dump', '--no-owner', '--file=' + os.path.join(folder, 'dump.sql'), name],
            check=True, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT)
        names = []
        for base, _, found in os.walk(folder):
            names += [os.path.relpath(os.path.join(base, one), folder) for one in found]
        with zipfile.ZipFile(stream, 'w', compression=zipfile.ZIP_DEFLATED, allowZip64=True) as archive:
            for one in sorted(names, key=lambda one: (one != 'dump.sql', one)):
                archive.write(os.path.join(folder, one), one)


def dump_custom(name, stream):
    """As Odoo 19.0 does it: nobody looks at the exit code of pg_dump, so a failed one is 0 bytes and a success."""
    child = subprocess.Popen(
        ['pg_dump', '--no-owner', '--format=c', name], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL)
    shutil.copyfileobj(child.stdout, stream)
    child.wait()
