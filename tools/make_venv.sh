#!/bin/sh
# Make the virtual environment $1 with the first Python that is 3.11 or newer. PYTHON=... chooses another one.
set -eu
venv=$1
new_enough='import sys; sys.exit(sys.version_info < (3, 11))'

python=
for name in ${PYTHON:-python3 python3.13 python3.12 python3.11 python3.14 python}; do
    # A name on PATH may be a launcher with nothing behind it: only one that runs counts.
    if "$name" -c "$new_enough" >/dev/null 2>&1; then
        python=$name
        break
    fi
done
if [ -z "$python" ]; then
    echo "goldwork needs Python 3.11 or newer, and none was found (tried: ${PYTHON:-python3, 3.11 to 3.14})." >&2
    echo "Install one (Debian, Ubuntu: apt-get install python3 python3-venv; macOS: brew install python)," >&2
    echo "or name yours: make PYTHON=/path/to/python3 ..." >&2
    exit 1
fi

echo "making $venv with $("$python" --version)"
if "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    exec "$python" -m venv --clear "$venv"
fi
# Debian ships Python without ensurepip; a pip that is there anyway can put one into the environment.
if "$python" -c 'import venv, pip' 2>/dev/null && "$python" -m venv --clear --without-pip "$venv"; then
    "$python" -m pip --disable-pip-version-check --python "$venv/bin/python" install --quiet pip && exit 0
fi
rm -rf "$venv"
echo "$("$python" --version) cannot make virtual environments with pip: its ensurepip is missing." >&2
echo "Install it (Debian, Ubuntu: apt-get install python3-venv), or name another Python: make PYTHON=..." >&2
exit 1
