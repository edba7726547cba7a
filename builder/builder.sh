#!/usr/bin/env bash
# Makes one builder image, with its base images and the lifecycle. Needs an engine and .build/tools.
# Usage: builder/builder.sh ours|empty|nopython, or: builder/builder.sh IMAGE BUILDPACK_DIR for any other buildpack
set -euo pipefail
# shellcheck source=tools/env.sh
. "$(dirname "$0")/../tools/env.sh"
use_engine

KIND=${1:-ours}
PLACEHOLDER="$ROOT/builder/placeholder"
case "$KIND" in
  ours) NAME=$BUILDER_OURS BASE=with-python SUFFIX='' BUILDPACK_DIR="$ROOT/dist/buildpack" ;;
  empty) NAME=$BUILDER_EMPTY BASE=with-python SUFFIX='' BUILDPACK_DIR=$PLACEHOLDER ;;
  nopython) NAME=$BUILDER_NOPYTHON BASE=without-python SUFFIX=-nopython BUILDPACK_DIR=$PLACEHOLDER ;;
  */*:*)
    NAME=$KIND BASE=with-python SUFFIX='' BUILDPACK_DIR=$2
    KIND=$(tr '/:' '--' <<<"$NAME")
    ;;
  *) die "unknown builder '$KIND': ours, empty or nopython, or an image and a buildpack's directory" ;;
esac
BUILD_IMAGE="ml-buildpack/build$SUFFIX:$SUITE"
RUN_IMAGE="ml-buildpack/run$SUFFIX:$SUITE"
LIFECYCLE_VERSION=$(awk '$1 == "github.com/buildpacks/lifecycle" && NF > 1 { sub("^v", "", $2); print $2 }' "$ROOT/tools/go.mod")
# pack looks for an image of this name when phases run in containers of their own, as they do for an extra --buildpack.
LIFECYCLE_IMAGE="buildpacksio/lifecycle:$LIFECYCLE_VERSION"
WORK="$ROOT/.build/builder-$KIND"

inspect() { docker image inspect --format "$1" "$2" 2>/dev/null || true; }
sha256() { sha256sum | cut -c1-64; }

# One digest of names, modes and contents.
digest_of_tree() { tar -C "$1" --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -cf - . | sha256; }

write_lifecycle() {
  rm -rf "$WORK" && mkdir -p "$WORK/lifecycle"
  cp -P "$ROOT"/.build/tools/* "$WORK/lifecycle/"
  rm "$WORK/lifecycle/pack"
  sed "s|@VERSION@|$LIFECYCLE_VERSION|" "$ROOT/builder/lifecycle.toml" >"$WORK/lifecycle.toml"
  tar -C "$WORK" --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -czf "$WORK/lifecycle.tgz" lifecycle.toml lifecycle
}

# A pulled image of this name is left alone: it lacks the label that ours inherits from the run image.
write_lifecycle_image() {
  local replaced container
  replaced=$(image_id "$LIFECYCLE_IMAGE")
  [ -z "$replaced" ] || [ -n "$(inspect '{{index .Config.Labels "ml-buildpack.stamp"}}' "$LIFECYCLE_IMAGE")" ] || return 0
  container=$(docker create --env DOCKER_API_VERSION="$(old_engine_api)" "$RUN_IMAGE" /cnb/lifecycle/lifecycle)
  tar -C "$WORK" --transform 's|^lifecycle|cnb/lifecycle|rhS' --owner=0 --group=0 -cf - lifecycle | docker cp - "$container:/" >/dev/null
  docker commit --change 'USER root' --change "LABEL io.buildpacks.lifecycle.version=$LIFECYCLE_VERSION" "$container" "$LIFECYCLE_IMAGE" >/dev/null
  docker rm "$container" >/dev/null
  remove_replaced_image "$replaced"
}

write_builder_toml() {
  local id
  id=$(sed -n 's/^id *= *"\(.*\)"/\1/p' "$BUILDPACK_DIR/buildpack.toml" | head -n 1)
  sed -e "s|@SUITE@|$SUITE|" -e "s|@BUILDPACK_DIR@|$BUILDPACK_DIR|" -e "s|@BUILDPACK_ID@|$id|" \
    -e "s|@BUILD_IMAGE@|$BUILD_IMAGE|" -e "s|@RUN_IMAGE@|$RUN_IMAGE|" -e "s|@LIFECYCLE@|$WORK/lifecycle.tgz|" \
    -e "s|@RUN_IMAGE_PYTHON@|$(inspect '{{index .Config.Labels "ml-buildpack.python"}}' "$RUN_IMAGE")|" \
    -e "s|@ARCH@|$(inspect '{{.Architecture}}' "$BUILD_IMAGE")|" "$ROOT/builder/builder.toml" >"$WORK/builder.toml"
}

[ -f "$BUILDPACK_DIR/buildpack.toml" ] || die "$BUILDPACK_DIR is not a buildpack. Run: make package"
"$ROOT/builder/base_images.sh" "$BASE"

STAMP=$({
  cat "$ROOT"/builder/{builder.sh,builder.toml,lifecycle.toml}
  image_id "$BUILD_IMAGE"
  image_id "$RUN_IMAGE"
  basename "$ROOT"/.build/tools/.stamp-*
  digest_of_tree "$BUILDPACK_DIR"
} | sha256 | cut -c1-16)
if [ "$(inspect '{{index .Config.Labels "ml-buildpack.stamp"}}' "$NAME")" = "$STAMP" ] && [ -n "$(image_id "$LIFECYCLE_IMAGE")" ]; then
  exit 0
fi
say "Making $NAME"
write_lifecycle
write_lifecycle_image
write_builder_toml
replaced=$(image_id "$NAME")
pack builder create "$NAME" --config "$WORK/builder.toml" --pull-policy never --label "ml-buildpack.stamp=$STAMP" >"$WORK/pack.log" 2>&1 ||
  die "pack could not create $NAME: $(cat "$WORK/pack.log")"
remove_replaced_image "$replaced"
