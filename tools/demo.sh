#!/usr/bin/env bash
# Builds the scikit-learn fixture into an image, runs it the way a cluster would, and asks it for a prediction.
set -euo pipefail
# shellcheck source=tools/env.sh
. "$(dirname "$0")/env.sh"

APP=${APP:-fixtures/iris-flask}
IMAGE=${IMAGE:-ml-buildpack-demo}
READY_TIMEOUT_S=60
REQUEST='{"instances": [[5.1, 3.5, 1.4, 0.2]]}'

# The answer to the request, or nothing while there is none. In Python, since curl need not be installed.
ask() {
  "$ROOT/.venv/bin/python" - "$1" "$REQUEST" 2>/dev/null <<'PYTHON'
import sys, urllib.request
url, body = sys.argv[1:]
request = urllib.request.Request(url, body.encode(), {"Content-Type": "application/json"})
# Straight to this machine, whatever proxy the environment names.
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
print(opener.open(request, timeout=10).read().decode().strip())
PYTHON
}

say "Building $APP ($(cd "$APP" && echo *)) into the image $IMAGE"
"$ROOT/tools/pack_build.sh" "$APP" "$IMAGE"

say "Starting a container of it: read-only, without capabilities, as any user"
container=$(docker run --detach --read-only --tmpfs /tmp --cap-drop ALL --user 12345:0 --publish 127.0.0.1::8080 "$IMAGE")
trap 'docker rm --force "$container" >/dev/null' EXIT
address=$(docker port "$container" 8080/tcp)

for ((waited_s = 0; waited_s < READY_TIMEOUT_S; waited_s++)); do
  answer=$(ask "http://$address/predict") && break
  [ "$(docker inspect --format '{{.State.Running}}' "$container")" = true ] || break
  sleep 1
done
[ -n "$answer" ] || die "The container gave no prediction. Its log: $(docker logs --tail 20 "$container" 2>&1)"

say "It sized itself: $(docker logs "$container" 2>&1 | sed -n 's/^model_server: //p')"
say "Run it yourself: docker run --rm --publish 8080:8080 $IMAGE"
say "Asking http://$address/predict"
printf '    request   %s\n    answer    %s\n' "$REQUEST" "$answer"
