"""What follows when people take alerts on where those come from."""

from dataclasses import replace

import pytest

from tests.decide.given import at, incident
from tests.decide.test_lifecycle import alert
from watcher.decide.taking import Word, heard
from watcher.model.alert import Taken
from watcher.model.incident import EntryKind, Incident, Status

ANNA = Taken(at(5), "Anna Orlova (anna)", on=True)
LET_GO = Taken(at(7), "Anna Orlova (anna)", on=False)
BORIS = Taken(at(6), "Boris", on=True)


def _taken(by: str = ANNA.by) -> Incident:
    return replace(
        incident(), status=Status.ACKNOWLEDGED, acknowledged_at=at(5), acknowledged_by=by
    )


def test_whoever_takes_on_an_alert_works_on_its_incident() -> None:
    """It is acknowledged as of then, by that person, and the timeline names rule and place."""
    step = heard(incident(), Word(alert(), ANNA), at(6))
    [entry] = step.entries

    assert (Status.ACKNOWLEDGED, at(5), ANNA.by) == (
        step.incident.status,
        step.incident.acknowledged_at,
        step.incident.acknowledged_by,
    )
    assert (EntryKind.ACKNOWLEDGED, "acknowledged by Anna Orlova (anna) in zabbix", ANNA.by) == (
        entry.kind,
        entry.text,
        entry.actor,
    )
    assert (
        "taken-there",
        "Anna Orlova (anna) acknowledged cpu is high on db01 in zabbix",
        ("cpu",),
    ) == (entry.reason.rule, entry.reason.text, entry.reason.keys)
    assert () == step.news


def test_what_was_taken_on_before_it_was_heard_of_counts_from_its_opening() -> None:
    """Nobody works on an incident that is not there yet."""
    late = replace(incident(), opened_at=at(9))

    assert at(9) == heard(late, Word(alert(), ANNA), at(9)).incident.acknowledged_at


@pytest.mark.parametrize("name", ["", "watcher", " Watcher "])
def test_nobody_there_passes_for_watcher(name: str) -> None:
    """Whoever is called like it, or not at all, is somebody."""
    step = heard(incident(), Word(alert(), replace(ANNA, by=name)), at(6))

    assert "somebody" == step.incident.acknowledged_by


@pytest.mark.parametrize("status", [Status.ACKNOWLEDGED, Status.RESOLVED, Status.CLOSED])
def test_what_is_not_open_stays_as_it_is(status: Status) -> None:
    """The first to take it on counts, and what is over is over."""
    known = replace(incident(), status=status)
    step = heard(known, Word(alert(), ANNA), at(6))

    assert (known, ()) == (step.incident, step.entries)


def test_whoever_lets_go_of_the_only_alert_leaves_the_incident_open() -> None:
    """It must not look attended to."""
    step = heard(_taken(), Word(alert(), LET_GO, ANNA), at(8))
    [entry] = step.entries

    assert (Status.OPEN, None, None) == (
        step.incident.status,
        step.incident.acknowledged_at,
        step.incident.acknowledged_by,
    )
    assert (EntryKind.NOTE, "open again: nobody is on it") == (entry.kind, entry.text)
    assert "Anna Orlova (anna) let go of cpu is high on db01 in zabbix" == entry.reason.text


def test_an_incident_becomes_his_who_has_another_of_its_alerts() -> None:
    """Somebody is on it still; the one who began first, where there are several."""
    later = replace(BORIS, at=at(7), by="Vera")
    step = heard(_taken(), Word(alert(), LET_GO, ANNA, (later, BORIS)), at(8))

    assert (Status.ACKNOWLEDGED, "Boris", at(6)) == (
        step.incident.status,
        step.incident.acknowledged_by,
        step.incident.acknowledged_at,
    )
    assert ["acknowledged by Boris in zabbix"] == [each.text for each in step.entries]


@pytest.mark.parametrize(
    ("known", "word"),
    [
        (_taken("ivan"), Word(alert(), LET_GO, ANNA)),
        (_taken(), Word(alert(), LET_GO)),
        (_taken(), Word(alert(), LET_GO, replace(LET_GO, at=at(6)))),
        (_taken(), Word(alert(), LET_GO, ANNA, (replace(ANNA, at=at(6)),))),
        (incident(), Word(alert(), LET_GO, ANNA)),
        (replace(_taken(), status=Status.RESOLVED), Word(alert(), LET_GO, ANNA)),
    ],
)
def test_letting_go_undoes_no_other_acknowledgement(known: Incident, word: Word) -> None:
    """Not one made here or by another, not one through another alert, not of what is over."""
    step = heard(known, word, at(8))

    assert (known, ()) == (step.incident, step.entries)


def test_who_else_let_go_has_nothing() -> None:
    """Only those count who hold on."""
    other = replace(BORIS, on=False)

    assert (
        Status.OPEN is heard(_taken(), Word(alert(), LET_GO, ANNA, (other,)), at(8)).incident.status
    )
