#!/bin/sh
# Unpacks the artifact of a release and runs COMMAND on its code: Odoo's own modules, with those of the release before them.
# usage: code.sh FOLDER COMMAND... (FOLDER: where to, made anew)
set -eu
folder=$1
shift
rm -rf "$folder"
mkdir -p "$folder"
tar -xf "$SLIPWAY_ARTIFACT" -C "$folder"
export ODOO_ADDONS="$folder,odoo/addons" PYTHONDONTWRITEBYTECODE=1
exec "$@"
