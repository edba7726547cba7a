# shellcheck shell=bash
# Names and paths that every script, and every test, shares. To be sourced; changes nothing on the machine.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export PATH="$ROOT/.build/tools:$PATH"

# The Debian release that the base images are made from; trixie brings Python 3.13.
export SUITE="${SUITE:-trixie}"
export BUILDER_OURS="ml-buildpack/builder:$SUITE"
export BUILDER_EMPTY="ml-buildpack/builder-empty:$SUITE"
export BUILDER_NOPYTHON="ml-buildpack/builder-nopython:$SUITE"

# Where pack keeps its state. Inside a container it makes new cache volumes for every build unless the key is given.
export PACK_HOME="${PACK_HOME:-$ROOT/.build/pack}"
export PACK_VOLUME_KEY="${PACK_VOLUME_KEY:-ml-buildpack}"

# The clean-up container of testcontainers would be pulled from a registry; the tests remove what they start.
export TESTCONTAINERS_RYUK_DISABLED=true

say() { printf '%s %s\n' '==>' "$*"; }
die() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

# The engine's API version where it is older than pack and the lifecycle negotiate down to; nothing otherwise.
old_engine_api() {
  local version
  version=$(docker version --format '{{.Server.APIVersion}}' 2>/dev/null) || return 0
  [ "$(printf '%s\n' "$version" 1.44 | sort -V | head -n 1)" = 1.44 ] || echo "$version"
}

# Lets pack talk to an old engine, such as Docker 20.10 of Debian 12.
use_engine() {
  local version=${DOCKER_API_VERSION:-$(old_engine_api)}
  [ -z "$version" ] || export DOCKER_API_VERSION="$version"
}

image_id() { docker image inspect --format '{{.Id}}' "$1" 2>/dev/null || true; }

# Removes an image that a newer one has taken the name of; one that is named or used otherwise stays.
remove_replaced_image() {
  [ "$(docker image inspect --format '{{len .RepoTags}}' "$1" 2>/dev/null)" != 0 ] || docker rmi "$1" >/dev/null 2>&1 || true
}

# Installs Debian packages, or says which ones a person has to install.
install_packages() {
  local why=$1
  shift
  if [ ! -e /etc/debian_version ] || [ "$(id -u)" != 0 ]; then
    die "$why Install, then run this again: $*"
  fi
  say "$why Installing from Debian: $*"
  local install=(apt-get install -y -qq --no-install-recommends "$@")
  export DEBIAN_FRONTEND=noninteractive
  "${install[@]}" >/dev/null 2>&1 </dev/null || { apt-get update -qq && "${install[@]}" >/dev/null </dev/null; } ||
    die "apt-get could not install: $*"
}

# Makes a virtual environment with pip in it. Debian's python3 lacks ensurepip until python3-venv is installed.
new_venv() {
  local python=${PYTHON3:-python3}
  "$python" -c 'import ensurepip' 2>/dev/null || install_packages "$python cannot make virtual environments." python3-venv
  rm -rf "$1"
  "$python" -m venv "$1"
}
