"""Row 15: what it costs to compare an incident with 100,000 of the same customer before it.

Each has a few alerts of many hosts and services, as estates do; thirty problems have twenty
incidents each. Measured is all of it: the signature, the likes, what is remembered and decided.
"""

import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from benchmarks.table import Effort, Row, percentile
from watcher.engine.likes import learn, look
from watcher.engine.recurrence import act
from watcher.engine.rulebook import Rulebook
from watcher.kit.shipped import shipped
from watcher.model.catalogue import Catalogue
from watcher.model.event import Severity
from watcher.model.incident import Incident, Priority, Status
from watcher.model.problem import Bond, Problem, ProblemStatus, Tie
from watcher.model.signature import Signature
from watcher.policy.problems import Problems
from watcher.policy.rules import load_policy
from watcher.store.store import Store

_TARGET = 20.0
_MEASURED = 200
_BATCH = 2000
_PROBLEMS, _TIED = 30, 20
_NOW = datetime(2026, 1, 1, tzinfo=UTC)
_MINUTE = timedelta(minutes=1)


def measure(effort: Effort) -> Iterator[Row]:
    """Incidents of all kinds, one after another, each remembered before the next is looked at."""
    past = effort.stored // 10
    policy = load_policy([shipped("rules")], (), (), Problems())
    assert policy is not None, "the shipped rules are sound"
    book = Rulebook(policy, Catalogue())
    with tempfile.TemporaryDirectory() as folder:
        store = Store.open(f"sqlite:///{Path(folder)}/watcher.db")
        store.upgrade()
        _fill(store, past)
        with store.view() as view:
            learned = learn(view, "acme", _NOW)
        taken = []
        for number in range(past + 1, past + _MEASURED + 1):
            incident, signature = _incident(number)
            with store.begin() as tx:
                tx.save_incidents([incident])
            began = time.perf_counter()
            with store.view() as view:
                sight = look(view, incident, signature, learned, book)
            with store.begin() as tx:
                tx.remember("acme", {number: signature})
                act(tx, sight, book, incident.opened_at)
            taken.append(1000 * (time.perf_counter() - began))
        store.close()
    worst = percentile(taken, 95)
    yield Row(
        15,
        f"comparing an incident with {past:,} before it, SQLite",
        f"p95 < {_TARGET:.0f} ms",
        f"p50 {percentile(taken, 50):.1f} ms, p95 {worst:.1f} ms",
        worst < _TARGET,
    )


def _fill(store: Store, past: int) -> None:
    for first in range(1, past + 1, _BATCH):
        made = [_incident(number) for number in range(first, min(first + _BATCH, past + 1))]
        with store.begin() as tx:
            tx.save_incidents(incident for incident, _ in made)
            tx.remember("acme", {each.number: signature for each, signature in made})
    with store.begin() as tx:
        tx.save_problems(map(_problem, range(1, _PROBLEMS + 1)))
        tx.save_ties(
            Tie(past - number * _TIED - each, number, "acme", Bond.CONFIRMED, _NOW, "olga")
            for number in range(1, _PROBLEMS + 1)
            for each in range(_TIED)
        )


def _incident(number: int) -> tuple[Incident, Signature]:
    """The same one for the same number."""
    chance = Random(number)
    service, host = chance.randrange(60), chance.randrange(1500)
    alerts = [chance.randrange(400) for _ in range(chance.randrange(1, 6))]
    at = _NOW + number * _MINUTE
    incident = Incident(
        number=number,
        customer="acme",
        title=f"alert {alerts[0]} of host{host}",
        status=Status.OPEN,
        priority=Priority.P3,
        terms=(),
        group=f"host:host{host}",
        severity=Severity.AVERAGE,
        opened_at=at,
        last_at=at,
        hosts=(f"host{host}",),
    )
    traits = {
        "alert": {f"alert {each} of <host>" for each in alerts},
        "condition": {f"v1:zabbix:{each}:host{host}" for each in alerts},
        "service": {f"service{service}"},
        "role": {f"team={service % 7}", "os=linux"},
        "host": {f"host{host}"},
        "finding": {f"linux-base/{each % 40}" for each in alerts[:2]},
    }
    return incident, Signature(at, {name: frozenset(found) for name, found in traits.items()})


def _problem(number: int) -> Problem:
    return Problem(
        number=number,
        customer="acme",
        title=f"cause {number}",
        status=ProblemStatus.KNOWN_ERROR,
        priority=Priority.P3,
        opened_at=_NOW,
        opened_by="olga",
        last_at=_NOW,
        workaround="restart it",
    )
