"""Rows 1 and 2: alerts accepted and on disk, beside Alertmanager, which only remembers them."""

import contextlib
import os
import signal
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from statistics import median

from benchmarks import bodies, servers
from benchmarks.inbox import Progress
from benchmarks.processes import cost_of
from benchmarks.servers import HEADERS, STORES, Watcher
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
            yield _cpu(store, hook, effort)


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


def _cpu(store: str, hook: Hook, effort: Effort) -> Row:
    costs = []
    for _ in range(effort.runs):
        with hook.halted():
            load = replace(hook.load(), rate=None)
            answers: list[Answers] = []
            spent = cost_of(
                lambda: answers.append(hook.post(load, effort.seconds)),  # noqa: B023 - at once
                *hook.watcher.roots,
            )
            costs.append(1e6 * spent / answers[0].requests)
        hook.progress.drained()
    cost = median(costs)
    return Row(
        1,
        f"CPU a request until it is durable, {store}",
        "<= 60 us",
        f"{cost:.0f} us",
        cost <= 60,
    )
