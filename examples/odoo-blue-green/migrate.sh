#!/bin/sh
# odoo-bin -u all on $SLIPWAY_DATABASE with the code of the release: modules whose version was raised run their migrations. A repeat finds
# nothing to do. An installed module without code is only a line in Odoo's log and exit code 0: the smoke test `modules` looks for that.
set -eu
cd "$(dirname "$0")"
exec ./code.sh "work/code/migrate-$SLIPWAY_ENVIRONMENT" "$ODOO_PYTHON" odoo/bin/odoo-bin -d "$SLIPWAY_DATABASE" -u all --stop-after-init
