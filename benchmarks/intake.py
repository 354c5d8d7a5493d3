"""Rows 1 and 2: alerts accepted and on disk, beside Alertmanager, which only remembers them."""

import contextlib
import os
import signal
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from statistics import median

from benchmarks import bodies, servers
from benchmarks.inbox import Progress
from benchmarks.processes import cpu_seconds
from benchmarks.servers import HEADERS, STORES, Alertmanager, Watcher
from benchmarks.table import Effort, Row
from benchmarks.wrk import Answers, Load, post

BATCH = 100
KINDS = {"distinct": 10**10 - 1, "repeated": 1_000}
"""How the alerts of a load differ, and the number of the last one before they begin anew."""


class Hook:
    """Posts to a Watcher, each time alerts that it has not seen before, unless they repeat."""

    def __init__(self, watcher: Watcher, source: str = "main") -> None:
        self.watcher = watcher
        self.progress = Progress(watcher.database.url)
        self.next = 10**6
        self._url = f"{watcher.url}/hooks/{source}"

    def load(self, size: int = 1, last: int = KINDS["distinct"]) -> Load:
        """What to post next."""
        first = self.next if last > self.next else 1
        return Load(self._url, bodies.webhook(size), HEADERS, first, last)

    def post(self, load: Load, seconds: int) -> Answers:
        """Posts it; everything must be accepted."""
        answers = post(load, seconds)
        assert not answers.errors, answers
        # Requests that wrk sent but did not wait for carry numbers, too.
        self.next += (answers.requests + 2 * load.connections) * load.template.count('"status"')
        return answers

    @contextlib.contextmanager
    def halted(self) -> Iterator[None]:
        """Takes in only: the worker stands still meanwhile."""
        worker = self.watcher.worker
        os.kill(worker, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(worker, signal.SIGCONT)


@contextlib.contextmanager
def hooks() -> Iterator[dict[str, Hook]]:
    """A Watcher on each store."""
    with contextlib.ExitStack() as stack:
        yield {
            store: Hook(
                stack.enter_context(servers.watcher(stack.enter_context(servers.database(store))))
            )
            for store in STORES
        }


def measure(effort: Effort) -> Iterator[Row]:
    """Both rows: the systems take turns, so that a disturbance meets them all."""
    with servers.alertmanager() as peer, hooks() as watchers:
        rates: dict[tuple[str, int, str], list[Answers]] = defaultdict(list)
        for _ in range(effort.runs):
            for size in (1, BATCH):
                for kind, last in KINDS.items():
                    load = Load(peer.url, bodies.alertmanager(size), last=last)
                    seconds = effort.seconds if size == 1 else effort.batch_seconds
                    rates["Alertmanager", size, kind].append(post(load, seconds))
                    for store, hook in watchers.items():
                        answers = hook.post(hook.load(size, last), seconds)
                        rates[store, size, kind].append(answers)
                        hook.progress.drained(timedelta(minutes=5))
        yield from _rows(rates)
        for store, hook in watchers.items():
            yield _cpu(store, hook, peer, effort)


def _rows(rates: dict[tuple[str, int, str], list[Answers]]) -> Iterator[Row]:
    for number, (size, factor) in enumerate(((1, 0.8), (BATCH, 1.5)), start=1):
        for store in STORES:
            for kind in KINDS:
                mine, peers = rates[store, size, kind], rates["Alertmanager", size, kind]
                ratio = median(a.rate / b.rate for a, b in zip(mine, peers, strict=True))
                yield Row(
                    number,
                    f"accepted and durable, {_spoken(size)}, {kind}, {store}",
                    f">= {factor} x Alertmanager",
                    f"{ratio:.2f} x: {_shown(mine, size)}; Alertmanager {_shown(peers, size)}",
                    ratio >= factor,
                )


def _spoken(size: int) -> str:
    return "one a request" if size == 1 else f"batches of {size}"


def _shown(answers: list[Answers], size: int) -> str:
    rate = median(each.rate for each in answers) * size
    return f"{rate:,.0f} alerts/s, p99 {median(each.p99 for each in answers):.0f} ms"


def _cpu(store: str, hook: Hook, peer: Alertmanager, effort: Effort) -> Row:
    """With the CPU that Alertmanager takes meanwhile, which tells how busy the machine is."""
    costs, peers = [], []
    for _ in range(effort.runs):
        with hook.halted():
            load = hook.load()
            costs.append(_each(partial(hook.post, load, effort.seconds), *hook.watcher.roots))
        hook.progress.drained()
        load = Load(peer.url, bodies.alertmanager())
        peers.append(_each(partial(post, load, effort.seconds), peer.pid))
    cost = median(costs)
    measured = f"{cost:.0f} us; Alertmanager {median(peers):.0f} us"
    what = f"CPU a request until it is durable, {store}"
    return Row(1, what, "<= 60 us", measured, cost <= 60)


def _each(measured: Callable[[], Answers], *roots: int) -> float:
    """Microseconds of CPU that these processes spend on a request."""
    before = cpu_seconds(*roots)
    answers = measured()
    return 1e6 * (cpu_seconds(*roots) - before) / answers.requests
