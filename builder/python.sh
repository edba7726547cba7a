#!/usr/bin/env bash
# The python3 of our build image, as a program that sees this checkout. Used to compile bytecode for it.
set -euo pipefail
export PATH="${PATH:-}:/usr/local/bin:/usr/bin:/bin"
# shellcheck source=tools/env.sh
. "$(dirname "$0")/../tools/env.sh"
exec docker run --rm --network none --user "$(id -u):$(id -g)" --env PYTHONHASHSEED --volume "$ROOT:$ROOT" \
  "ml-buildpack/build:$SUITE" python3 "$@"
