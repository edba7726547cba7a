#!/usr/bin/env bash
# Makes .venv from requirements/dev.txt; made anew when that file or the interpreter changes.
set -euo pipefail
# shellcheck source=tools/env.sh
. "$(dirname "$0")/env.sh"

PYTHON3=${PYTHON3:-python3}
LOCK="$ROOT/requirements/dev.txt"
VENV="$ROOT/.venv"
command -v "$PYTHON3" >/dev/null || install_packages "$PYTHON3 is not installed." python3 python3-venv

stamp=$({ cat "$LOCK" && "$PYTHON3" -VV && echo "$VENV"; } | sha256sum | cut -c1-16)
[ "$(cat "$VENV/.stamp" 2>/dev/null)" = "$stamp" ] && exit 0
say "Making .venv from requirements/dev.txt"
new_venv "$VENV"
"$VENV/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes --requirement "$LOCK"
echo "$stamp" >"$VENV/.stamp"
