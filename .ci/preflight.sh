#!/bin/sh
# Says what this machine lacks for Equipoise, and the command that brings it. Prints the Python to use.
set -u
missing=""
python=""
for candidate in "${PYTHON:-}" python3.12 python3.11 python3; do
    [ -n "$candidate" ] || continue
    if "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 12))' 2>/dev/null; then
        python=$candidate
        break
    fi
done
if [ -z "$python" ]; then
    missing="$missing\n  Python 3.11 or 3.12   Debian: apt-get install python3 python3-venv   (or set PYTHON=/path/to/python)"
else
    "$python" -c 'import venv, ensurepip' 2>/dev/null ||
        missing="$missing\n  Python's venv module  Debian: apt-get install python3-venv"
    "$python" -c 'import ctypes; ctypes.CDLL("libgomp.so.1")' 2>/dev/null || [ "$(uname)" != Linux ] ||
        missing="$missing\n  the OpenMP runtime    Debian: apt-get install libgomp1"
fi
if [ -n "$missing" ]; then
    printf 'Equipoise cannot start on this machine; it lacks:%b\n' "$missing" >&2
    exit 2
fi
echo "$python"
