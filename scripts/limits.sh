#!/usr/bin/env bash
# Runs what the Dockerfile states memory limits for under these limits, in memory cgroups as a container engine would make them:
# `scripts/limits.sh [--seconds N]`. Prints what the kernel counted and fails where something was killed or could not do its work.
# Needs root, Linux and `npm run build`. Page cache counts until the kernel wants it back: a peak may touch its limit, a kill may not.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

seconds=60
[ "${1:-}" = "--seconds" ] && seconds="$2"
fail() {
  echo "limits: $*" >&2
  exit 2
}
[ "$(id -u)" = 0 ] || fail "wants root: it makes cgroups"
[ -x dist/perigee ] || fail "there is no dist/perigee; run npm run build"
if [ -f /sys/fs/cgroup/cgroup.controllers ]; then
  version=2 root=/sys/fs/cgroup
  echo +memory >"$root/cgroup.subtree_control" 2>/dev/null || true
elif [ -d /sys/fs/cgroup/memory ]; then
  version=1 root=/sys/fs/cgroup/memory
else
  fail "this system shows no memory cgroups"
fi

# The Dockerfile's own words: `# limit: bot 128m`.
limit() {
  local found
  found="$(sed -n "s/^# limit: $1 \([0-9]*\)m$/\1/p" Dockerfile)"
  [ -n "$found" ] || fail "the Dockerfile states no limit of $1"
  echo "$found"
}

# What the image sets for the runtime, too.
while read -r setting; do export "${setting?}"; done < <(sed -n 's/^ENV \(BUN_[A-Za-z_]*=.*\)$/\1/p' Dockerfile)

work="$(mktemp -d)"
groups=() exchange=""
cleanup() {
  [ -n "$exchange" ] && kill "$exchange" 2>/dev/null && wait "$exchange" 2>/dev/null || true
  for group in "${groups[@]}"; do
    for _ in 1 2 3 4 5 6 7 8 9 10; do rmdir "$group" 2>/dev/null && break || sleep 0.2; done
  done
  rm -rf "$work"
}
trap cleanup EXIT

megabytes() { echo $((($1 + 500000) / 1000000)); }

# measured NAME LIMIT_MB COMMAND…: the command's last line must be its summary.
measured() {
  local name="$1" limit="$2" group="$root/perigee-$$-${#groups[@]}" status=0 most=0 now
  shift 2
  mkdir "$group" || fail "cannot make a memory cgroup"
  groups+=("$group")
  if [ "$version" = 2 ]; then
    echo "${limit}M" >"$group/memory.max"
    echo 0 >"$group/memory.swap.max" 2>/dev/null || true
  else
    echo "${limit}M" >"$group/memory.limit_in_bytes"
    echo "${limit}M" >"$group/memory.memsw.limit_in_bytes" 2>/dev/null || true
  fi
  # What it runs is read from its own disk, as in a container: its pages are then its own.
  (
    echo "$BASHPID" >"$group/cgroup.procs"
    mkdir "$work/$name" && cp "$1" "$work/$name/program" && cd "$work/$name" && shift && exec ./program "$@"
  ) >"$work/$name.out" 2>"$work/$name.err" &
  local running=$!
  while kill -0 "$running" 2>/dev/null; do
    now="$(awk '$1 == "rss" || $1 == "anon" { print $2; exit }' "$group/memory.stat")"
    [ "${now:-0}" -gt "$most" ] && most="$now"
    sleep 0.1
  done
  wait "$running" || status=$?
  local peak kills
  peak="$(cat "$group/memory.peak" 2>/dev/null || cat "$group/memory.max_usage_in_bytes" 2>/dev/null || echo 0)"
  kills="$(awk '$1 == "oom_kill" { print $2 }' "$group/memory.events" "$group/memory.oom_control" 2>/dev/null || true)"
  printf '%-22s limit %4d MB   peak %4d MB   without page cache %4d MB   kills %s\n' \
    "$name" "$((limit * 1048576 / 1000000))" "$(megabytes "$peak")" "$(megabytes "$most")" "${kills:-0}"
  if [ "$status" != 0 ] || [ "${kills:-0}" != 0 ]; then
    cat "$work/$name.err" >&2
    tail -1 "$work/$name.out" >&2
    echo "limits: $name ended with status $status" >&2
    exit 1
  fi
  tail -1 "$work/$name.out"
}

measured demo "$(limit demo)" "$PWD/dist/perigee" demo --seconds "$seconds" --json

dist/perigee sim binance-um --port 0 --json >"$work/exchange" &
exchange=$!
while [ ! -s "$work/exchange" ]; do sleep 0.1; done
url="$(sed -n 's/.*"url":"\([^"]*\)".*/\1/p' "$work/exchange")"
export BINANCE_API_KEY=perigee-simulated-key BINANCE_SECRET_KEY=perigee-simulated-secret
live=(--live --endpoint "$url" --http-port 0 --seconds "$seconds" --json --log warn)

dist/perigee build src/strategies/momentum.ts -o "$work/momentum" >/dev/null
measured bot-with-model "$(limit bot-with-model)" "$work/momentum" "${live[@]}"

cat >"$work/plain.ts" <<'BOT'
import { book, bot, trades } from "perigee"

export default bot({ name: "plain" })
  .task(trades("binance-um", ["BTC_USDT_PERP", "ETH_USDT_PERP"]))
  .task(book("binance-um", ["BTC_USDT_PERP", "ETH_USDT_PERP"]))
  .strategy({ onTrade() {}, onLob() {} })
BOT
dist/perigee build "$work/plain.ts" -o "$work/plain" >/dev/null
measured bot "$(limit bot)" "$work/plain" "${live[@]}"
