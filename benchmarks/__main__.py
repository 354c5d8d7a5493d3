"""Measures what the performance of Watcher is claimed to be, and prints a table.

`python -m benchmarks [NAME…] [--quick]`, a name being that of a module of it.
"""

import argparse
import datetime
import os
import platform
import shutil
import signal
import sys
from importlib.metadata import version

from benchmarks import (
    connector,
    crash,
    decisions,
    flow,
    growth,
    intake,
    late,
    latency,
    life,
    reconcile,
    recurrence,
    ssh,
)
from benchmarks.table import Effort, Row, markdown

_ALL = {
    "intake": intake.measure,
    "flow": flow.measure,
    "latency": latency.measure,
    "life": life.measure,
    "growth": growth.measure,
    "decisions": decisions.measure,
    "late": late.measure,
    "ssh": ssh.measure,
    "reconcile": reconcile.measure,
    "recurrence": recurrence.measure,
    "connector": connector.measure,
    "crash": crash.measure,
}
_NEEDED = ("wrk", "prometheus-alertmanager")


def main() -> int:
    """Measures what is named, or everything; 1 where a tool is missing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", choices=[[], *_ALL], metavar="NAME")
    parser.add_argument("--quick", action="store_true", help="only see that everything works")
    given = parser.parse_args()
    # Whoever is ended takes the servers along.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    if missing := [name for name in _NEEDED if shutil.which(name) is None]:
        print(f"not found: {', '.join(missing)}; `make bench` brings them", file=sys.stderr)
        return 1
    rows: list[Row] = []
    for name in given.names or _ALL:
        for row in _ALL[name](Effort.quick() if given.quick else Effort()):
            print(f"{row.what}: {row.measured}", file=sys.stderr, flush=True)
            rows.append(row)
    print(f"\n{_where()}\n\n{markdown(sorted(rows, key=lambda row: row.number))}")
    return 0


def _where() -> str:
    """The date, the machine and the versions."""
    today = datetime.datetime.now(datetime.UTC).date()
    packages = ", ".join(f"{name} {version(name)}" for name in ("uvicorn", "uvloop", "sqlalchemy"))
    load = os.getloadavg()[0]
    return (
        f"{today}, {os.cpu_count()} cores, load {load:.1f} at the end, {platform.system()}, "
        f"Python {platform.python_version()}, {packages}, psycopg {version('psycopg')}"
    )


if __name__ == "__main__":
    sys.exit(main())
