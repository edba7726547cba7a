#!/usr/bin/env bash
# Makes sure that a Docker engine answers: uses one that runs, else installs and starts Debian's.
set -euo pipefail
# shellcheck source=tools/env.sh
. "$(dirname "$0")/env.sh"

LOG="$ROOT/.build/dockerd.log"
START_TIMEOUT_S=60

engine_answers() { docker version --format '{{.Server.Version}}' >/dev/null 2>&1; }

# Starts dockerd with the given arguments; fails when it ends, or does not answer in time.
start_engine() {
  say "Starting dockerd $* (log: .build/dockerd.log)"
  setsid dockerd "$@" >"$LOG" 2>&1 </dev/null &
  local dockerd=$! waited_s
  for ((waited_s = 0; waited_s < START_TIMEOUT_S; waited_s++)); do
    engine_answers && return 0
    kill -0 "$dockerd" 2>/dev/null || return 1
    sleep 1
  done
  kill "$dockerd"
  return 1
}

engine_answers && exit 0
[ -z "${DOCKER_HOST:-}" ] || die "DOCKER_HOST is $DOCKER_HOST, but no Docker engine answers there."
[ "$(uname -s)" = Linux ] || die "No Docker engine answers. Start Docker Desktop, Colima or Podman's Docker socket, then run this again."

missing=()
command -v dockerd >/dev/null || missing+=(docker.io)
command -v iptables >/dev/null || missing+=(iptables)
[ ${#missing[@]} = 0 ] || install_packages "No Docker engine answers." "${missing[@]}"
# From Debian 13 on the client is a package of its own.
command -v docker >/dev/null || install_packages "The docker client is missing." docker-cli
engine_answers && exit 0

[ "$(id -u)" = 0 ] || die "No Docker engine answers. Start it (sudo systemctl start docker) and see that you may use it (group docker)."
mkdir -p "$ROOT/.build"
if ! start_engine; then
  grep -qi iptables "$LOG" || die "dockerd did not start. Last lines of $LOG: $(tail -n 3 "$LOG")"
  say "This kernel does not let dockerd write NAT rules: going on without. Published ports still work,"
  say "containers reach the outside through --network host only."
  start_engine --iptables=false || die "dockerd did not start. Last lines of $LOG: $(tail -n 3 "$LOG")"
fi
