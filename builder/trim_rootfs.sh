#!/bin/sh
# Finishes a root file system that mmdebstrap has filled: user, bytecode, and what an image does not need.
# Called by base_images.sh as: trim_rootfs.sh ROOT run|build UID GID RUN_IMAGE; the last describes the run image.
set -eu
root=$1 role=$2 uid=$3 gid=$4 run_image=$5

echo "cnb:x:$gid:" >>"$root/etc/group"
echo "cnb:x:$uid:$gid::/home/cnb:/bin/sh" >>"$root/etc/passwd"
install -d -o "$uid" -g "$gid" -m 755 "$root/home/cnb"

# Checked against nothing at import: file times in an image say nothing, and reading the sources again costs start-up time.
for library in "$root"/usr/lib/python3.[0-9]*; do
  [ -d "$library" ] || continue
  chroot "$root" python3 -m compileall -q -f --invalidation-mode unchecked-hash "${library#"$root"}"
done

if [ "$role" = run ]; then
  # Only maintainer scripts need Perl, and none runs any more. dpkg's database stays true, for scanners.
  chroot "$root" dpkg --purge --force-depends --force-remove-essential --force-remove-protected debconf perl-base
  # No process of an image may gain rights.
  find "$root" -xdev -type f -perm /6000 -exec chmod a-s {} +
fi

if [ "$role" = build ]; then
  install -d "$root/usr/share/ml-buildpack/run-image"
  install -m 644 "$run_image/libraries" "$run_image/dpkg-status" "$root/usr/share/ml-buildpack/run-image/"
fi

# Docker writes these two itself; the rest differs from run to run or is empty of use.
rm -rf "$root/etc/hostname" "$root/etc/resolv.conf" "$root/etc/machine-id" "$root"/var/log/* "$root"/var/cache/*/* \
  "$root"/var/lib/apt "$root"/var/lib/dpkg/*-old "$root"/tmp/*
