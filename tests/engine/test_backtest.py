"""The stored history under other rules: what would have been different, and why."""

import random
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.decide.given import T0
from tests.engine.streams import RULEBOOK, Line, in_order_of_arrival, line, ndjson, stories
from tests.stores import peek, sqlite_in
from watcher.app.worker import reader
from watcher.engine.backtest import Backtest, Run, backtest
from watcher.engine.difference import Change, Difference, differences, noisiest, total
from watcher.engine.rulebook import Rulebook
from watcher.model.change import replace
from watcher.model.delivery import Arrival
from watcher.model.incident import Priority
from watcher.model.matcher import Matcher, Operator
from watcher.model.policy import AlertRule, Bounds, Grouping
from watcher.policy.endpoints import Auth, Source
from watcher.receivers import generic
from watcher.store.history import Period
from watcher.store.store import Store

SOURCES = {"gen": reader(Source("gen", "generic", "default", Auth(), 1 << 20, generic.Options()))}
ALL = Period(T0 - timedelta(days=1), T0 + timedelta(days=1))
CPU = (Matcher("key", Operator.REGEX, ".*cpu"),)


def keep(store: Store, lines: Iterable[Line], customer: str = "default") -> None:
    """Has the store receive a stream, one event a delivery."""
    inbox = store.inbox(T0)
    for each in lines:
        received_at = datetime.fromisoformat(each["received_at"])
        [body] = ndjson([each])
        inbox.append([Arrival(each["source"], customer, received_at, {}, body)])
    inbox.close()


def grouped(minutes: float) -> Grouping:
    """Alerts on one host belong together for so many minutes."""
    return replace(RULEBOOK.policy.grouping, same_host=timedelta(minutes=minutes))


def under(*rules: AlertRule, minutes: float = 5) -> Rulebook:
    """The rules of the tests, with another span for one host, and alert rules."""
    policy = replace(RULEBOOK.policy, grouping=grouped(minutes), rules=rules)
    return replace(RULEBOOK, policy=policy)


PRESENT = under()
PATIENT = AlertRule("patience", CPU, wait=timedelta(minutes=5))


def tried(
    store: Store, after: Rulebook, before: Rulebook = PRESENT, period: Period = ALL, size: int = 7
) -> Backtest:
    """The backtest of what the store holds."""
    return backtest(store, period, SOURCES, before, after, size)


def different(found: Backtest) -> list[Difference]:
    """What would have been different."""
    return differences(found.before, found.after)


TWO = [line(0), line(600, key="disk", name="Disk is full", severity="high")]


def test_the_same_rules_make_no_difference(store: Store) -> None:
    """Two incidents stay two."""
    keep(store, TWO)
    found = tried(store, PRESENT)

    assert [] == different(found)
    assert total(found.before) == total(found.after)
    assert (2, 2, 2) == (
        found.account.deliveries,
        found.account.events,
        total(found.before).incidents,
    )


def test_what_would_have_merged_is_told_with_both_reasons(store: Store) -> None:
    """Two incidents become one, with one message less."""
    keep(store, TWO)
    found = tried(store, under(minutes=15))
    [merged] = different(found)

    assert (Change.MERGED, Priority.P1, "default") == (
        merged.change,
        merged.priority,
        merged.customer,
    )
    assert (2, 1) == (len(merged.before), len(merged.after))
    assert ("Disk is full on db01",) == merged.alerts
    assert merged.why_before.startswith("nothing")
    assert "10 min" in merged.why_after
    assert (2, 1) == (total(found.before).incidents, total(found.after).incidents)
    assert (2, 1) == (total(found.before).tickets, total(found.after).tickets)
    assert [1, 1] == [each.pages for each in merged.before]


def test_what_would_have_split_is_told(store: Store) -> None:
    """The other way round."""
    keep(store, TWO)
    [split] = different(tried(store, PRESENT, under(minutes=15)))

    assert (Change.SPLIT, 1, 2) == (split.change, len(split.before), len(split.after))
    assert ("Disk is full on db01",) == split.alerts


def test_what_would_not_have_been_an_incident_comes_first(store: Store) -> None:
    """It was over before it had lasted long enough."""
    keep(store, [line(0), line(60, "resolved"), *TWO[1:]])
    found = tried(store, under(PATIENT))
    [gone] = different(found)
    back = different(tried(store, PRESENT, under(PATIENT)))

    assert (Change.GONE, 1, 0) == (gone.change, len(gone.before), len(gone.after))
    assert gone.why_after.startswith("held back: ")
    assert (0, 1) == (total(found.before).waited, total(found.after).waited)
    assert {"for:patience": 1} == total(found.after).held_by
    assert [(Change.NEW, gone.why_after)] == [(each.change, each.why_before) for each in back]


def test_another_priority_is_told_with_its_terms(store: Store) -> None:
    """And who would have been told of it."""
    keep(store, TWO)
    calm = AlertRule("calm", CPU, priority=Bounds(None, Priority.P5))
    found = tried(store, under(calm))
    [other] = different(found)

    assert (Change.PRIORITY, Priority.P2) == (other.change, other.priority)
    assert (Priority.P2, Priority.P5) == (other.before[0].priority, other.after[0].priority)
    assert "the rule 'calm' makes it P5 at most" in other.why_after
    assert ("CPU is high on db01",) == other.alerts
    assert {("night", Priority.P1): 1, ("night", Priority.P2): 1} == total(found.before).pages
    assert {("night", Priority.P1): 1, ("night", Priority.P5): 1} == total(found.after).pages


def test_an_incident_may_lose_some_of_its_alerts(store: Store) -> None:
    """It stays, with the others."""
    keep(store, [line(0, key="disk"), line(60), line(90, "resolved")])
    [fewer] = different(tried(store, under(PATIENT)))

    assert (Change.ALERTS, 2, 1) == (fewer.change, fewer.before[0].alerts, fewer.after[0].alerts)
    assert ("CPU is high on db01",) == fewer.alerts


def test_incidents_may_be_grouped_quite_otherwise(store: Store) -> None:
    """Two and two, but not the same two."""
    keep(store, [line(0, key="a"), line(400, key="b"), line(690)])
    late = AlertRule("late", CPU, wait=timedelta(hours=1))
    [other] = different(tried(store, under(late, minutes=7)))

    assert (Change.REGROUPED, 2, 2) == (other.change, len(other.before), len(other.after))


def test_nothing_is_written(store: Store) -> None:
    """Neither alerts nor incidents, and the deliveries stay to be digested."""
    keep(store, TWO)
    tried(store, under(minutes=15))

    with store.begin() as tx:
        assert 2 == len(tx.undigested(10, 10_000))
    assert [(0, 0, 0)] == peek(
        store,
        "SELECT (SELECT count(*) FROM alert), (SELECT count(*) FROM incident),"
        " (SELECT count(*) FROM action)",
    )


def test_a_period_has_an_end_and_a_beginning_and_perhaps_a_customer(store: Store) -> None:
    """What is outside of it is not looked at."""
    keep(store, [line(0), line(60, key="b"), line(120, key="c")])
    keep(store, [line(60, key="d")], customer="globex")
    inner = Period(T0 + timedelta(seconds=60), T0 + timedelta(seconds=119))
    counts = [
        tried(store, PRESENT, period=period).account.deliveries
        for period in (ALL, inner, replace(inner, customer="globex"), replace(ALL, customer="x"))
    ]

    assert [4, 2, 1, 0] == counts


def test_what_cannot_be_read_is_counted_with_the_reason(store: Store) -> None:
    """A source that is gone, and a body that is none."""
    keep(store, [line(0), line(1, source="old"), {**line(2), "kind": "odd", "name": 7}])
    account = tried(store, PRESENT).account

    assert (3, 1) == (account.deliveries, account.events)
    assert ["gen: ", "there is no source 'old' any more"] == sorted(
        each[:5] if each.startswith("gen: ") else each for each in account.unread
    )


def test_chunks_are_bounded_by_count_and_size(store: Store) -> None:
    """The first delivery is given however big it is."""
    keep(store, [line(number, key=f"k{number}", name="x" * 500) for number in range(4)])
    with store.view() as view:
        chunks = [
            len(view.history(ALL, 0, limit, size))
            for limit, size in ((10, 1 << 20), (3, 1 << 20), (10, 1), (10, 2000))
        ]

    assert [4, 3, 1] == chunks[:3]
    assert 1 < chunks[3] < 4


def test_an_incident_that_late_news_merges_is_one(store: Store) -> None:
    """It gets no ticket of its own, and the message about it was one about the whole."""
    keep(store, [line(0, key="a"), line(360, key="c"), line(290, key="b", late=115)])
    calm = AlertRule(
        "calm", (Matcher("host", Operator.EQUAL, "db01"),), priority=Bounds(None, Priority.P5)
    )
    found = tried(store, under(calm))
    [other] = different(found)

    before = total(found.before)
    assert (1, 1, 2) == (before.incidents, before.tickets, sum(before.pages.values()))
    assert Change.PRIORITY is other.change
    assert [(3, 2)] == [(each.alerts, each.pages) for each in other.before]


def test_the_noisiest_conditions_are_named(store: Store) -> None:
    """With how many incidents each of them opened."""
    lines = []
    for number in range(5):
        span: dict[str, Any] = {"occurrence": f"o{number}"}
        lines += [line(1000 * number, **span), line(1000 * number + 10, "resolved", **span)]
    keep(store, [*lines, *TWO[1:]])
    found = tried(store, under(minutes=30))
    first, second = noisiest(found.before, found.after)

    assert ("CPU is high on db01", 5) == (first.name, first.spans)
    assert (1, "Disk is full on db01") == (second.spans, second.name)
    assert first.opened_before > first.opened_after == 1


def memberships(run: Run) -> set[frozenset[tuple[str, str]]]:
    """Which spans stand together."""
    together: dict[int, set[tuple[str, str]]] = {}
    for span in run.book.occurrences.values():
        if span.incident is not None:
            together.setdefault(run.home(span.incident), set()).add(span.span)
    return set(map(frozenset, together.values()))


@contextmanager
def a_store() -> Iterator[Store]:
    """A store of its own for each example."""
    with TemporaryDirectory() as folder:
        store = Store.open(sqlite_in(Path(folder)))
        yield store
        store.close()


@settings(max_examples=10, deadline=None)
@given(stories, st.integers(1, 50))
def test_the_size_of_a_chunk_changes_nothing(lines: list[Line], size: int) -> None:
    """Same input, same output."""
    with a_store() as store:
        keep(store, lines)
        whole, pieces = (tried(store, under(minutes=9), size=each) for each in (10_000, size))

        assert different(whole) == different(pieces)
        assert [total(each) for each in (whole.before, whole.after)] == [
            total(each) for each in (pieces.before, pieces.after)
        ]
        assert noisiest(whole.before, whole.after) == noisiest(pieces.before, pieces.after)


def single(seed: int) -> list[Line]:
    """Conditions that each occur once, in the order in which they happened."""
    dice = random.Random(seed)
    return [
        line(
            dice.uniform(0, 3000),
            key=f"k{number}",
            host=dice.choice(["db01", "web01", "elsewhere"]),
            severity=dice.choice(["warning", "high"]),
        )
        for number in range(8)
    ]


def late(lines: Sequence[Line], dice: random.Random, most: float) -> list[Line]:
    """The same events, each heard of a while later."""
    heard = []
    for each in lines:
        at = datetime.fromisoformat(each["at"]) + timedelta(seconds=dice.uniform(0, most))
        heard.append({**each, "received_at": at.isoformat()})
    return in_order_of_arrival(heard)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.randoms(use_true_random=False))
def test_the_order_of_arrival_within_the_window_changes_nothing(
    seed: int, dice: random.Random
) -> None:
    """The same incidents under either rules, and so the same differences."""
    outcomes = []
    for order in (single(seed), late(single(seed), dice, 60)):
        with a_store() as store:
            keep(store, in_order_of_arrival(order))
            found = tried(store, under(minutes=9))
            outcomes.append(
                (
                    memberships(found.before),
                    memberships(found.after),
                    sorted((each.change, sorted(each.alerts)) for each in different(found)),
                )
            )

    assert outcomes[0] == outcomes[1]


@pytest.mark.parametrize("copies", [2, 3])
def test_what_was_delivered_twice_counts_once(store: Store, copies: int) -> None:
    """In incidents, messages and differences."""
    keep(store, [each for each in TWO for _ in range(copies)])
    found = tried(store, under(minutes=15))

    assert [Change.MERGED] == [each.change for each in different(found)]
    assert (2, 1) == (total(found.before).incidents, total(found.after).incidents)
    assert 2 == sum(total(found.before).pages.values())


def test_the_most_important_comes_first(store: Store) -> None:
    """By priority, then what is gone before what is only otherwise."""
    quiet: dict[str, Any] = {"severity": "warning", "host": "elsewhere"}
    keep(
        store,
        [
            line(0, key="w1", **quiet),
            line(600, key="w2", **quiet),
            line(3000, key="a", severity="disaster"),
            line(3600, key="b", severity="disaster"),
            line(7000, severity="disaster"),
            line(7060, "resolved"),
        ],
    )

    assert [
        (Priority.P1, Change.GONE),
        (Priority.P1, Change.MERGED),
        (Priority.P4, Change.MERGED),
    ] == [
        (each.priority, each.change) for each in different(tried(store, under(PATIENT, minutes=15)))
    ]
