"""Rows 3 and 4: from the socket to the incident, how many a second and at what cost."""

from collections.abc import Iterator
from statistics import median
from time import perf_counter

from benchmarks.intake import BATCH, Hook, hooks
from benchmarks.processes import cpu_seconds
from benchmarks.table import Effort, Row

_LIMITS = {"SQLite": (0.2, 0.12), "PostgreSQL": (0.35, 0.2)}


def measure(effort: Effort) -> Iterator[Row]:
    """Both rows, on each store; all alerts are new, and most join an incident."""
    with hooks() as watchers:
        for store, hook in watchers.items():
            through = [_through(hook, 1, effort) for _ in range(effort.runs)]
            yield _rate(store, "sustained, one a request", 5_000, [rate for rate, _ in through])
            drains = [_drain(hook, effort) for _ in range(effort.runs)]
            yield _rate(store, "a backlog drains", 8_000, drains)
            single, batched = _LIMITS[store]
            yield _cost(store, "one a request", single, [cost for _, cost in through])
            batches = [_through(hook, BATCH, effort) for _ in range(effort.runs)]
            yield _cost(store, f"batches of {BATCH}", batched, [cost for _, cost in batches])


def _rate(store: str, what: str, least: int, rates: list[float]) -> Row:
    rate = median(rates)
    return Row(
        3, f"{what}, {store}", f">= {least:,} alerts/s", f"{rate:,.0f} alerts/s", rate >= least
    )


def _cost(store: str, what: str, most: float, costs: list[float]) -> Row:
    cost = median(costs)
    name = f"CPU an alert from socket to incident, {what}, {store}"
    return Row(4, name, f"<= {most} ms", f"{cost:.2f} ms", cost <= most)


def _through(hook: Hook, size: int, effort: Effort) -> tuple[float, float]:
    """Alerts a second until all of a load are in incidents, and milliseconds of CPU for each."""
    began, spent = perf_counter(), cpu_seconds(*hook.watcher.roots)
    seconds = effort.seconds if size == 1 else effort.batch_seconds
    count = size * hook.post(hook.load(size), seconds).requests
    hook.progress.drained()
    cost = cpu_seconds(*hook.watcher.roots) - spent
    return count / (perf_counter() - began), 1000 * cost / count


def _drain(hook: Hook, effort: Effort) -> float:
    """Alerts a second out of a backlog, while nothing comes in."""
    with hook.halted():
        count = hook.post(hook.load(), effort.seconds).requests
    began = perf_counter()
    hook.progress.drained()
    return count / (perf_counter() - began)
