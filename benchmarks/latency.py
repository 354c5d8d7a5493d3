"""Rows 6 and 11: how long until an alert can be seen, alone and beside a source that floods."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from benchmarks import servers
from benchmarks.intake import Hook
from benchmarks.pace import Pace, Seen
from benchmarks.servers import STORES, Watcher
from benchmarks.table import Effort, Row, percentile

_FLOOD = 5_000
_BESIDE = 50


def measure(effort: Effort) -> Iterator[Row]:
    """Both rows, on each store."""
    for store in STORES:
        with servers.database(store) as database, servers.watcher(database) as watcher:
            yield _alone(store, watcher, effort)
            yield _beside_a_flood(store, watcher, effort)


def _alone(store: str, watcher: Watcher, effort: Effort) -> Row:
    pace = Pace(watcher, "main", 500)
    accepted, seen = Seen(watcher.database.url).during(lambda: pace.run(3 * effort.seconds))
    p99 = percentile(seen, 99)
    measured = f"p99 {p99:.0f} ms, p50 {percentile(seen, 50):.0f} ms"
    what = f"alert in -> incident visible, at 500/s, {store}"
    return Row(6, what, "p99 <= 250 ms", f"{measured}; accepted {_p99(accepted)}", p99 <= 250)


def _beside_a_flood(store: str, watcher: Watcher, effort: Effort) -> Row:
    hook = Hook(watcher)
    seconds = 3 * effort.seconds
    load = replace(hook.load(), rate=_FLOOD, connections=64)
    pace = Pace(watcher, "other", _BESIDE)
    with ThreadPoolExecutor(1) as pool:
        flood = pool.submit(hook.post, load, seconds)
        accepted, seen = Seen(watcher.database.url).during(lambda: pace.run(seconds))
        rate = flood.result().rate
    met = max(percentile(accepted, 99), percentile(seen, 99)) <= 500 and rate >= 0.9 * _FLOOD
    measured = f"accepted {_p99(accepted)}, visible {_p99(seen)}, flood {rate:,.0f}/s"
    hook.progress.drained()
    return Row(
        11, f"another customer beside a flood of 5,000/s, {store}", "p99 <= 500 ms", measured, met
    )


def _p99(times: list[float]) -> str:
    return f"p99 {percentile(times, 99):.0f} ms"
