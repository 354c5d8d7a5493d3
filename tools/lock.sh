#!/bin/sh
# Writes the hash-pinned locks in requirements/ anew from pyproject.toml.
# Releases younger than a week are left alone, so that a bad one is noticed by somebody else first.
set -eu
cd "$(dirname "$0")/.."

tools/setup.sh run
if [ ! -x .cache/uv/bin/uv ]; then
    .venv/bin/python -m venv .cache/uv
    .cache/uv/bin/pip install --quiet --disable-pip-version-check uv
fi

compile() {
    .cache/uv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
        --no-header --no-annotate --no-emit-index-url --no-emit-find-links --no-config \
        --exclude-newer "7 days" ${UPGRADE:+--upgrade} "$@"
}

compile pyproject.toml -o requirements/run.txt
compile --group build -c requirements/run.txt -o requirements/build.txt
compile --group dev -c requirements/run.txt -c requirements/build.txt -o requirements/dev.txt
compile --group postgres -o requirements/postgres.txt
echo "requirements/ is locked; commit it together with pyproject.toml"
