#!/usr/bin/env bash
# Runs a command with pack and the lifecycle on PATH, and with what pack has to know of the engine, if one answers.
# Usage: tools/with_tools.sh COMMAND …
set -euo pipefail
# shellcheck source=tools/env.sh
. "$(dirname "$0")/env.sh"
use_engine
exec "$@"
