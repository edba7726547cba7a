#!/usr/bin/env bash
# Makes the base images from Debian packages: build and run, each also without Python. Nothing is pulled.
# Usage: builder/base_images.sh [with-python|without-python]
set -euo pipefail
# shellcheck source=tools/env.sh
. "$(dirname "$0")/../tools/env.sh"

VARIANT=${1:-with-python}
BUILD_UID=1001
# Not the build image's: what a build wrote must not be writable for the app (platform spec, "Run Image").
RUN_UID=1002
GID=1001

COMMON=ca-certificates,libgomp1,libstdc++6,tzdata
case "$VARIANT" in
  with-python)
    SUFFIX=
    RUN_PACKAGES=$COMMON,python3
    BUILD_PACKAGES=$COMMON,apt,python3,python3-dev,gcc,g++,make,git,curl,xz-utils,pkg-config
    ;;
  without-python)
    # Stands for the build images of other vendors, which bring no interpreter.
    SUFFIX=-nopython
    RUN_PACKAGES=$COMMON
    BUILD_PACKAGES=$COMMON,curl,xz-utils
    ;;
  *) die "unknown variant '$VARIANT': with-python or without-python" ;;
esac

# 1980-01-01T00:00:01Z, the lifecycle's own epoch. Newer file times are set to it, so that equal packages give equal layers.
export SOURCE_DATE_EPOCH=315532801

# The lifecycle runs in the build image and speaks to the engine itself, so it has to know of an old one.
ENGINE_API=$(old_engine_api)

# Prints nothing and fails when the image is missing.
stamp_of() { docker image inspect --format '{{index .Config.Labels "ml-buildpack.stamp"}}' "$1" 2>/dev/null; }

# What the run image has, for the build image to know: its libraries by name, and dpkg's list of its packages.
describe_run_image() {
  local target=$1 container
  rm -rf "$target" && mkdir -p "$target"
  container=$(docker create "ml-buildpack/run$SUFFIX:$SUITE" none)
  docker export "$container" >"$target/files.tar"
  docker rm "$container" >/dev/null
  tar -xOf "$target/files.tar" var/lib/dpkg/status >"$target/dpkg-status"
  tar -tf "$target/files.tar" | sed -nE 's#^(usr/)?lib(64|/[^/]+-linux-gnu)?/([^/]+\.so(\.[^/]+)?)$#\3#p' | LC_ALL=C sort -u >"$target/libraries"
  rm "$target/files.tar"
  [ -s "$target/libraries" ] || die "no libraries were found in the run image"
}

make_image() {
  local role=$1 uid=$2 packages=$3 image="ml-buildpack/$1$SUFFIX:$SUITE" stamp replaced
  stamp=$(printf '%s\n' "$SUITE" "$role" "$packages" "$ENGINE_API" "$([ "$role" = run ] || image_id "ml-buildpack/run$SUFFIX:$SUITE")" | cat - "$ROOT/builder/base_images.sh" "$ROOT/builder/trim_rootfs.sh" | sha256sum | cut -c1-16)
  [ "$(stamp_of "$image")" = "$stamp" ] && return
  say "Making $image from Debian $SUITE packages (half a minute, once)"
  command -v mmdebstrap >/dev/null || install_packages "Base images are made with mmdebstrap." mmdebstrap
  local rootfs="$ROOT/.build/$role$SUFFIX-$SUITE.tar"
  replaced=$(image_id "$image")
  [ "$role" = run ] || describe_run_image "$ROOT/.build/run-image$SUFFIX"
  debootstrap_into "$rootfs" "$role" "$uid" "$packages"
  import_image "$rootfs" "$image" "$role" "$uid" "$stamp"
  rm "$rootfs"
  remove_replaced_image "$replaced"
}

debootstrap_into() {
  local rootfs=$1 role=$2 uid=$3 packages=$4 log="$ROOT/.build/mmdebstrap-$2$SUFFIX.log"
  mmdebstrap --variant=essential --include="$packages" \
    --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/man/*' \
    --dpkgopt='path-exclude=/usr/share/info/*' --dpkgopt='path-exclude=/usr/share/doc/*' \
    --dpkgopt='path-include=/usr/share/doc/*/copyright' \
    --dpkgopt='path-exclude=/usr/bin/*-lto-dump*' --dpkgopt='path-exclude=/usr/lib/python3*/config-*/*.a' \
    --customize-hook="'$ROOT/builder/trim_rootfs.sh' \"\$1\" $role $uid $GID '$ROOT/.build/run-image$SUFFIX'" \
    "$SUITE" "$rootfs" ${DEBIAN_MIRROR:+"$DEBIAN_MIRROR"} >"$log" 2>&1 </dev/null ||
    die "mmdebstrap failed. Last lines of $log: $(tail -n 5 "$log")"
}

import_image() {
  local rootfs=$1 image=$2 role=$3 uid=$4 stamp=$5 distro_version python environment=()
  if [ "$role" = build ]; then
    environment=(--change "ENV CNB_USER_ID=$uid" --change "ENV CNB_GROUP_ID=$GID")
    [ -z "$ENGINE_API" ] || environment+=(--change "ENV DOCKER_API_VERSION=$ENGINE_API")
  fi
  distro_version=$(tar -xOf "$rootfs" ./usr/lib/os-release | sed -n 's/^VERSION_ID="\(.*\)"/\1/p')
  # "./usr/bin/python3 -> python3.13"; nothing where there is no Python.
  python=$(tar -tvf "$rootfs" | sed -n 's|.* \./usr/bin/python3 -> python\(3\.[0-9]*\)$|\1|p')
  docker import \
    --change "USER $uid:$GID" --change 'WORKDIR /' \
    --change 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' --change 'ENV LANG=C.UTF-8' \
    "${environment[@]}" \
    --change 'LABEL io.buildpacks.base.id=ml-buildpack' \
    --change 'LABEL io.buildpacks.base.distro.name=debian' \
    --change "LABEL io.buildpacks.base.distro.version=$distro_version" \
    --change "LABEL ml-buildpack.python=$python" --change "LABEL ml-buildpack.stamp=$stamp" \
    "$rootfs" "$image" >/dev/null
}

mkdir -p "$ROOT/.build"
make_image run "$RUN_UID" "$RUN_PACKAGES"
make_image build "$BUILD_UID" "$BUILD_PACKAGES"
