#!/usr/bin/env bash
# A Python with what the kit needs: `scripts/python-env.sh [--examples] [FOLDER]` makes a virtual environment in FOLDER (default
# python/.venv) with the versions that python/requirements.txt pins, and prints its interpreter. A second call finds it made.
# `--examples` adds PyTorch, LightGBM and scikit-learn. PYTHON names the interpreter to start from; where there is none and this is root on
# Debian, apt installs python3. Without a package index it fails saying so.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"

kit="$here/python/requirements.txt"
examples=""
[ "${1:-}" = "--examples" ] && { examples="$here/python/requirements-examples.txt"; shift; }
folder="${1:-$here/python/.venv}"

fail() {
  echo "python-env: $*" >&2
  exit 1
}

base="${PYTHON:-python3}"
usable() { "$base" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 9))' >/dev/null 2>&1; }
if ! usable; then
  command -v apt-get >/dev/null && [ "$(id -u)" = 0 ] || fail "no Python from 3.9 on with venv at '$base'; install python3 and python3-venv"
  echo "python-env: installing python3 with apt" >&2
  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq python3 python3-venv; } >&2 ||
    fail "apt could not install python3; is there a network?"
  base=python3
  usable || fail "the system's python3 is older than 3.9"
fi

mkdir -p "$folder"
folder="$(cd "$folder" && pwd)"
python="$folder/bin/python"
wanted="$("$base" -c 'import sys; print(sys.version)') $(cat "$kit")"
[ -n "$examples" ] && wanted="$wanted $(cat "$examples")"
made="$folder/.made${examples:+-examples}"

# Two at once would write over one another.
if command -v flock >/dev/null; then
  exec 9>"$folder/.lock"
  flock 9
fi

if [ ! -f "$made" ] || [ "$(cat "$made")" != "$wanted" ] || ! "$python" -c 'import zmq, msgpack, numpy' 2>/dev/null; then
  rm -f "$made"
  echo "python-env: making $folder" >&2
  "$base" -m venv "$folder" >&2
  "$python" -m pip install --quiet --disable-pip-version-check --no-input --retries 2 --timeout 20 --only-binary :all: \
    -r "$kit" ${examples:+-r "$examples"} >&2 ||
    fail "pip could not install the packages of python/requirements; is there a network or a local index (PIP_INDEX_URL, PIP_FIND_LINKS)?"
  printf '%s' "$wanted" >"$made"
fi
echo "$python"
