"""What people change about groupings: every count, status, line and label that follows."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.decide.given import POLICY, at, incident
from watcher.decide import regroup
from watcher.decide.lifecycle import Moment, News, RefusedError
from watcher.decide.recount import Ground, Member, Roll, Said, recount
from watcher.decide.regroup import Fresh, Regrouped
from watcher.model.alert import Alert, AlertStatus, Occurrence, Placed
from watcher.model.catalogue import Catalogue, Service
from watcher.model.event import Severity
from watcher.model.incident import (
    Arranged,
    EntryKind,
    Judgement,
    Priority,
    Status,
    Suspect,
)
from watcher.model.reason import Reason

GROUND = Ground(POLICY, Catalogue(services={("acme", "billing"): Service("acme", "billing", 4)}))
MOMENT = Moment(at(60), Reason("by-hand", "not the same"), "olga")
NEW = Reason("new-disruption", "nothing before", keys=("host:db01",))
SAME = Reason("same-group", "same host db01, 1 min apart", keys=("host:db01",), gap=60.0)


def member(
    key: str,
    started: float,
    ended: float | None = None,
    *,
    number: int = 1,
    host: str | None = "db01",
    service: str | None = None,
    severity: Severity = Severity.AVERAGE,
    occurrence: str | None = None,
    reason: Reason = SAME,
) -> Member:
    """One span of a condition in an incident."""
    end = None if ended is None else at(ended)
    named = occurrence or f"{key}-1"
    alert = Alert(
        "acme", key, "zabbix", named,
        AlertStatus.RESOLVED if end else AlertStatus.FIRING,
        severity, f"{key} is high", at(started), end or at(started), at(started),
        host=host, host_known=True, service=service, labels={"env": "prod"}, incident=number,
    )  # fmt: skip
    return alert, Occurrence(
        "acme", key, named, severity, at(started), severity, end or at(started),
        at(started), end, number, at(started), reason,
    )  # fmt: skip


def roll(*members: Member, number: int = 1, **fields: Any) -> Roll:
    """An incident as these alerts make it."""
    begun = [span.started_at for _, span in members if span.started_at] or [at(0)]
    blank = replace(incident(number), opened_at=min(begun), last_at=max(begun))
    return Roll(replace(recount(blank, Said(), members, GROUND), **fields), members)


def names(result: Regrouped, side: str) -> list[EntryKind]:
    """Which lines a side of it got."""
    step = result.source if side == "source" else result.into
    return [each.kind for each in step.entries]


A = member("a", 0, host="db01", severity=Severity.HIGH, reason=NEW)
B = member("b", 1, host="web01")
C = member("c", 2, 30, host="web02")


def test_a_split_makes_two_incidents_each_with_its_own_counts() -> None:
    """The new one is as if it had been one from the start of its first alert on."""
    result = regroup.split(roll(A, B, C), [B, C], Fresh(7, "host:web01", None), MOMENT, GROUND)
    source, new = result.source.incident, result.into.incident

    assert (1, 1, ("db01",), Severity.HIGH, None) == (
        source.firing, source.alerts, source.hosts, source.severity, source.ended_at,
    )  # fmt: skip
    assert (1, 2, ("web01", "web02"), Severity.AVERAGE, at(30)) == (
        new.firing, new.alerts, new.hosts, new.severity, new.ended_at,
    )  # fmt: skip
    assert (7, "olga", Status.OPEN, at(1), at(2)) == (
        new.number, new.opened_by, new.status, new.opened_at, new.last_at,
    )  # fmt: skip
    assert at(0) == source.last_at
    assert "b is high on web01" == new.title
    assert new.suspect is not None
    assert "b" == new.suspect.key
    assert [Priority.P3, Priority.P3] == [source.priority, new.priority]
    assert (News.OPENED,) == result.into.news
    assert () == result.source.news


def test_both_timelines_say_who_did_it_and_why() -> None:
    """With the names of the alerts, and where they went."""
    result = regroup.split(roll(A, B, C), [B, C], Fresh(7, "g", None), MOMENT, GROUND)
    [gone, *_] = result.source.entries
    [came] = result.into.entries

    assert (1, 7) == (gone.incident, came.incident)
    assert "2 alerts went to #7: b is high on web01, c is high on web02" == gone.text
    assert "split off from #1 with 2 alerts: b is high on web01, c is high on web02" == came.text
    assert {("olga", "not the same")} == {(e.actor, e.reason.text) for e in (gone, came)}


def test_many_alerts_are_named_in_few_words() -> None:
    """A timeline is to be read."""
    many = [member(f"k{number}", number) for number in range(5)]
    result = regroup.split(roll(*many, A), many, Fresh(7, "g", None), MOMENT, GROUND)
    said = "k0 is high on db01, k1 is high on db01, k2 is high on db01 and 2 more"

    assert f"5 alerts went to #7: {said}" == result.source.entries[0].text


def test_what_moves_says_where_it_came_from_and_does_not_return() -> None:
    """The alert points to its new incident, its span knows who put it there."""
    result = regroup.split(roll(A, B), [B], Fresh(7, "g", None), MOMENT, GROUND)
    [(alert, span)] = result.moved

    assert (7, 7, at(60), Placed(7, "olga", (1,))) == (
        alert.incident, span.incident, span.joined_at, span.placed,
    )  # fmt: skip
    assert Reason("by-hand", "from #1 by olga: not the same", keys=("b",)) == span.reason
    assert Arranged("olga", (7,)) == result.source.incident.arranged
    assert Arranged("olga", (1,)) == result.into.incident.arranged


def test_an_alert_whose_newer_span_stays_belongs_where_that_is() -> None:
    """One span can be taken out, by its occurrence."""
    old = member("a", 0, 1, occurrence="o1")
    new = (replace(A[0], occurrence="o2"), replace(A[1], occurrence="o2", started_at=at(5)))
    both = roll((new[0], old[1]), new)
    some = regroup.chosen(both, ["o1"])
    result = regroup.move(both, some, roll(B, number=2), MOMENT, GROUND)
    [(alert, span)] = result.moved

    assert (1, 2) == (alert.incident, span.incident)
    assert (1, 1) == (result.source.incident.firing, result.source.incident.alerts)


def test_an_alert_whose_newest_span_goes_goes_with_it() -> None:
    """Though an older one stays."""
    old = member("a", 0, 1, occurrence="o1")
    new = (replace(A[0], occurrence="o2"), replace(A[1], occurrence="o2", started_at=at(5)))
    both = roll((new[0], old[1]), new)
    result = regroup.move(both, regroup.chosen(both, ["o2"]), roll(B, number=2), MOMENT, GROUND)

    assert [2] == [alert.incident for alert, _ in result.moved]


def test_what_is_left_without_firing_alerts_is_resolved() -> None:
    """At the newest of the ends that are left; people are told."""
    result = regroup.move(roll(A, C), [A], roll(B, number=2), MOMENT, GROUND)
    source = result.source.incident

    assert (Status.RESOLVED, at(30), 0) == (source.status, source.resolved_at, source.firing)
    assert [EntryKind.MOVED, EntryKind.RESOLVED] == names(result, "source")
    assert (News.RESOLVED,) == result.source.news


def test_what_a_person_holds_open_stays_open() -> None:
    """Whatever becomes of its alerts."""
    less = regroup.move(roll(A, C, held_by="ivan"), [A], roll(B, number=2), MOMENT, GROUND)
    empty = regroup.move(roll(A, held_by="ivan"), [A], roll(B, number=2), MOMENT, GROUND)

    assert [Status.OPEN, Status.OPEN] == [each.source.incident.status for each in (less, empty)]
    assert empty.source.incident.suspect is None


def test_what_has_no_alert_left_is_closed_and_says_so() -> None:
    """There is nothing to work on; nobody is woken for that."""
    result = regroup.move(roll(A), [A], roll(B, number=2), MOMENT, GROUND)
    source = result.source.incident

    assert (Status.CLOSED, at(60), at(60), 0, ()) == (
        source.status, source.closed_at, source.resolved_at, source.alerts, source.hosts,
    )  # fmt: skip
    assert "emptied" == result.source.entries[-1].reason.rule
    assert () == result.source.news


def test_a_firing_alert_reopens_what_was_resolved() -> None:
    """And raises its priority, of which people are told."""
    over = roll(C, number=2, status=Status.RESOLVED, resolved_at=at(30), priority=Priority.P5)
    bad = member("d", 3, severity=Severity.DISASTER)
    result = regroup.move(roll(A, bad), [bad], over, MOMENT, GROUND)
    into = result.into.incident

    assert (Status.OPEN, None, 1, 2) == (into.status, into.resolved_at, into.firing, into.alerts)
    assert [EntryKind.MOVED, EntryKind.REOPENED, EntryKind.PRIORITY] == names(result, "into")
    assert (News.REOPENED, News.RAISED) == result.into.news


def test_an_ended_alert_does_not_reopen_it() -> None:
    """What is over is over."""
    over = roll(B, number=2, status=Status.RESOLVED, resolved_at=at(20))
    result = regroup.move(roll(A, C), [C], over, MOMENT, GROUND)

    assert Status.RESOLVED is result.into.incident.status


def test_a_split_of_what_is_over_wakes_nobody() -> None:
    """It is on record, as resolved."""
    result = regroup.split(roll(A, C), [C], Fresh(7, "g", None), MOMENT, GROUND)

    assert (Status.RESOLVED, at(30)) == (
        result.into.incident.status, result.into.incident.resolved_at,
    )  # fmt: skip
    assert () == result.into.news
    assert [EntryKind.OPENED, EntryKind.RESOLVED] == names(result, "into")


def test_a_merge_keeps_the_target_and_closes_the_source() -> None:
    """Number, owner and timeline are the target's; the counts are of both."""
    d = member("d", 4, number=2, host="web09", severity=Severity.DISASTER, service="billing")
    into = roll(A, B, acknowledged_by="ivan", acknowledged_at=at(2), status=Status.ACKNOWLEDGED)
    result = regroup.merge(roll(d, number=2), into, MOMENT, GROUND)
    gone, kept = result.source.incident, result.into.incident

    assert (Status.CLOSED, 1, 0) == (gone.status, gone.merged_into, gone.firing)
    assert (1, "ivan", Status.ACKNOWLEDGED, 3, 3, ("db01", "web01", "web09")) == (
        kept.number, kept.acknowledged_by, kept.status, kept.firing, kept.alerts, kept.hosts,
    )  # fmt: skip
    assert (Severity.DISASTER, Priority.P1, (2,), at(4)) == (
        kept.severity, kept.priority, kept.took, kept.last_at,
    )  # fmt: skip
    assert [EntryKind.MERGED] == names(result, "source")
    assert [EntryKind.MERGED, EntryKind.PRIORITY] == names(result, "into")
    assert (News.RAISED,) == result.into.news
    assert [Placed(1, "olga")] == [span.placed for _, span in result.moved]


@pytest.mark.parametrize(
    ("mine", "theirs", "expected"),
    [(None, Priority.P1, Priority.P1), (Priority.P1, Priority.P2, Priority.P1),
     (Priority.P4, Priority.P5, Priority.P4)],
)  # fmt: skip
def test_what_people_made_of_the_priority_is_kept(
    mine: Priority | None, theirs: Priority, expected: Priority
) -> None:
    """The target's, unless the source was said to be more urgent."""

    def judged(priority: Priority | None) -> Judgement | None:
        return Judgement(priority, "ivan", "so", Priority.P3) if priority else None

    source = roll(B, number=2, judgement=judged(theirs), priority=theirs)
    into = roll(A, judgement=judged(mine), priority=mine or Priority.P3)
    result = regroup.merge(source, into, MOMENT, GROUND)

    assert expected == result.into.incident.priority


def test_a_merge_goes_either_way() -> None:
    """Also into the later incident, and of one that was split off before."""
    once = regroup.split(roll(A, B), [B], Fresh(7, "g", None), MOMENT, GROUND)
    apart = Roll(once.into.incident, once.moved)
    result = regroup.merge(Roll(once.source.incident, (A,)), apart, MOMENT, GROUND)

    assert (7, 2, (1,), Arranged("olga")) == (
        result.source.incident.merged_into,
        result.into.incident.alerts,
        result.into.incident.took,
        result.into.incident.arranged,
    )


def test_a_merge_takes_over_what_was_told_apart() -> None:
    """But not from what is now one."""
    one = roll(A, arranged=Arranged("ivan", (2, 8)))
    two = roll(member("d", 4, number=2), number=2, arranged=Arranged("ivan", (1, 9)))
    result = regroup.merge(two, one, MOMENT, GROUND)

    assert Arranged("olga", (8, 9)) == result.into.incident.arranged


def test_a_merge_forgets_what_it_contradicts() -> None:
    """What was taken out of an incident may be with it when a person merges the two."""
    moved = regroup.move(roll(A, B), [B], roll(C, number=2), MOMENT, GROUND)
    into = Roll(moved.into.incident, (C, *moved.moved))
    result = regroup.merge(Roll(moved.source.incident, (A,)), into, MOMENT, GROUND)

    assert [("b", Placed(2, "olga"))] == [(each.key, each.placed) for each in result.eased]


def test_what_a_person_reported_is_not_resolved_by_a_merge() -> None:
    """The incident that takes it in is held open by who reported it, and back at work."""
    report = roll(number=2, held_by="ivan", opened_by="ivan", severity=Severity.HIGH,
                   hosts=("pc7",))  # fmt: skip
    over = roll(C, status=Status.RESOLVED, resolved_at=at(30))
    result = regroup.merge(report, over, MOMENT, GROUND)
    into = result.into.incident

    assert (Status.OPEN, "ivan", Severity.HIGH, ("pc7", "web02")) == (
        into.status, into.held_by, into.severity, into.hosts,
    )  # fmt: skip


def test_what_a_person_reported_of_a_service_is_still_at_stake() -> None:
    """Though the incident that takes the report in is of another one, or of none."""
    report = roll(number=2, opened_by="ivan", held_by="ivan", severity=Severity.HIGH)
    report = replace(report, incident=replace(report.incident, service="billing"))
    into = regroup.merge(report, roll(B), MOMENT, GROUND).into.incident

    assert [(None, Severity.AVERAGE), ("billing", Severity.HIGH)] == [
        (each.service, each.severity) for each in into.stakes
    ]
    assert (Severity.HIGH, Priority.P1) == (into.severity, into.priority)


def test_what_a_person_said_of_hosts_and_severity_stays() -> None:
    """No alert accounts for it, so that none takes it away."""
    said = roll(A, B, hosts=("db01", "pc7", "web01"), severity=Severity.DISASTER)
    result = regroup.move(said, [A], roll(C, number=2), MOMENT, GROUND)

    assert (("pc7", "web01"), Severity.DISASTER) == (
        result.source.incident.hosts, result.source.incident.severity,
    )  # fmt: skip


def test_the_suspect_is_among_the_alerts_that_are_there() -> None:
    """One that went is no suspect; a title that came from it goes too."""
    result = regroup.move(roll(A, B), [A], roll(C, number=2), MOMENT, GROUND)
    source, into = result.source.incident, result.into.incident

    assert ["b", "a"] == [each.suspect.key for each in (source, into) if each.suspect]
    assert ["b is high on web01", "a is high on db01"] == [source.title, into.title]


def test_a_suspect_found_by_more_than_time_stays() -> None:
    """As long as its alert does."""
    knows = Reason("dependency", "it depends on it")
    found = Suspect("b", "web01", at(1), knows)
    earlier = member("z", -5, number=2)
    result = regroup.move(
        roll(earlier, C, number=2), [earlier], roll(A, B, suspect=found), MOMENT, GROUND
    )

    assert found == result.into.incident.suspect


def test_a_suspect_without_an_alert_of_its_own_stays_while_there_are_any() -> None:
    """A switch that says nothing is suspected for the sake of the others."""
    silent = Suspect("", "switch7", at(0), Reason("likely-cause", "two depend on it"))
    some = regroup.move(roll(A, B, suspect=silent), [A], roll(C, number=2), MOMENT, GROUND)
    every = regroup.move(roll(A, B, suspect=silent), [A, B], roll(C, number=2), MOMENT, GROUND)

    assert (silent, None) == (some.source.incident.suspect, every.source.incident.suspect)


def test_a_title_that_a_person_gave_stays() -> None:
    """Whatever fired first."""
    said = roll(A, B, opened_by="ivan", title="Nobody can pay")
    result = regroup.move(said, [A], roll(C, number=2), MOMENT, GROUND)

    assert "Nobody can pay" == result.source.incident.title


def test_a_wrong_clock_does_not_move_the_new_incident_about() -> None:
    """A start of last year counts as that of the incident, a little earlier at most."""
    strange = (A[0], replace(A[1], started_at=at(-500_000)))
    source = roll(strange, B, opened_at=at(0))
    result = regroup.split(source, [strange], Fresh(7, "g", None), MOMENT, GROUND)

    assert at(0) == result.into.incident.opened_at
    assert at(-2) == result.into.incident.last_at


@pytest.mark.parametrize(
    ("do", "said"),
    [
        (lambda: regroup.merge(roll(A), roll(A), MOMENT, GROUND),
         "#1 is the incident that they are in already"),
        (lambda: regroup.merge(
            roll(A), Roll(replace(incident(2), customer="globex")), MOMENT, GROUND),
         "incidents of different customers have nothing in common"),
        (lambda: regroup.merge(
            roll(A, status=Status.CLOSED, merged_into=9), roll(B, number=2), MOMENT, GROUND),
         "#1 was merged into #9: its alerts are there now"),
        (lambda: regroup.move(
            roll(A, B), [A], roll(C, number=2, status=Status.CLOSED), MOMENT, GROUND),
         "#2 is closed: reopen it first"),
        (lambda: regroup.split(
            roll(A, status=Status.CLOSED), [A], Fresh(7, "g", None), MOMENT, GROUND),
         "#1 is closed: reopen it first"),
        (lambda: regroup.split(roll(A, B), [A, B], Fresh(7, "g", None), MOMENT, GROUND),
         "#1 cannot be split: it has no other alert: to split off all of them would only give it"
         " another number"),
        (lambda: regroup.chosen(roll(A), ["x"]), "#1 has no alert 'x'"),
        (lambda: regroup.chosen(roll(A), []), "say which alerts are meant"),
        (lambda: regroup.chosen(
            roll(member("p", 0, occurrence="7"), member("q", 0, occurrence="7")), ["7"]),
         "#1 has several alerts '7'"),
    ],
    ids=["itself", "strangers", "merged", "closed", "over", "all", "none such", "none", "several"],
)  # fmt: skip
def test_what_means_nothing_is_refused(do: Callable[[], object], said: str) -> None:
    """In words for whoever asked."""
    with pytest.raises(RefusedError, match="^" + said.replace("(", r"\(") + "$"):
        do()


def test_alerts_are_chosen_by_key_or_occurrence() -> None:
    """A key means all spans of the condition; the same twice is once."""
    again = member("a", 9, occurrence="a-2")
    both = roll(A, again, B)

    assert (A, again) == regroup.chosen(both, ["a", "a"])
    assert (again, B) == regroup.chosen(both, ["a-2", "b"])


def test_a_split_is_an_example_of_what_is_apart_and_of_what_is_not() -> None:
    """Each with the facts of then, and with what the machine had thought."""
    result = regroup.split(roll(A, B, C), [B, C], Fresh(7, "g", None), MOMENT, GROUND)
    first = result.examples[0]

    assert [("b", "a", False), ("c", "a", False), ("b", "c", True)] == [
        (each.one.key, each.other.key, each.together) for each in result.examples
    ]
    assert ("acme", "olga", at(60), "not the same", SAME) == (
        first.customer, first.by, first.at, first.why, first.machine,
    )  # fmt: skip
    assert ("b-1", "b is high", "web01", {"env": "prod"}, at(1), "zabbix") == (
        first.one.occurrence, first.one.name, first.one.host, first.one.labels,
        first.one.started_at, first.one.source,
    )  # fmt: skip


def test_a_move_is_an_example_of_both() -> None:
    """Of what it left, and of the nearest alert where it went."""
    late = member("late", 50, number=2)
    result = regroup.move(roll(A, B), [B], roll(C, late, number=2), MOMENT, GROUND)

    assert [("b", "a", False), ("b", "c", True)] == [
        (each.one.key, each.other.key, each.together) for each in result.examples
    ]


def test_a_merge_with_a_report_alone_is_no_example() -> None:
    """There is no pair."""
    assert () == regroup.merge(roll(A), roll(number=2), MOMENT, GROUND).examples


def test_what_a_person_had_decided_was_no_reason_of_the_machine() -> None:
    """The second thoughts of people are no examples of its mistakes."""
    once = regroup.move(roll(A, B), [B], roll(C, number=2), MOMENT, GROUND)
    grown = Roll(once.into.incident, (C, *once.moved))
    later = replace(MOMENT, now=at(61))
    back = regroup.move(grown, once.moved, Roll(once.source.incident, (A,)), later, GROUND)

    assert [None, None] == [each.machine for each in back.examples]
    assert [Placed(1, "olga", (2,))] == [span.placed for _, span in back.moved]


def test_a_storm_leaves_a_bounded_number_of_examples() -> None:
    """One decision about thousands must not outweigh all others."""
    storm = [member(f"k{number}", number / 60) for number in range(300)]
    result = regroup.split(roll(A, *storm), storm, Fresh(7, "g", None), MOMENT, GROUND)

    assert 200 == len(result.examples)


def test_a_pair_is_the_same_whichever_comes_first() -> None:
    """So that the last word on it replaces the one before."""
    [one, *_] = regroup.merge(roll(A), roll(B, number=2), MOMENT, GROUND).examples
    [other, *_] = regroup.merge(roll(B, number=2), roll(A), MOMENT, GROUND).examples

    assert one.pair == other.pair
    assert (one.one, one.other) == (other.other, other.one)


def test_counts_are_those_of_the_incidents_that_alerts_make() -> None:
    """Also when the newest of them began."""
    early, late = member("e", -30), member("l", 20)
    source = roll(early, A, B, late)
    result = regroup.move(source, [late], roll(C, number=2), MOMENT, GROUND)
    back = regroup.move(source, [early], roll(C, number=2), MOMENT, GROUND)

    assert (at(1), at(20)) == (result.source.incident.last_at, result.into.incident.last_at)
    assert (at(20), at(2)) == (back.source.incident.last_at, back.into.incident.last_at)


def test_what_is_emptied_keeps_its_severity_for_the_record() -> None:
    """It was what people saw."""
    result = regroup.move(roll(A), [A], roll(B, number=2), MOMENT, GROUND)

    assert Severity.HIGH is result.source.incident.severity
