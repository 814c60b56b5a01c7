#!/usr/bin/env bash
# Checks the tools that a build needs, and names the remedy for each one missing.
set -uo pipefail
bad=0
need() { # command, what for, remedy
  command -v "$1" >/dev/null 2>&1 && return 0
  printf 'missing: %s (%s)\n  remedy: %s\n' "$1" "$2" "$3" >&2
  bad=1
  return 1
}
if need python3 "runs arbcore" "install Python 3.11 or later (Debian: apt-get install python3 python3-venv)"; then
  python3 - <<'PY' || bad=1
import sys

if sys.version_info < (3, 11):
    found = ".".join(map(str, sys.version_info[:3]))
    sys.exit(f"python3 is {found}, arbcore needs 3.11 or later\n  remedy: put a newer python3 first on PATH")
try:
    import ensurepip, venv
except ImportError:
    sys.exit("python3 cannot make environments\n  remedy: install its venv module (Debian: apt-get install python3-venv)")
PY
fi
if need cargo "compiles the core" "install Rust 1.88 or later from https://rustup.rs"; then
  version=$(cargo --version | sed -E 's/cargo ([0-9]+)\.([0-9]+).*/\1 \2/')
  read -r major minor <<<"$version"
  if [ "$major" -eq 1 ] && [ "$minor" -lt 88 ]; then
    printf 'cargo is 1.%s, arbcore needs 1.88 or later\n  remedy: rustup update stable\n' "$minor" >&2
    bad=1
  fi
fi
need cc "links the core" "install a C compiler (Debian: apt-get install build-essential)" || true
[ "$bad" -eq 0 ] || { echo "Install what is named above, then run make again." >&2; exit 1; }
