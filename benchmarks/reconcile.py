"""Row 13: asking a Zabbix with 10,000 open problems, and what others who post feel of it."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from statistics import median

from benchmarks import servers
from benchmarks.intake import KINDS, Hook
from benchmarks.servers import STORES
from benchmarks.table import Effort, Row
from benchmarks.wrk import Answers, Load
from tests.monitors.zabbix_api import TOKEN, StandIn, zabbix_api
from watcher.app.worker import reader
from watcher.engine.reconcile import Reconciler, Round
from watcher.kit.clock import Clock
from watcher.kit.secrets import Secret
from watcher.monitors import zabbix
from watcher.monitors.base import Access
from watcher.policy.endpoints import Auth, Source
from watcher.receivers.zabbix import Options
from watcher.store.store import Store

_RATE = 500
_HOSTS = 500
_SOURCE = Source("zbx", "zabbix", "acme", Auth(), 1 << 20, Options())


def measure(effort: Effort) -> Iterator[Row]:
    """The first round, in which all was missed, and later ones, in which nothing was."""
    problems = 10_000 if effort.stored > 10_000 else effort.stored
    for kind in STORES:
        with (
            zabbix_api("7.0.1") as there,
            servers.database(kind) as database,
            servers.watcher(database) as watcher,
        ):
            _fire(there, problems)
            store = Store.open(database.url)
            keeper = _keeper(store, there)
            yield from _rows(kind, Hook(watcher), keeper, effort)
            keeper.close()
            store.close()


def _rows(kind: str, hook: Hook, keeper: Reconciler, effort: Effort) -> Iterator[Row]:
    # Conditions that are known: new ones at that rate would be a storm that nobody asked about.
    load = replace(hook.load(last=KINDS["repeated"]), rate=_RATE)
    seconds = 2 * effort.seconds
    calm = [hook.post(load, seconds).p99 for _ in range(effort.runs)]
    first, took, busy = _beside(hook, load, seconds, keeper.round)
    hook.progress.drained()
    steady, later = [], []
    beside = [busy.p99]
    for _ in range(effort.runs):
        found, lasted, answers = _beside(hook, load, seconds, keeper.round)
        steady.append(found)
        later.append(lasted)
        beside.append(answers.p99)
    hook.progress.drained()
    assert not any(each.verdict.news for each in steady), "what was taken in is missed again"
    missed = f"{len(first.verdict.news):,} missed"
    yield _timed(f"asking about {first.open:,} open problems, {missed}, {kind}", took)
    yield _timed(f"asking about {first.open:,} open problems, none missed, {kind}", median(later))
    ratio = median(beside) / median(calm)
    measured = f"{ratio:.2f} x: p99 {median(beside):.1f} ms; without {median(calm):.1f} ms"
    what = f"accepted at {_RATE}/s while being asked, {kind}"
    yield Row(13, what, "<= 1.5 x without", measured, ratio <= 1.5)


def _timed(what: str, took: float) -> Row:
    return Row(13, what, "< 10 s", f"{took:.1f} s", took < 10)


def _beside(
    hook: Hook, load: Load, seconds: int, ask: Callable[[], Round | None]
) -> tuple[Round, float, Answers]:
    """A round, with the seconds that it took, beside a load, which lasts longer than the round."""
    with ThreadPoolExecutor(1) as pool:
        posting = pool.submit(hook.post, load, seconds)
        time.sleep(0.2)
        begun = time.monotonic()
        found = ask()
        took = time.monotonic() - begun
        answers = posting.result()
    assert found is not None
    assert not found.problem, found.problem
    return found, took, answers


def _keeper(store: Store, there: StandIn) -> Reconciler:
    access = Access("zbx", "acme", there.url, Secret(TOKEN), options=zabbix.options({}))
    clock = Clock()
    return Reconciler(
        store, access, reader(_SOURCE), lambda: zabbix.monitor(access, clock), clock, "benchmark"
    )


def _fire(there: StandIn, problems: int) -> None:
    """So many problems began an hour ago, on a few hundred hosts."""
    begun = int(time.time()) - 3600
    hosts = [there.host(f"host-{number:04d}") for number in range(_HOSTS)]
    for number in range(problems):
        trigger = there.trigger(hosts[number % _HOSTS], name=f"Disk {number} is full")
        there.fire(trigger, begun + number % 600, name=f"Disk {number} is full")
