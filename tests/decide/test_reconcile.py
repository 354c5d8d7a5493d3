"""What of an answer of a monitoring system is news, and what it may close."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.contract.given import occurrence
from watcher.decide.reconcile import (
    PATIENCE,
    Known,
    Proof,
    Said,
    Told,
    known_of,
    on_its_way,
    reconcile,
    walked,
)
from watcher.model.change import replace
from watcher.model.event import Event, Kind, Severity
from watcher.model.source import Ahead, Asked, Drift
from watcher.model.survey import Held

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
LONG_AGO = NOW - timedelta(hours=1)
OPEN = Known(begun=True, ended=False, heard_at=LONG_AGO)
OVER = Known(begun=True, ended=True, heard_at=LONG_AGO)
HELD = Held("k1", "o1", "disk full", LONG_AGO)
SPAN = ("k1", "o1")


def event(kind: Kind = Kind.FIRING, at: datetime = LONG_AGO, **changes: Any) -> Event:
    """What was said of the span o1 of the condition k1."""
    given: dict[str, Any] = {"key": "k1", "occurrence": "o1", **changes}
    return Event("zabbix", kind, at=at, name="disk full", severity=Severity.HIGH, **given)


def said(*events: Event) -> Said:
    """A body of its own for these events."""
    return Said("/".join(f"{each.kind} {each.occurrence}" for each in events).encode(), events)


def told(*bodies: Said, **changes: Any) -> Told:
    """A complete answer of now, in which another span is open."""
    return Told(**{"at": NOW, "said": bodies, "open": frozenset({"o9"}), **changes})


def proof(*, recorded: bool = False, at: datetime = LONG_AGO, **changes: Any) -> Proof:
    """The span o1 is said to be over."""
    return Proof(said(event(Kind.RESOLVED, at, **changes)), "its host was deleted", recorded)


@pytest.mark.parametrize(
    ("kind", "known", "missed"),
    [
        (Kind.FIRING, None, Drift.OPENING),
        (Kind.FIRING, Known(begun=False, ended=True, heard_at=LONG_AGO), Drift.OPENING),
        (Kind.FIRING, OPEN, None),
        (Kind.FIRING, OVER, None),
        (Kind.RESOLVED, OPEN, Drift.RECOVERY),
        (Kind.RESOLVED, OVER, None),
        (Kind.RESOLVED, None, None),
        (Kind.UPDATE, replace(OPEN, heard_at=LONG_AGO - MINUTE), Drift.UPDATE),
        (Kind.UPDATE, OPEN, None),
        (Kind.UPDATE, None, None),
    ],
)
def test_only_what_we_do_not_know_is_news(
    kind: Kind, known: Known | None, missed: Drift | None
) -> None:
    """An end or a change of what we never heard of is of no use to anybody."""
    spans = {SPAN: known} if known else {}

    verdict = reconcile(told(said(event(kind))), [], spans, {})

    assert [missed] * bool(missed) == list(verdict.missed())
    assert [f"missed-{missed}"] * bool(missed) == [each.reason.rule for each in verdict.news]


def test_what_happened_just_now_may_still_be_on_its_way() -> None:
    """It is put off, not missed; a source that gathers news has longer."""
    just_now = said(event(at=NOW - timedelta(seconds=59)))
    before = said(event(at=NOW - 2 * MINUTE))

    assert 1 == reconcile(told(just_now), [], {}, {}).put_off
    assert () == reconcile(told(just_now), [], {}, {}).news
    assert () == reconcile(told(before, grace=5 * MINUTE), [], {}, {}).news
    assert 1 == len(reconcile(told(before), [], {}, {}).news)


def test_what_is_held_back_there_and_unknown_here_is_no_drift() -> None:
    """Nobody would have told us of it."""
    opening = said(event())

    assert () == reconcile(told(opening, suppressed=frozenset({"o1"})), [], {}, {}).news


def test_a_span_without_a_name_cannot_be_judged() -> None:
    """Whether it is known nobody could say."""
    assert () == reconcile(told(said(event(occurrence=""))), [], {}, {}).news


def test_a_span_that_was_missed_as_a_whole_is_one_missed_thing() -> None:
    """All that is said of it is taken in, in order, and counted once."""
    bodies = (
        said(event()),
        said(event(Kind.UPDATE, LONG_AGO + MINUTE)),
        said(event(Kind.RESOLVED, LONG_AGO + 2 * MINUTE)),
    )

    verdict = reconcile(told(*bodies), [], {}, {})

    assert [each.body for each in bodies] == [each.body for each in verdict.news]
    assert {Drift.OPENING: 1} == verdict.missed()


def test_a_body_of_many_spans_counts_each_that_was_missed() -> None:
    """What is known in it does no harm."""
    body = said(event(), event(key="k2", occurrence="o2"), event(key="k3", occurrence="o3"))

    verdict = reconcile(told(body), [], {SPAN: OPEN}, {})

    assert ([body.body], {Drift.OPENING: 2}) == (
        [each.body for each in verdict.news],
        verdict.missed(),
    )


def test_what_has_come_in_meanwhile_is_known() -> None:
    """A webhook that waits for its digest was not missed."""
    known = on_its_way({}, [event(), event(Kind.UPDATE, LONG_AGO + MINUTE)])
    after = on_its_way(known, [event(Kind.RESOLVED, LONG_AGO + 2 * MINUTE)])

    assert () == reconcile(told(said(event())), [], known, {}).news
    assert Known(begun=True, ended=False, heard_at=LONG_AGO + MINUTE) == known[SPAN]
    assert Known(begun=True, ended=True, heard_at=LONG_AGO + 2 * MINUTE) == after[SPAN]


def test_a_recorded_end_counts_at_once() -> None:
    """Even in an answer that is not complete: it is a fact, no silence."""
    over = proof(recorded=True)
    for answer in (told(proofs={"o1": over}), told(proofs={"o1": over}, complete=False)):
        verdict = reconcile(answer, [HELD], {SPAN: OPEN}, {})

        assert ({Drift.RECOVERY: 1}, {}) == (verdict.missed(), verdict.absent)
        assert ["recorded-end"] == [each.reason.rule for each in verdict.news]
        assert [""] == [each.why for each in verdict.news]


def test_a_recovery_among_the_bodies_needs_no_proof() -> None:
    """It is taken in once, and the span is not absent."""
    recovery = said(event(Kind.RESOLVED))

    verdict = reconcile(told(recovery, proofs={"o1": proof()}), [HELD], {SPAN: OPEN}, {})

    assert ([recovery.body], {}) == ([each.body for each in verdict.news], verdict.absent)


def test_what_is_gone_there_closes_after_two_complete_answers() -> None:
    """The first only remembers; the second brings the end, with why we believe it."""
    answer = told(proofs={"o1": proof()})
    first = reconcile(answer, [HELD], {SPAN: OPEN}, {})
    second = reconcile(replace(answer, at=NOW + MINUTE), [HELD], {SPAN: OPEN}, first.absent)

    assert ((), {"o1": NOW}) == (first.news, first.absent)
    assert "its host was deleted" in first.kept["o1"].text
    assert [("gone", "its host was deleted")] == [
        (each.reason.rule, each.why) for each in second.news
    ]
    assert ({Drift.RECOVERY: 1}, {}) == (second.missed(), second.absent)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (told(), "nothing proves that it is over"),
        (told(open=frozenset(), proofs={"o1": proof()}), "suddenly is empty"),
        (told(complete=False, proofs={"o1": proof()}), "not complete"),
        (told(proofs={"o1": proof(key="k2")}), "cannot be used"),
        (told(proofs={"o1": proof(recorded=True, at=NOW)}), "still be on its way"),
    ],
    ids=["silence", "empty", "partial", "other span", "just now"],
)
def test_nothing_closes_on_silence(answer: Told, why: str) -> None:
    """However often it is lacking: what is not known to be over stays open, and it is said why."""
    since = NOW - timedelta(minutes=2)

    verdict = reconcile(answer, [HELD], {SPAN: OPEN}, {"o1": since})

    assert ((), {"o1": since}) == (verdict.news, verdict.absent)
    assert why in verdict.kept["o1"].text


def test_what_stays_empty_is_believed_after_a_while() -> None:
    """With a proof for each span; without one never."""
    empty = told(open=frozenset(), proofs={"o1": proof()})

    verdict = reconcile(empty, [HELD], {SPAN: OPEN}, {"o1": NOW - PATIENCE})

    assert {Drift.RECOVERY: 1} == verdict.missed()


def test_an_answer_that_is_not_complete_makes_nothing_absent() -> None:
    """It is no answer on what it lacks."""
    verdict = reconcile(told(complete=False), [HELD], {SPAN: OPEN}, {})

    assert ({}, {}) == (verdict.absent, verdict.kept)


def test_what_is_open_again_is_absent_no_longer() -> None:
    """It must be lacking twice in a row."""
    answer = told(open=frozenset({"o1"}))

    assert {} == reconcile(answer, [HELD], {SPAN: OPEN}, {"o1": LONG_AGO}).absent


@pytest.mark.parametrize(
    ("before", "put_off", "after"),
    [
        (Asked(), 1, ("new", None)),
        (Asked("old"), 0, ("new", None)),
        (Asked("old"), 1, ("old", Ahead("new", NOW))),
        (Asked("old", Ahead("mid", NOW - MINUTE / 2)), 1, ("old", Ahead("mid", NOW - MINUTE / 2))),
        (Asked("old", Ahead("mid", NOW - MINUTE)), 1, ("mid", Ahead("new", NOW))),
        (Asked("old", Ahead("mid", NOW - MINUTE)), 0, ("new", None)),
    ],
)
def test_the_walk_goes_on_only_behind_what_was_judged(
    before: Asked, put_off: int, after: tuple[str, Ahead | None]
) -> None:
    """What was put off is seen once more; a source that never rests gets on all the same."""
    answer = told(*[said(event(at=NOW))] * put_off)
    verdict = reconcile(answer, [], {}, {})

    found = walked(before, "new", verdict, answer)

    assert after == (found.cursor, found.ahead)


def test_an_answer_that_is_not_complete_moves_nothing() -> None:
    """The next one must bring it all again."""
    answer = told(complete=False)
    verdict = reconcile(answer, [], {}, {})

    assert Asked("old") == walked(Asked("old"), "new", verdict, answer)


def test_a_span_on_record_is_known_by_its_ends() -> None:
    """It may be known by its end alone."""
    begun = occurrence(started_at=LONG_AGO, heard_at=NOW)
    ended = occurrence(ended_at=NOW, heard_at=NOW)

    assert Known(begun=True, ended=False, heard_at=NOW) == known_of(begun)
    assert Known(begun=False, ended=True, heard_at=NOW) == known_of(ended)
