#!/usr/bin/env bash
# Builds the Dockerfile and runs the result once: `scripts/container.sh [--seconds N]`. Needs root and Debian's `buildah`, no Docker.
# The demo runs inside the image with its health check beside it; then one bot's own image is built and asked what is inside.
#
# BUILD_IMAGE and RUN_IMAGE name the base images. Where they are not set, a Debian base is made with `debootstrap` from this machine's
# own package source (apt's), and this machine's Node put on it for the build stage, so that no image has to be pulled.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

seconds=15
[ "${1:-}" = "--seconds" ] && seconds="$2"
for tool in buildah debootstrap node npm; do
  command -v "$tool" >/dev/null || { echo "container: $tool is missing (apt-get install buildah debootstrap)" >&2; exit 2; }
done

export STORAGE_DRIVER=vfs BUILDAH_ISOLATION=chroot
work="$(mktemp -d)"
running=""
cleanup() {
  [ -n "$running" ] && buildah rm "$running" >/dev/null 2>&1 || true
  rm -rf "$work"
}
trap cleanup EXIT

# image NAME FOLDER: a base image with the folder's content.
image() {
  local container
  container="$(buildah from scratch)"
  buildah copy --quiet "$container" "$2" / >/dev/null
  buildah commit --quiet --rm "$container" "$1" >/dev/null
}

base_images() {
  local suite mirror
  suite="$(. /etc/os-release && echo "$VERSION_CODENAME")"
  mirror="$(apt-get indextargets --format '$(REPO_URI) $(RELEASE)' | awk -v suite="$suite" '$2 == suite { print $1; exit }')"
  echo "container: making a $suite base" >&2
  debootstrap --variant=minbase --include=ca-certificates "$suite" "$work/root" "$mirror" >"$work/debootstrap.log" 2>&1 ||
    { tail -20 "$work/debootstrap.log" >&2; exit 1; }
  rm -rf "$work/root/var/cache/apt/archives/"*.deb "$work/root/var/lib/apt/lists/"*
  image perigee-run-base "$work/root"

  # npm and the certificates this machine trusts come along as they are set up here.
  mkdir -p "$work/root/usr/lib/node_modules" "$work/root/usr/etc"
  cp "$(readlink -f "$(command -v node)")" "$work/root/usr/bin/node"
  cp -r "$(npm root --global 2>/dev/null)/npm" "$work/root/usr/lib/node_modules/"
  ln -sf ../lib/node_modules/npm/bin/npm-cli.js "$work/root/usr/bin/npm"
  cp --remove-destination -L /etc/ssl/certs/ca-certificates.crt "$work/root/etc/ssl/certs/"
  local settings
  settings="$(npm config get globalconfig 2>/dev/null)"
  if [ -f "$settings" ]; then cp "$settings" "$work/root/usr/etc/npmrc"; fi
  image perigee-build-base "$work/root"
}

if [ -z "${BUILD_IMAGE:-}" ] || [ -z "${RUN_IMAGE:-}" ]; then
  base_images
  BUILD_IMAGE=localhost/perigee-build-base RUN_IMAGE=localhost/perigee-run-base
fi

make() {
  buildah build --quiet --layers --format docker --build-arg "BUILD_IMAGE=$BUILD_IMAGE" --build-arg "RUN_IMAGE=$RUN_IMAGE" "$@" . >/dev/null
}

echo "container: building" >&2
make -t perigee
running="$(buildah from perigee)"
user="$(buildah inspect --format '{{.Docker.Config.User}}' "$running")"
health="$(buildah inspect --format '{{.Docker.Config.Healthcheck.Test}}' "$running")"
echo "container: image $(buildah images --format '{{.Size}}' perigee | head -1), user $user, health check $health" >&2

echo "container: running the demo for $seconds s" >&2
buildah run "$running" -- /perigee demo --seconds "$seconds" --json >"$work/demo.out" 2>"$work/demo.err" &
demo=$!
checks=0 healthy=0
while kill -0 "$demo" 2>/dev/null; do
  sleep 2
  kill -0 "$demo" 2>/dev/null || break
  checks=$((checks + 1))
  if buildah run "$running" -- /perigee status --check health >/dev/null 2>&1; then healthy=$((healthy + 1)); fi
done
status=0
wait "$demo" || status=$?
if [ "$status" -ne 0 ]; then
  tail -20 "$work/demo.out" "$work/demo.err" >&2
  echo "container: the demo ended with status $status" >&2
  exit 1
fi
tail -1 "$work/demo.out"
echo "container: $healthy of $checks health checks passed" >&2
[ "$healthy" -gt 0 ]

buildah rm "$running" >/dev/null
bot=src/strategies/momentum.ts
echo "container: building $bot" >&2
make --target bot --build-arg "BOT=$bot" -t perigee-bot
running="$(buildah from perigee-bot)"
buildah run "$running" -- /perigee --version --json
