# shellcheck shell=sh
# What both examples need to be played: programs, a PostgreSQL cluster of their own, processes beside it, and looking at evidence. Sourced by ./run, which
# says ROLES (beside postgres, each with a password in work/secrets), POSTGRES (the cluster's port) and, if it is another one, FILE, the pipeline file.

say() { printf '\n== %s\n' "$*"; }
fail() { printf 'FAILED: %s\n' "$*" >&2; exit 1; }
same() { # same WHAT FOUND EXPECTED
  [ "$2" = "$3" ] || fail "$1: expected '$3', found '$2'"
  printf '   ok: %s: %s\n' "$1" "$2"
}
slipway() { "$SLIPWAY" "$@" ${FILE:+--file "$FILE"}; }
field() { # field RUN KEY: a value of the run as JSON
  slipway status "$1" --output json | "$PYTHON" -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$2"
}
as_postgres() { # PostgreSQL refuses to run as root
  if [ "$(id -u)" = 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi
}
sql() { # sql DATABASE QUERY
  PGPASSWORD=$(cat work/secrets/postgres) psql -X -q -At -v ON_ERROR_STOP=1 -h 127.0.0.1 -p $POSTGRES -U postgres -d "$1" -c "$2"
}

# --- what it needs ----------------------------------------------------------------------------------------------------

find_programs() {
  if [ -z "${SLIPWAY:-}" ]; then
    SLIPWAY=$(command -v slipway || true)
    for built in ../../.build-release/release/slipway ../../.build/debug/slipway; do
      if [ -x "$built" ]; then SLIPWAY=$(cd "$(dirname "$built")" && pwd)/slipway; fi
    done
  fi
  [ -n "$SLIPWAY" ] || fail "there is no slipway on the PATH; build it with 'make build', or name it: SLIPWAY=/path/to/slipway ./run $1"
  for PYTHON in python3 /usr/bin/python3 ''; do
    [ -n "$PYTHON" ] || fail "no Python 3 with psycopg2; on Debian: apt-get install python3-psycopg2"
    if "$PYTHON" -c 'import psycopg2' 2>/dev/null; then break; fi
  done
  PYTHON=$(command -v "$PYTHON")
  BIN=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -1)
  if [ -z "$BIN" ]; then BIN=$(dirname "$(command -v initdb || echo /nowhere/initdb)"); fi
  [ -x "$BIN/initdb" ] || fail "there is no PostgreSQL server on this machine; on Debian: apt-get install postgresql"
  PATH=$BIN:$PATH
  export PATH
}

# --- the world: a cluster, what lies outside, customers, whoever drives ---------------------------------------------------

start_cluster() {
  # A folder that the user postgres can reach, which one below /root is not.
  cluster=$PWD/work/cluster
  mkdir -p work
  if [ "$(id -u)" = 0 ] && ! as_postgres test -x "$PWD/work"; then cluster=$(mktemp -d /tmp/slipway-cluster-XXXXXX); fi
  mkdir -p "$cluster"
  echo "$cluster" >work/cluster-folder
  mkdir -p -m 700 work/secrets
  for name in postgres $ROLES; do od -An -N16 -tx1 /dev/urandom | tr -d ' \n' >work/secrets/$name; done
  cp work/secrets/postgres "$cluster/password"
  if [ "$(id -u)" = 0 ]; then chown -R postgres: "$cluster"; fi
  (
    cd "$cluster"
    as_postgres "$BIN/initdb" -D data -U postgres --auth=scram-sha-256 --pwfile=password -E UTF8 --locale=C.UTF-8 >initdb.log
    printf "port = %s\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = ''\nmax_connections = 100\n" $POSTGRES >>data/postgresql.conf
    rm password
    as_postgres "$BIN/pg_ctl" -D data -w -t 120 -l log start >/dev/null
  ) || fail "PostgreSQL does not start; see $cluster/initdb.log and $cluster/log"
}

stop_cluster() {
  [ -f work/cluster-folder ] || return 0
  cluster=$(cat work/cluster-folder)
  (cd / && as_postgres "$BIN/pg_ctl" -D "$cluster/data" -m fast -w stop) >/dev/null 2>&1 || true
  case $cluster in /tmp/slipway-cluster-*) rm -rf "$cluster" ;; esac
}

# Starts COMMAND in the background and keeps its process id under NAME, so that it is ended for certain.
begin() {
  name=$1
  shift
  "$@" >"work/$name.log" 2>&1 </dev/null &
  echo $! >"work/$name.pid"
}

end() {
  [ -f "work/$1.pid" ] || return 0
  pid=$(cat "work/$1.pid")
  rm -f "work/$1.pid"
  kill "$pid" 2>/dev/null || return 0
  wait "$pid" 2>/dev/null || true
  while kill -0 "$pid" 2>/dev/null; do sleep 0.1; done
}

stop() {
  end customers
  end driver
  "$SLIPWAY" demo --stop --dir . >/dev/null 2>&1 || true
  end world
  stop_cluster
}

clean() {
  stop
  rm -rf work .slipway slipway.schema.json
}

evidence() { # evidence NAME: exported, verified by slipway and by OpenSSL alone
  rm -rf "work/evidence/$1"
  mkdir -p work/evidence
  slipway evidence export "$RUN" "work/evidence/$1" >/dev/null
  "$SLIPWAY" evidence verify --quiet "work/evidence/$1"
  sh "work/evidence/$1/verify.sh" >/dev/null || fail "verify.sh does not accept work/evidence/$1"
  for name in inputs.json run_id.txt staging_snapshot.json blue_backup.json green_restore.json smoke_tests.json cutover.json \
    stability_metrics.json rollback.json final_status.json promotion_summary.md; do
    [ -s "work/evidence/$1/$name" ] || fail "evidence has no $name"
  done
  for secret in work/secrets/*; do
    ! grep -rqF "$(cat "$secret")" "work/evidence/$1" .slipway/journal.sqlite work/driver.log work/told.jsonl || fail "$secret stands in what was written"
  done
  echo "$RUN" >"work/evidence/$1.run"
  echo "   evidence: $PWD/work/evidence/$1; the way in: promotion_summary.md"
}

# Plays the functions named in $stories. Whatever happens, nothing is left running; with KEEP=1 only a failure ends it.
play() {
  trap 'code=$?; trap - EXIT INT TERM; if [ $code != 0 ] || [ -z "${KEEP:-}" ]; then stop; fi; exit $code' EXIT
  trap 'exit 130' INT TERM
  prepare
  for each in $stories; do $each; done
  end customers
  say "what customers saw"
  cat work/customers.json
  printf '\n\nall as expected; evidence in %s/work/evidence\n' "$PWD"
}

# Sets `stories` from the word on the command line.
choose() {
  case ${1:-} in
    good | smoke-fails | breach | restore) stories=$(echo "$1" | tr - _) ;;
    all) stories="good smoke_fails breach restore" ;;
    clean) stories= ;;
    *) sed -n '2,/^set -eu/{/^set -eu/d;s/^# \{0,1\}//p;}' "$0"; exit 64 ;;
  esac
  find_programs "$1"
  if [ "$1" = clean ]; then clean; exit 0; fi
}
