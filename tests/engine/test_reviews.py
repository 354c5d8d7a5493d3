"""The review as a document: every part that a record may have is told, in both languages."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.decide.given import POLICY
from watcher.decide.lifecycle import RefusedError
from watcher.decide.review import MOST_FACTS, Record, account
from watcher.decide.sla import promises
from watcher.engine.command import Desk, NotThereError
from watcher.engine.report import report
from watcher.engine.review_words import WORDS
from watcher.engine.reviews import (
    LONGEST_LINE,
    LONGEST_TEXT,
    MOST_ITEMS,
    MOST_WHYS,
    Edit,
    ItemEdit,
    Reviewed,
    write,
)
from watcher.kit.clock import Clock
from watcher.kit.document import to_markdown
from watcher.model.article import Language
from watcher.model.catalogue import Calendar, Catalogue, Customer, Sla
from watcher.model.change import replace
from watcher.model.event import Severity
from watcher.model.incident import (
    Course,
    Entry,
    EntryKind,
    Incident,
    Priority,
    Status,
    Suspect,
    Ticket,
)
from watcher.model.person import Principal, Role
from watcher.model.problem import Problem, ProblemStatus
from watcher.model.reason import Reason
from watcher.model.review import ActionItem, Findings, Review
from watcher.store.store import Store

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
OLGA = Principal("olga", Role.OPERATOR)
REASON = Reason("x", "because")
PROBLEM = Problem(
    3,
    "acme",
    "Logs are kept for ever",
    ProblemStatus.KNOWN_ERROR,
    Priority.P3,
    NOW,
    "olga",
    NOW,
    root_cause="no rotation",
    workaround="remove old logs",
)
INCIDENT = Incident(
    7,
    "acme",
    "disk",
    Status.RESOLVED,
    Priority.P2,
    (),
    "host:db1",
    Severity.HIGH,
    NOW,
    NOW,
    acknowledged_at=NOW + timedelta(minutes=5),
    acknowledged_by="pavel",
    resolved_at=NOW + timedelta(hours=2, minutes=10),
    ticket=Ticket("jira", "OPS-1"),
    suspect=Suspect("", "db1", NOW, REASON),
    problem=3,
)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """Where somebody writes a review of incident 7."""
    store = Store.open(f"sqlite:///{tmp_path}/watcher.db")
    store.upgrade()
    with store.begin() as tx:
        tx.save_incidents([INCIDENT])
    yield Desk(store, Clock(), POLICY, Catalogue(), lambda: None)
    store.close()


def test_a_document_tells_all_that_is_known() -> None:
    """Who took it on, how long it took, the ticket, the suspect, the problem, what is left out."""
    entry = Entry(7, NOW, EntryKind.JOINED, "joined", REASON)
    record = Record(INCIDENT, timeline=[entry] * (MOST_FACTS + 4), problem=PROBLEM)
    items = (ActionItem("rotate", ticket=Ticket("jira", "OPS-2")), ActionItem("watch"))
    review = Review(7, "acme", 2, NOW, "olga", Findings(whys=("no space",)), items)

    english = to_markdown(report(Reviewed(account(record), review), Language.ENGLISH))
    russian = to_markdown(report(Reviewed(account(record), review), Language.RUSSIAN))

    for said in (
        "2026-11-22 03:05:00 UTC, pavel",
        "2 h 10 min",
        "| OPS-1 |",
        "Suspected by Watcher: db1 (because)",
        "Problem \\#3: Logs are kept for ever (known error)",
        "Root cause of the problem: no rotation",
        "Workaround: remove old logs",
        "1. no space",
        "| OPS-2 |",
        "4 more lines",
    ):
        assert said in english
    assert "| 2 ч 10 мин |" in russian
    assert "(известная ошибка)" in russian


@pytest.mark.parametrize(
    ("because", "shown"),
    [
        ("filed as OPS-1", "filed as OPS-1 |"),
        ("OPS-1 was there already", "filed as OPS-1 (OPS-1 was there already) |"),
    ],
)
def test_what_came_of_a_ticket_is_said_once(because: str, shown: str) -> None:
    """The line says it by itself; what else the tracker made of it stands behind."""
    text = "ticket in ops for action item 1 of #7: filed as OPS-1"
    entry = Entry(7, NOW, EntryKind.ACTION, text, Reason("deliver", because))
    told = Reviewed(account(Record(INCIDENT, timeline=[entry])), None)

    assert shown in to_markdown(report(told, Language.ENGLISH))


HOUR = timedelta(hours=1)
WEEK = {day: ((540, 1080),) for day in range(5)}
TIMES = {Priority.P2: 2 * HOUR}


@pytest.mark.parametrize(
    ("changes", "sla", "english", "russian"),
    [
        (
            {},
            Sla("gold", TIMES, TIMES),
            [
                "| P2: acknowledged within 2 h | "
                "due 2026-11-22 05:00:00 UTC: kept, it took 5 min |",
                "| P2: resolved within 2 h | "
                "due 2026-11-22 05:00:00 UTC: broken by 10 min, it took 2 h 10 min |",
            ],
            [
                "| P2: принять в работу за 2 ч | "
                "срок 2026-11-22 05:00:00 UTC: выполнено за 5 мин |",
                "| P2: решить за 2 ч | "
                "срок 2026-11-22 05:00:00 UTC: нарушено на 10 мин, потребовалось 2 ч 10 мин |",
            ],
        ),
        (
            {"acknowledged_at": None, "resolved_at": None},
            Sla("gold", {Priority.P2: HOUR}, {Priority.P2: 24 * HOUR}),
            [
                "due 2026-11-22 04:00:00 UTC: broken by 2 h so far |",
                "due 2026-11-23 03:00:00 UTC: open, 3 h have passed |",
            ],
            ["уже нарушено на 2 ч |", "ещё не выполнено, прошло 3 ч |"],
        ),
        (
            {"acknowledged_at": None, "resolved_at": NOW + HOUR},
            Sla("office", TIMES, {}, Calendar("office", ZoneInfo("UTC"), WEEK)),
            [
                "| P2: acknowledged within 2 h of business hours (office) | "
                "due 2026-11-23 11:00:00 UTC: kept, it was over after 0 s |",
            ],
            ["| P2: принять в работу за 2 ч рабочего времени (office) |", "закончился через 0 с |"],
        ),
        (
            {},
            Sla("never", TIMES, {}, Calendar("never", ZoneInfo("UTC"), {})),
            ["due in the far future: kept"],
            ["срок в далёком будущем"],
        ),
    ],
)
def test_a_document_says_whether_promises_were_kept(
    changes: dict[str, Any], sla: Sla, english: list[str], russian: list[str]
) -> None:
    """Each with what was promised, until when, and by how much it was broken."""
    incident = replace(INCIDENT, **changes)
    catalogue = Catalogue(customers={"acme": Customer("acme", sla=sla)})
    held = promises(incident, catalogue, NOW + 3 * HOUR)
    told = Reviewed(account(Record(incident, promises=held)), None)

    for said in english:
        assert said in to_markdown(report(told, Language.ENGLISH))
    for said in russian:
        assert said in to_markdown(report(told, Language.RUSSIAN))


def test_a_document_about_history_leaves_out_who_noticed_it() -> None:
    """It was over before Watcher heard of it."""
    past = replace(INCIDENT, acknowledged_at=None, course=Course(history=True))
    told = to_markdown(report(Reviewed(account(Record(past)), None), Language.ENGLISH))

    assert "time to resolve" in told
    assert "time to detect" not in told
    assert "time to acknowledge" not in told
    assert "Promises" not in told


def test_both_languages_say_the_same_things() -> None:
    """No sentence is missing in one of them, and none has another number of gaps to fill."""
    english, russian = WORDS[Language.ENGLISH], WORDS[Language.RUSSIAN]

    assert {key: text.count("{}") for key, text in english.items()} == {
        key: text.count("{}") for key, text in russian.items()
    }


@pytest.mark.parametrize(
    ("findings", "items", "says"),
    [
        (Findings("x" * (LONGEST_TEXT + 1)), (), "a text has"),
        (Findings(whys=("x",) * (MOST_WHYS + 1)), (), "whys at most"),
        (Findings(whys=("x" * (LONGEST_LINE + 1),)), (), "a line has"),
        (Findings(), (ItemEdit("x"),) * (MOST_ITEMS + 1), "action items at most"),
    ],
)
def test_what_is_too_long_is_refused(
    desk: Desk, findings: Findings, items: tuple[ItemEdit, ...], says: str
) -> None:
    """And nothing is kept of it."""
    with pytest.raises(RefusedError, match=says):
        write(desk, 7, Edit(0, findings, items), OLGA)
    with desk.store.view() as view:
        assert [] == view.reviews(7)


@pytest.mark.parametrize("by", [OLGA, Principal("eve", Role.MANAGER, "globex")])
def test_a_strangers_incident_is_not_there(desk: Desk, by: Principal) -> None:
    """No more than one that does not exist."""
    with pytest.raises(NotThereError):
        write(desk, 8 if by is OLGA else 7, Edit(0, Findings()), by)


def test_who_did_it_stays_known(desk: Desk) -> None:
    """Whoever edits the item later did not do it; who says that it is not done takes it back."""
    pavel = Principal("pavel", Role.OPERATOR)
    write(desk, 7, Edit(0, Findings(), (ItemEdit("x", done=True),)), OLGA)
    edited = write(desk, 7, Edit(1, Findings(), (ItemEdit("y", done=True, number=1),)), pavel)
    undone = write(desk, 7, Edit(2, Findings(), (ItemEdit("y", number=1),)), pavel)

    assert ["olga"] == [each.done_by for each in edited.items]
    assert [(None, "")] == [(each.done_at, each.done_by) for each in undone.items]
