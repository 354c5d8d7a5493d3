#!/bin/sh
# Makes .venv and brings it up to a level: run (to serve), dev (to test), postgres (a bundled server).
# A stamp per level holds a hash of what it was made from, so that a second call returns at once.
set -eu
cd "$(dirname "$0")/.."
level=${1:-run}
venv=.venv

say() { printf '%s\n' "$*" >&2; }
die() { say "watcher: $*"; exit 1; }

good_python() { # 3.11 to 3.14
    "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 15))' 2>/dev/null
}

find_python() {
    if [ -n "${PYTHON:-}" ]; then
        good_python "$PYTHON" || die "PYTHON=$PYTHON is not a Python 3.11 to 3.14"
        echo "$PYTHON"
        return
    fi
    for candidate in python3.11 python3.12 python3.13 python3.14 python3; do
        if good_python "$candidate"; then echo "$candidate"; return; fi
    done
    die "no Python 3.11 to 3.14 found; install one or name it: make PYTHON=/path/to/python3"
}

need_ensurepip() {
    "$1" -c 'import ensurepip, venv' 2>/dev/null && return
    package=$("$1" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
    tools/apt.sh "$package" || die "$1 cannot make virtual environments; install $package (or python3-venv)"
}

# Everything that decides what ends up in the environment goes into the stamp.
stamp_of() {
    { cat pyproject.toml "$@"; "$venv/bin/python" -V; } | cksum
}

up_to_date() { # level, locks...
    file="$venv/.stamp-$1"
    shift
    [ -f "$file" ] && [ "$(cat "$file")" = "$(stamp_of "$@")" ]
}

pip() {
    "$venv/bin/python" -m pip --quiet --quiet --disable-pip-version-check --no-input "$@"
}

install_locked() { # level, locks...
    name=$1
    shift
    up_to_date "$name" "$@" && return
    say "watcher: installing what '$name' needs into $venv"
    set_args=""
    for lock in "$@"; do set_args="$set_args -r $lock"; done
    # shellcheck disable=SC2086 # the names of the locks hold no blanks
    pip install --require-hashes $set_args
    if [ "$name" = run ]; then pip install --no-deps --no-build-isolation -e .; fi
    stamp_of "$@" > "$venv/.stamp-$name"
}

# An environment holds absolute paths: one that was moved or copied is made anew.
if [ "$(cat "$venv/.stamp-home" 2>/dev/null)" != "$PWD" ] || ! good_python "$venv/bin/python"; then
    python=$(find_python)
    need_ensurepip "$python"
    say "watcher: making $venv with $("$python" -V)"
    "$python" -m venv --clear "$venv"
    pwd > "$venv/.stamp-home"
fi

install_locked run requirements/run.txt requirements/build.txt
case $level in
    run) ;;
    dev) install_locked dev requirements/dev.txt ;;
    postgres) install_locked postgres requirements/postgres.txt ;;
    *) die "unknown level '$level': run, dev or postgres" ;;
esac
