#!/usr/bin/env bash
# Writes dist/ (the buildpack's directory and its .cnb file) when something that goes into it has changed.
# Usage: tools/package.sh [PYTHON]     PYTHON: a prefix, an archive, a URL or a version to package as the interpreter
set -euo pipefail
# shellcheck source=tools/env.sh
. "$(dirname "$0")/env.sh"

cd "$ROOT"
PYTHON=${1:-}
STAMP="$ROOT/.build/package.stamp"
options=(--pack "$ROOT/.build/tools/pack")
[ -z "$PYTHON" ] || options+=(--python "$PYTHON")
# Bytecode for the Python of our build image too, if that is there: detect starts in half the time.
image=$(image_id "ml-buildpack/build:$SUITE")
[ -z "$image" ] || options+=(--bytecode "$ROOT/builder/python.sh")

inputs=(bin src requirements/vendor.txt buildpack.toml tools/*.py)
for optional in README.md LICENSE; do [ ! -e "$optional" ] || inputs+=("$optional"); done
stamp=$({
  echo "$PYTHON $image" && "$ROOT/.venv/bin/python" -VV
  tar --exclude=__pycache__ --sort=name --mtime=@0 --owner=0 --group=0 --mode=go-w -cf - "${inputs[@]}"
} | sha256sum)
[ "$(cat "$STAMP" 2>/dev/null)" = "$stamp" ] && [ -e "$ROOT/dist/buildpack/buildpack.toml" ] && exit 0

say "Packaging the buildpack into dist/"
rm -f "$STAMP"
"$ROOT/.venv/bin/python" "$ROOT/tools/package_buildpack.py" "${options[@]}"
echo "$stamp" >"$STAMP"
