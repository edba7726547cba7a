# shellcheck shell=sh disable=SC2154  # phase comes from the two that read this
# Runs src/ for $phase on a Python that can: the packaged one, else the first of PATH that is 3.10 or newer.
# Read by bin/detect and bin/build, which set $phase and CNB_BUILDPACK_DIR; it needs no command but Python itself.
# -I: no PYTHON* variable, user site or file of the app reaches us. -B: the buildpack's directory is read-only.
# -u: lines keep their order beside those of the tools we start.
export CNB_BUILDPACK_DIR
if [ -x "$CNB_BUILDPACK_DIR/python/bin/python3" ]; then
    exec "$CNB_BUILDPACK_DIR/python/bin/python3" -I -B -u "$CNB_BUILDPACK_DIR/src" "$phase"
fi
refused=
IFS=:
for folder in $PATH; do
    # A relative entry would let a file of the app run as our interpreter.
    case $folder in /*) ;; *) continue ;; esac
    # By trying, not by name: python3 may be old beside a python3.12, and pyenv's shims exist for versions that do not run.
    for python in "$folder"/python3 "$folder"/python3.1[0-9]; do
        if [ ! -f "$python" ] || [ ! -x "$python" ]; then continue; fi
        if "$python" -I -S -c 'import sys; sys.exit(sys.version_info < (3, 10))' >/dev/null 2>&1; then
            exec "$python" -I -B -u "$CNB_BUILDPACK_DIR/src" "$phase"
        fi
        refused="${refused:+$refused, }$python"
    done
done
# The shell's own printf: a PATH without python3 may lack cat as well.
printf '%s\n' >&2 \
    '[Error ML-ENV-001: No Python 3.10 or newer in the build image]' \
    'The buildpack itself runs on Python, but neither its package nor the build image brings one that it can use.' \
    "Packaged:  $CNB_BUILDPACK_DIR/python/bin/python3 does not exist" \
    "PATH:      ${PATH:-(empty)}" \
    "Refused:   ${refused:-nothing named python3 was found there}${refused:+ (older than 3.10, or does not start)}" \
    '' \
    '1. Use a builder whose build image has python3 3.10 or newer (Debian 12 and Ubuntu 22.04 are new enough).' \
    '2. Or use a package of this buildpack that brings its own interpreter: make package PYTHON=3.12' \
    '3. If PATH is set for the build (pack build --env PATH=...), leave it out.' \
    'See docs/errors.md, ML-ENV-001.'
exit 1
