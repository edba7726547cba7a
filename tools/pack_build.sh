#!/usr/bin/env bash
# Builds a directory into an image with pack.
# Usage: tools/pack_build.sh DIRECTORY IMAGE [pack flags …]     BUILDER=… for another builder than ours
set -euo pipefail
# shellcheck source=tools/env.sh
. "$(dirname "$0")/env.sh"
use_engine

[ $# -ge 2 ] || die "usage: $0 DIRECTORY IMAGE [pack flags …]"
APP=$1 IMAGE=$2
shift 2
[ -d "$APP" ] || die "$APP is not a directory"

BUILDER=${BUILDER:-$BUILDER_OURS}
flags=(--path "$APP" --builder "$BUILDER" --trust-builder)
# Our images are in no registry. (With if-not-present, pack asks a registry for the lifecycle image even when it is there.)
case "$BUILDER" in
  ml-buildpack/*) flags+=(--pull-policy never) ;;
  *) flags+=(--pull-policy if-not-present) ;;
esac
# So that indexes on localhost, and whatever names this machine resolves, are reached from the build as well.
flags+=(--network host)

# A caller with certificates of its own hands them to the build as the binding that platforms use for that.
if [ -n "${SSL_CERT_FILE:-}" ] && [ -f "$SSL_CERT_FILE" ]; then
  binding="$ROOT/.build/bindings/caller-ca"
  mkdir -p "$binding"
  printf 'ca-certificates' >"$binding/type"
  cp "$SSL_CERT_FILE" "$binding/ca.pem"
  flags+=(--volume "$binding:/platform/bindings/caller-ca:ro")
fi
# pack hands on proxy variables by itself.
for name in PIP_INDEX_URL PIP_EXTRA_INDEX_URL UV_INDEX_URL UV_DEFAULT_INDEX; do
  [ -z "${!name:-}" ] || flags+=(--env "$name")
done

exec pack build "$IMAGE" "${flags[@]}" "$@"
