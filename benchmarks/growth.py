"""Rows 7 and 8: what a million stored alerts change in the cost of the next one, and how long
pages and lists take over them.
"""

import contextlib
import statistics
import sys
from collections.abc import Iterator
from time import perf_counter

import requests

from benchmarks import lists, servers
from benchmarks.intake import Hook
from benchmarks.processes import cpu_seconds
from benchmarks.servers import STORES, Watcher
from benchmarks.table import Effort, Row, percentile
from watcher.store.store import Store

_ASKED_TIMES = 10
_MOST = 100


def measure(effort: Effort) -> Iterator[Row]:
    """Both rows, on each store; an empty store and a full one take turns."""
    for store in STORES:
        with servers.database(store) as empty, servers.database(store) as full:
            _fill(full.url, effort.stored)
            with servers.watcher(empty) as light, servers.watcher(full) as heavy:
                hooks = Hook(light), Hook(heavy)
                pairs = [[_cost(hook, effort) for hook in hooks] for _ in range(effort.runs)]
                yield _grown(store, pairs, effort)
                yield _listed(store, heavy)


def _fill(url: str, alerts: int) -> None:
    size = lists.Size(alerts)
    store = Store.open(url)
    store.upgrade()
    # Standard output is for the table.
    with contextlib.redirect_stdout(sys.stderr):
        lists.fill(store, size)
    with store.begin() as tx:
        tx.numbers(size.incidents)
    store.close()
    lists.settle(url)


def _cost(hook: Hook, effort: Effort) -> float:
    """Milliseconds of CPU for each alert from the socket to the incident."""
    roots = hook.watcher.roots
    spent = cpu_seconds(*roots)
    count = hook.post(hook.load(), effort.seconds).requests
    hook.progress.drained()
    return 1000 * (cpu_seconds(*roots) - spent) / count


def _grown(store: str, pairs: list[list[float]], effort: Effort) -> Row:
    ratio = statistics.median(heavy / light for light, heavy in pairs)
    light, heavy = (statistics.median(costs) for costs in zip(*pairs, strict=True))
    return Row(
        7,
        f"cost of an alert over {effort.stored:,} stored ones against an empty store, {store}",
        "<= 1.3 x",
        f"{ratio:.2f} x: {heavy:.2f} ms against {light:.2f} ms",
        ratio <= 1.3,
    )


def _listed(store: str, watcher: Watcher) -> Row:
    """All lists that the API is asked for, as their caller sees them."""
    servers.settle(*watcher.roots)
    session = requests.Session()
    session.headers.update(watcher.operator())
    times = {
        f"{kind} {text}".strip(): _p95(session, f"{watcher.url}/api/v1/{kind}", text)
        for kind, text in lists.ASKED
    }
    slowest = max(times, key=lambda name: times[name])
    quick = sum(p95 <= _MOST for p95 in times.values())
    measured = f"{quick} of {len(times)}; slowest p95 {times[slowest]:.0f} ms ({slowest})"
    what = f"{len(times)} lists of the API at that size, {store}"
    return Row(8, what, f"p95 <= {_MOST} ms", measured, quick == len(times))


def _p95(session: requests.Session, url: str, matcher: str) -> float:
    times = []
    for _ in range(_ASKED_TIMES):
        began = perf_counter()
        answer = session.get(url, params={"match": matcher.split(",")} if matcher else {})
        answer.raise_for_status()
        times.append(1000 * (perf_counter() - began))
    return percentile(times, 95)
