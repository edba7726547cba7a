#!/usr/bin/env bash
# What the benchmarks need beside .venv: docker-registry, and .build/bench/venv with what draws the plots.
set -euo pipefail
# shellcheck source=tools/env.sh
. "$(dirname "$0")/../tools/env.sh"

command -v docker-registry >/dev/null || install_packages "The benchmarks push to a registry of their own." docker-registry
LOCK="$ROOT/requirements/bench.txt"
VENV="$ROOT/.build/bench/venv"
mkdir -p "$ROOT/.build/bench"
stamp=$(cat "$LOCK" <("${PYTHON3:-python3}" -VV) | sha256sum | cut -c1-16)
[ "$(cat "$VENV/.stamp" 2>/dev/null)" = "$stamp" ] && exit 0
say "Making .build/bench/venv from requirements/bench.txt"
new_venv "$VENV"
"$VENV/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes --requirement "$LOCK"
echo "$stamp" >"$VENV/.stamp"
