#!/usr/bin/env bash
# A Python with what the kit needs: `scripts/python-env.sh [--examples | --torch] [FOLDER]` makes a virtual environment in FOLDER (default
# python/.venv) with the versions that python/requirements.txt pins, and prints its interpreter. A second call finds it made.
# `--examples` adds LightGBM and scikit-learn (0.4 GB), `--torch` PyTorch too (7 GB). PYTHON names the interpreter to start from; where there
# is none and this is root on Debian, apt installs python3. Without a package index the kit's needs come as Debian packages, where root can
# have them; else it fails saying so.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"

kit="$here/python/requirements.txt"
more=()
mark=""
case "${1:-}" in
--examples)
  more=("$here/python/requirements-examples.txt")
  mark="-examples"
  shift
  ;;
--torch)
  more=("$here/python/requirements-examples.txt" "$here/python/requirements-torch.txt")
  mark="-torch"
  shift
  ;;
esac
folder="${1:-$here/python/.venv}"

fail() {
  echo "python-env: $*" >&2
  exit 1
}
has_apt() { command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; }
apt() {
  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=120 install -y -qq "$@"; } >&2
}

mkdir -p "$folder"
folder="$(cd "$folder" && pwd)"
python="$folder/bin/python"
# Two at once would write over one another.
if command -v flock >/dev/null; then
  exec 9>"$folder/.lock"
  flock 9
fi

base="${PYTHON:-python3}"
usable() { "$base" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 9))' >/dev/null 2>&1; }
if ! usable; then
  has_apt || fail "no Python from 3.9 on with venv at '$base'; install python3 and python3-venv"
  echo "python-env: installing python3 with apt" >&2
  apt python3 python3-venv || fail "apt could not install python3; is there a network?"
  base=python3
  usable || fail "the system's python3 is older than 3.9"
fi

wanted="$("$base" -c 'import sys; print(sys.version)') $(cat "$kit" ${more[@]+"${more[@]}"})"
made="$folder/.made$mark"

from_index() {
  "$python" -m pip install --quiet --disable-pip-version-check --no-input --retries 2 --timeout 20 --only-binary :all: \
    -r "$kit" ${more[@]+"${more[@]/#/--requirement=}"} >&2
}
# Not the pinned versions, but better than none.
from_debian() {
  [ -z "$mark" ] && has_apt || return 1
  echo "python-env: no package index; taking Debian's packages" >&2
  apt python3-venv python3-zmq python3-msgpack python3-numpy || return 1
  rm -rf "$folder/bin" "$folder/lib" "$folder/lib64" "$folder/include" "$folder/pyvenv.cfg"
  /usr/bin/python3 -m venv --system-site-packages "$folder" >&2
}

if [ ! -f "$made" ] || [ "$(cat "$made")" != "$wanted" ] || ! "$python" -c 'import zmq, msgpack, numpy' 2>/dev/null; then
  rm -f "$made"
  echo "python-env: making $folder" >&2
  "$base" -m venv "$folder" >&2
  from_index || from_debian ||
    fail "pip could not install the packages of python/requirements; is there a network or a local index (PIP_INDEX_URL, PIP_FIND_LINKS)?"
  "$python" -c 'import zmq, msgpack, numpy' || fail "what was installed cannot be imported"
  # LightGBM's wheel wants the system's OpenMP.
  if [ -n "$mark" ] && ! "$python" -c 'import lightgbm' 2>/dev/null; then
    has_apt && apt libgomp1 || true
    "$python" -c 'import lightgbm' || fail "LightGBM cannot be imported; it wants the package libgomp1"
  fi
  printf '%s' "$wanted" >"$made"
fi
echo "$python"
