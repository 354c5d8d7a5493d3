"""What may happen to an incident, and what follows from it."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.decide.given import POLICY, at, incident
from watcher.decide import lifecycle
from watcher.decide.course import joint
from watcher.decide.lifecycle import Arrival, Both, Moment, News, RefusedError, Report, Step
from watcher.decide.priority import Scale
from watcher.model.alert import Alert, AlertStatus
from watcher.model.catalogue import Catalogue, Service
from watcher.model.event import Severity
from watcher.model.incident import Course, EntryKind, Incident, Priority, Stake, Status
from watcher.model.reason import Reason

WHY = Reason("test", "because the test says so")


def alert(
    key: str = "cpu",
    severity: Severity = Severity.AVERAGE,
    host: str | None = "db01",
    service: str | None = None,
    belongs: int | None = None,
) -> Alert:
    """An alert that fires on db01."""
    return Alert(
        customer="acme",
        key=key,
        source="zabbix",
        occurrence="o1",
        status=AlertStatus.FIRING,
        severity=severity,
        name=f"{key} is high",
        first_at=at(0),
        last_at=at(0),
        started_at=at(0),
        host=host,
        service=service,
        incident=belongs,
    )


def moment(minutes: float = 0, actor: str = "watcher") -> Moment:
    """A moment so many minutes into the test."""
    return Moment(at(minutes), WHY, actor)


def scale(criticality: int | None = 4) -> Scale:
    """The shipped priorities, where the service of all alerts is this critical."""
    services = {}
    if criticality is not None:
        services["acme", "billing"] = Service("acme", "billing", criticality)
    return Scale(POLICY.priority, Catalogue(services=services))


def stake(of: Alert) -> Stake:
    """What the alert puts at stake of the service."""
    return Stake("billing", of.severity)


def arrival(of: Alert, started: float = 0, point: float | None = None) -> Arrival:
    """The alert that starts to fire."""
    return Arrival(of, at(started), at(started if point is None else point), stake(of))


def opened(first: Alert, criticality: int | None = 4) -> Step:
    """An incident opened by its first alert."""
    return lifecycle.open_by_alert(1, arrival(first), "host:db01", moment(), scale(criticality))


def joined(to: Incident, other: Alert, minutes: float = 1) -> Step:
    """An incident after one more alert."""
    new = arrival(other, minutes)
    return lifecycle.join(to, new, moment(minutes), scale(), POLICY.grouping)


def test_the_first_alert_opens_an_incident_with_a_priority_and_a_suspect() -> None:
    """One alert makes one incident, one timeline entry and one piece of news."""
    step = opened(alert(service="billing"))

    assert (Status.OPEN, Priority.P2) == (step.incident.status, step.incident.priority)
    assert "billing: cpu is high on db01" == step.incident.title
    assert (1, 1, ("db01",)) == (step.incident.alerts, step.incident.firing, step.incident.hosts)
    assert step.incident.suspect is not None
    assert ("cpu", "first-to-fire") == (
        step.incident.suspect.key,
        step.incident.suspect.reason.rule,
    )
    assert [EntryKind.OPENED] == [entry.kind for entry in step.entries]
    assert (News.OPENED,) == step.news


def test_a_host_that_the_alert_names_is_not_named_twice() -> None:
    """Monitoring systems like to put the host into the name."""
    step = opened(alert("DB01 load"))

    assert "DB01 load is high" == step.incident.title


def test_an_alert_of_no_host_and_no_service_gives_the_title_alone() -> None:
    """Nothing is invented where nothing is known."""
    step = opened(alert(host=None))

    assert ("cpu is high", ()) == (step.incident.title, step.incident.hosts)


def test_a_worse_alert_raises_the_priority_and_tells_again() -> None:
    """A more severe alert that merges must not be hidden by the merge."""
    step = joined(opened(alert()).incident, alert("disk", Severity.DISASTER, "db02"))

    assert Priority.P1 is step.incident.priority
    assert (News.RAISED,) == step.news
    assert [EntryKind.JOINED, EntryKind.PRIORITY] == [entry.kind for entry in step.entries]
    assert "priority P2 -> P1" == step.entries[1].text
    assert ("db01", "db02") == step.incident.hosts


def test_a_lesser_alert_joins_quietly() -> None:
    """Nobody is told again for what is not worse."""
    step = joined(opened(alert()).incident, alert("disk", Severity.WARNING))

    assert () == step.news
    assert Priority.P2 is step.incident.priority


def test_the_same_alert_again_is_not_counted_twice() -> None:
    """A condition that returns to its incident is one alert of it."""
    step = joined(opened(alert()).incident, alert(belongs=1))

    assert (1, 2) == (step.incident.alerts, step.incident.firing)


def test_an_earlier_alert_heard_of_late_becomes_the_suspect() -> None:
    """Who fired first is decided by when it fired, not by when it was heard of."""
    step = joined(opened(alert()).incident, alert("disk"), minutes=-1)

    assert step.incident.suspect is not None
    assert "disk" == step.incident.suspect.key
    assert "disk is high on db01" == step.incident.title


def test_the_suspect_is_settled_after_five_minutes() -> None:
    """What is heard later than that does not rewrite the title."""
    first = opened(alert()).incident
    step = lifecycle.join(first, arrival(alert("disk"), -1, 4), moment(6), scale(), POLICY.grouping)

    assert first.suspect == step.incident.suspect


def test_a_new_alert_reopens_a_resolved_incident() -> None:
    """Reopening is a transition with its reason; who had taken it on still has it."""
    first = replace(opened(alert()).incident, status=Status.RESOLVED, resolved_at=at(1))
    again = joined(first, alert("disk"), 2)
    taken = joined(replace(first, acknowledged_at=at(1)), alert("disk"), 2)

    assert (Status.OPEN, None) == (again.incident.status, again.incident.resolved_at)
    assert News.REOPENED in again.news
    assert WHY == next(each for each in again.entries if each.kind is EntryKind.REOPENED).reason
    assert Status.ACKNOWLEDGED is taken.incident.status


def test_the_last_alert_to_end_resolves_the_incident() -> None:
    """It is resolved at the true end of that alert."""
    two = joined(opened(alert()).incident, alert("disk")).incident
    one = lifecycle.alert_ended(two, alert(), at(3), moment(4))
    none = lifecycle.alert_ended(one.incident, alert("disk"), at(5), moment(6))

    assert (Status.OPEN, ()) == (one.incident.status, one.news)
    assert (Status.RESOLVED, at(5)) == (none.incident.status, none.incident.resolved_at)
    assert (News.RESOLVED,) == none.news
    assert "all-alerts-ended" == none.entries[-1].reason.rule


def test_an_alert_that_ends_after_a_person_resolved_changes_only_the_count() -> None:
    """What a person decided is not decided again."""
    first = lifecycle.resolve(opened(alert()).incident, moment(1, "olga")).incident
    step = lifecycle.alert_ended(first, alert(), at(3), moment(4))

    assert (at(1), 0, ()) == (step.incident.resolved_at, step.incident.firing, step.news)


def heard(of: Incident, severity: Severity, minutes: float, worst: Severity | None = None) -> Step:
    """The incident after its alert was said to have this severity."""
    worse = Stake("billing", worst or severity)
    return lifecycle.severity_heard(of, alert(), severity, worse, moment(minutes), scale())


def test_a_worse_severity_raises_and_a_lesser_one_does_not_lower() -> None:
    """The priority follows the highest severity heard of."""
    first = opened(alert()).incident
    worse = heard(first, Severity.HIGH, 1)
    better = heard(worse.incident, Severity.WARNING, 2, worst=Severity.HIGH)

    assert (Priority.P1, (News.RAISED,)) == (worse.incident.priority, worse.news)
    assert (Priority.P1, ()) == (better.incident.priority, better.news)
    assert "cpu is high on db01: severity warning" == better.entries[0].text


def test_a_priority_that_falls_is_told_on_the_timeline_only() -> None:
    """When the catalogue makes a service less critical, nobody is woken."""
    first = opened(alert()).incident
    step = lifecycle.reprioritised(first, scale(1), moment(1))

    assert (Priority.P4, ()) == (step.incident.priority, step.news)
    assert EntryKind.PRIORITY is step.entries[-1].kind


def merged(later: Incident, earlier: Incident, minutes: float = 5) -> tuple[Step, Step]:
    """The two as one, after so many minutes, with two alerts between them."""
    both = Both(later, earlier, 2)
    return lifecycle.merge(both, moment(minutes), scale(), POLICY.grouping)


def test_merging_closes_the_later_incident_into_the_earlier() -> None:
    """All that the later one held belongs to the earlier one, with the reason on both."""
    earlier = opened(alert()).incident
    later = replace(
        opened(alert("disk", Severity.HIGH, "db02")).incident,
        number=2,
        last_at=at(4),
        ended_at=at(4),
    )
    closed, grown = merged(later, earlier)

    assert (Status.CLOSED, 1, 0) == (
        closed.incident.status,
        closed.incident.merged_into,
        closed.incident.firing,
    )
    assert ("db01", "db02") == grown.incident.hosts
    assert (2, 2, Severity.HIGH) == (
        grown.incident.alerts,
        grown.incident.firing,
        grown.incident.severity,
    )
    assert ("merged into #1", "took in #2") == (closed.entries[0].text, grown.entries[0].text)
    assert (earlier.suspect, at(4)) == (grown.incident.suspect, grown.incident.ended_at)


def test_merging_a_worse_incident_raises_the_priority_and_tells() -> None:
    """What was bad in the later one is not hidden by the merge."""
    earlier = opened(alert(severity=Severity.WARNING)).incident
    later = replace(opened(alert("disk", Severity.DISASTER)).incident, number=2)
    _, grown = merged(later, earlier)

    assert (Priority.P1, (News.RAISED,)) == (grown.incident.priority, grown.news)


@pytest.mark.parametrize(
    ("minutes", "by", "suspect", "title"),
    [
        (5, "watcher", "disk", "disk is high on db01"),
        (6, "watcher", "cpu", "cpu is high on db01"),
        (5, "olga", "disk", "cpu is high on db01"),
    ],
)
def test_merging_takes_the_earlier_suspect_while_there_is_time(
    minutes: float, by: str, suspect: str, title: str
) -> None:
    """Five minutes after opening the suspect is settled; a person's title is kept in any case."""
    earlier = replace(opened(alert()).incident, opened_by=by)
    before = lifecycle.join(
        replace(incident(2), alerts=0),
        arrival(alert("disk"), -1),
        moment(),
        scale(),
        POLICY.grouping,
    )
    _, grown = merged(before.incident, earlier, minutes)

    assert grown.incident.suspect is not None
    assert (suspect, title) == (grown.incident.suspect.key, grown.incident.title)


def test_merging_a_firing_incident_reopens_a_resolved_one() -> None:
    """The disruption goes on, so the incident does."""
    earlier = incident(1, status=Status.RESOLVED)
    _, grown = merged(replace(incident(2), firing=1), earlier, 1)
    _, quiet = merged(incident(2), earlier, 1)

    assert Status.OPEN is grown.incident.status
    assert News.REOPENED in grown.news
    assert [EntryKind.MERGED, EntryKind.REOPENED] == [each.kind for each in grown.entries][:2]
    assert (Status.RESOLVED, None) == (quiet.incident.status, quiet.incident.suspect)


def test_what_a_person_opened_only_a_person_resolves() -> None:
    """A user phoned: an alert that comes and goes does not make the complaint go away."""
    report = Report("acme", "nobody can print", Severity.HIGH, service="print")
    by_hand = lifecycle.open_by_hand(3, report, moment(0, "olga"), scale()).incident
    step = lifecycle.alert_ended(joined(by_hand, alert()).incident, alert(), at(2), moment(2))
    over = lifecycle.resolve(step.incident, moment(3, "olga")).incident

    assert (Status.OPEN, ()) == (step.incident.status, step.news)
    assert "held-open" == step.entries[-1].reason.rule
    assert ("olga", None) == (step.incident.held_by, over.held_by)


def test_what_a_person_reopened_only_a_person_resolves() -> None:
    """Somebody found that it is not over."""
    again = lifecycle.reopen(incident(status=Status.RESOLVED), moment(1, "olga"))

    assert "olga" == again.incident.held_by


def test_an_incident_is_resolved_at_the_newest_end_and_not_before_it_opened() -> None:
    """Recoveries that are heard of out of order, or with the problem, make no negative span."""
    two = joined(opened(alert()).incident, alert("disk")).incident
    one = lifecycle.alert_ended(two, alert(), at(5), moment(6))
    none = lifecycle.alert_ended(one.incident, alert("disk"), at(3), moment(6))
    late = lifecycle.alert_ended(opened(alert()).incident, alert(), at(-1), moment(0))

    assert (at(5), at(0)) == (none.incident.resolved_at, late.incident.resolved_at)


def test_a_person_opens_an_incident_before_monitoring_says_anything() -> None:
    """A user phoned: it has a group, so that later alerts of the service join it."""
    report = Report("acme", "nobody can pay", Severity.HIGH, service="billing", text="user called")
    step = lifecycle.open_by_hand(3, report, moment(0, "olga"), scale())
    later = joined(step.incident, alert(service="billing"))

    assert ("service:billing", "olga") == (step.incident.group, step.incident.opened_by)
    assert "opened by olga: user called" == step.entries[0].text
    assert (News.OPENED,) == step.news
    assert ("nobody can pay", EntryKind.JOINED) == (later.incident.title, later.entries[0].kind)


@pytest.mark.parametrize(
    ("host", "group", "hosts"), [("db01", "host:db01", ("db01",)), (None, "manual:3", ())]
)
def test_an_incident_by_hand_is_grouped_by_what_is_known(
    host: str | None, group: str, hosts: tuple[str, ...]
) -> None:
    """Without service or host no alert joins it by itself."""
    report = Report("acme", "odd noise", Severity.WARNING, host=host)
    step = lifecycle.open_by_hand(3, report, moment(0, "olga"), scale(None))

    assert (group, hosts) == (step.incident.group, step.incident.hosts)
    assert "opened by olga" == step.entries[0].text


Verb = Callable[[Incident, Moment], Step]


@pytest.mark.parametrize(
    ("verb", "before", "after"),
    [
        (lifecycle.acknowledge, Status.OPEN, Status.ACKNOWLEDGED),
        (lifecycle.resolve, Status.OPEN, Status.RESOLVED),
        (lifecycle.resolve, Status.ACKNOWLEDGED, Status.RESOLVED),
        (lifecycle.close, Status.RESOLVED, Status.CLOSED),
        (lifecycle.reopen, Status.RESOLVED, Status.OPEN),
        (lifecycle.reopen, Status.CLOSED, Status.OPEN),
    ],
)
def test_people_move_an_incident_on(verb: Verb, before: Status, after: Status) -> None:
    """Each allowed transition is on the timeline with who made it and why."""
    step = verb(incident(status=before), moment(2, "olga"))

    assert after is step.incident.status
    assert ["olga"] == [entry.actor for entry in step.entries]
    assert WHY == step.entries[0].reason


@pytest.mark.parametrize(
    ("verb", "before", "text"),
    [
        (lifecycle.acknowledge, Status.RESOLVED, "a resolved incident cannot be acknowledged"),
        (lifecycle.resolve, Status.CLOSED, "a closed incident cannot be resolved"),
        (lifecycle.close, Status.OPEN, "an open incident cannot be closed"),
        (lifecycle.reopen, Status.OPEN, "an open incident cannot be reopened"),
    ],
)
def test_people_are_told_what_cannot_be_done(verb: Verb, before: Status, text: str) -> None:
    """A transition that is not allowed is refused in words."""
    with pytest.raises(RefusedError, match=text):
        verb(incident(status=before), moment())


def test_a_merged_incident_is_not_reopened() -> None:
    """Its alerts live in the other one."""
    merged = replace(incident(status=Status.CLOSED), merged_into=9)

    with pytest.raises(RefusedError, match="merged into #9"):
        lifecycle.reopen(merged, moment())


def test_a_note_changes_nothing_but_the_timeline() -> None:
    """With a key it is written once, however often it is delivered."""
    step = lifecycle.note(incident(), "looks like the disk", moment(), key="k1")

    assert (incident(), "k1", "looks like the disk") == (
        step.incident,
        step.entries[0].key,
        step.entries[0].text,
    )


def test_a_worse_severity_is_told_even_where_the_priority_stays() -> None:
    """People get up for what got worse; for a warning nobody does."""
    p1 = opened(alert(severity=Severity.HIGH)).incident
    worse = joined(p1, alert("disk", Severity.DISASTER))
    calm = opened(alert(severity=Severity.INFORMATION)).incident
    warned = joined(calm, alert("disk", Severity.WARNING))
    same = joined(p1, alert("disk", Severity.HIGH))

    assert (Priority.P1, (News.RAISED,)) == (worse.incident.priority, worse.news)
    assert "severity high -> disaster, the priority stays P1" == worse.entries[-1].text
    assert [(), ()] == [warned.news, same.news]


def test_a_worse_severity_that_comes_by_a_merger_is_told() -> None:
    """What was told of the other is taken back with it."""
    earlier = replace(opened(alert(severity=Severity.HIGH)).incident, number=1)
    later = replace(opened(alert("disk", Severity.DISASTER)).incident, number=2)
    _, grown = lifecycle.merge(Both(later, earlier, 2), moment(1), scale(), POLICY.grouping)

    assert (News.RAISED,) == grown.news
    assert (Stake("billing", Severity.DISASTER),) == grown.incident.stakes


def set_to(of: Incident, priority: Priority | None, text: str = "a test system") -> Step:
    """The incident after Olga set its priority."""
    by = Moment(at(2), Reason("by-hand", text), "olga")
    return lifecycle.set_priority(of, priority, by, scale())


def test_a_person_sets_the_priority_and_says_why() -> None:
    """It is a term, it is on the timeline, and the rules have it back when they are asked to."""
    first = opened(alert()).incident
    lower = set_to(first, Priority.P4)
    back = set_to(lower.incident, None, "it is not")

    assert Priority.P4 is lower.incident.priority
    assert ("priority set to P4 by olga", "olga", "a test system") == (
        lower.entries[0].text,
        lower.entries[0].actor,
        lower.entries[0].reason.text,
    )
    assert "olga: a test system; by the rules it is P2" == lower.incident.terms[-1].because
    assert ((), (News.RAISED,)) == (lower.news, back.news)
    assert "priority left to the rules by olga" == back.entries[0].text
    assert (Priority.P2, None) == (back.incident.priority, back.incident.judgement)


def test_what_a_person_set_is_outdone_by_worse_facts_only() -> None:
    """More of the same does not outdo him; a disaster does, and people are told."""
    lower = set_to(opened(alert()).incident, Priority.P4).incident
    more = joined(lower, alert("disk"))
    worse = joined(more.incident, alert("fire", Severity.DISASTER))

    assert (Priority.P4, ()) == (more.incident.priority, more.news)
    assert (Priority.P1, (News.RAISED,)) == (worse.incident.priority, worse.news)


def test_the_priority_of_a_closed_incident_stays() -> None:
    """There is nothing left to hurry for."""
    over = replace(opened(alert()).incident, status=Status.CLOSED)
    with pytest.raises(RefusedError, match="a closed incident cannot be given another priority"):
        set_to(over, Priority.P1)


@pytest.mark.parametrize(
    ("earlier", "later", "expected"),
    [
        (Priority.P3, None, Priority.P3),
        (None, Priority.P4, Priority.P2),
        (None, Priority.P1, Priority.P1),
        (Priority.P3, Priority.P4, Priority.P3),
        (Priority.P3, Priority.P1, Priority.P1),
    ],
)
def test_what_people_set_survives_a_merger(
    earlier: Priority | None, later: Priority | None, expected: Priority
) -> None:
    """What was said of the earlier counts, unless the later was said to be more urgent."""
    one, other = (
        replace(opened(alert(key)).incident, number=at) for at, key in ((1, "a"), (2, "b"))
    )
    one = set_to(one, earlier).incident
    other = set_to(other, later).incident
    _, grown = lifecycle.merge(Both(other, one, 2), moment(3), scale(), POLICY.grouping)

    assert expected is grown.incident.priority


def test_what_comes_back_is_looked_at_by_the_clock() -> None:
    """Meanwhile its priority stood still."""
    over = replace(opened(alert()).incident, status=Status.RESOLVED, review_at=at(-99))
    back = lifecycle.reopen(over, moment(5, "olga"))

    assert at(5) == back.incident.review_at


def test_it_is_known_since_when_an_incident_is_as_urgent_as_ever() -> None:
    """Promises of service begin then. What it opens with is its first priority, and no news."""
    first = opened(alert(severity=Severity.WARNING)).incident
    same = joined(first, alert("disk", Severity.AVERAGE), 0).incident
    worse = joined(first, alert("disk", Severity.AVERAGE), 5).incident
    eased = set_to(worse, Priority.P4).incident
    worst = joined(eased, alert("net", Severity.DISASTER), 9).incident

    assert (Course(), Course()) == (first.course, same.course)
    expected = ((Priority.P3, at(0)), (Priority.P2, at(5)))
    assert expected == worse.course.peaks == eased.course.peaks
    assert (*expected, (Priority.P1, at(9))) == worst.course.peaks


def test_it_is_known_when_an_incident_was_over_for_a_while() -> None:
    """The clocks of what was promised stand still then."""
    over = replace(opened(alert()).incident, status=Status.RESOLVED, resolved_at=at(5))
    back = lifecycle.reopen(over, moment(60, "olga")).incident
    again = lifecycle.reopen(
        lifecycle.resolve(back, moment(90, "olga")).incident, moment(95)
    ).incident

    assert ((at(5), at(60)), (at(90), at(95))) == again.course.breaks


def test_what_took_another_in_is_as_urgent_as_that_was_by_then() -> None:
    """A merger gives nobody more time; what went into it before it opened counts from then on."""
    first, other = opened(alert()).incident, replace(opened(alert("net")).incident, number=2)
    mild = replace(first, priority=Priority.P4)
    early = replace(other, opened_at=at(-9), priority=Priority.P3)
    late = replace(other, opened_at=at(5), priority=Priority.P1)
    risen = ((Priority.P4, at(0)), (Priority.P1, at(5)))

    assert ((Priority.P3, at(0)),) == joint(mild, early).peaks
    assert risen == joint(mild, late).peaks
    assert Course() == joint(late, mild)


def test_what_took_another_in_goes_on_since_that_opened() -> None:
    """It was over until then only, though nobody knew before they were found to be one."""
    over = replace(opened(alert()).incident, status=Status.RESOLVED, resolved_at=at(5), firing=0)
    later = replace(opened(alert("net")).incident, number=2, opened_at=at(20))
    _, grown = lifecycle.merge(Both(later, over, 2), moment(50), scale(), POLICY.grouping)

    assert ((at(5), at(20)),) == grown.incident.course.breaks
