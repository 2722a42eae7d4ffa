#!/bin/sh
# Brings $SLIPWAY_DATABASE to the schema that $SLIPWAY_ARTIFACT asks for. Each migration and the row that remembers it are one
# transaction, and one that is remembered is not run again: a repeat is harmless, and so is a crash in the middle.
set -eu
cd "$(dirname "$0")"
wanted=$(sed -n 's/.*"schema": *\([0-9][0-9]*\).*/\1/p' "$SLIPWAY_ARTIFACT")
[ -n "$wanted" ] || { echo "$SLIPWAY_ARTIFACT says no schema" >&2; exit 1; }
sql() { psql -X -q -At -v ON_ERROR_STOP=1 -d "$SLIPWAY_DATABASE" "$@"; }
sql -c "SET client_min_messages = warning; CREATE TABLE IF NOT EXISTS schema_migrations (version int PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())"
for file in migrations/[0-9]*.sql; do
  version=$(basename "$file" | sed 's/^0*\([0-9]*\)_.*/\1/')
  [ "$version" -le "$wanted" ] || continue
  [ "$(sql -c "SELECT count(*) FROM schema_migrations WHERE version = $version")" = 0 ] || continue
  sql -1 -c "INSERT INTO schema_migrations (version) VALUES ($version)" -f "$file"
  echo "applied $file"
done
echo "schema of $SLIPWAY_DATABASE: $(sql -c 'SELECT max(version) FROM schema_migrations')"
