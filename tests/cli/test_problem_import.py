"""`watcher problem import`: old tickets become history that what comes back is recognised by."""

from pathlib import Path

from tests.cli.given import Desk
from watcher.model.incident import Status
from watcher.model.problem import Bond, ProblemStatus
from watcher.store.query import Query

TABLE = """\
Ticket;Opened;Closed;Title;Host;Service;Problem;Problem_title;Workaround;Fix;Colour
T1;2024-01-05 03:00;2024-01-05 04:00;Диск полон;10.0.0.7;shop;P1;Лог не ротируется;удалить лог;;red
T2;12.01.2024 03:00;12.01.2024 03:30;Диск полон;web01;shop;P1;;;;
T3;2024-02-01 10:00;2024-02-01 11:00;Certificate expired;;;P2;;;a timer;
;2024-03-01 10:00;2024-03-01 11:00;Slow;;;P3;;;;
;2024-03-02 10:00;2024-03-02 11:00;Slow;;;;;;;
T6;yesterday;2024-03-01 11:00;Slow;;;;;;;
T7;2024-03-01 11:00;2024-03-01 10:00;Slow;;;;;;;
T8;2024-03-01 11:00;2024-03-01 12:00;;;;;;;;
T9;2024-03-01 11:00;2024-03-01 12:00;Slow;;;;;;;;too much
"""


def taken(at: Desk, *words: str, text: str = TABLE, encoding: str = "utf-8-sig") -> str:
    """What the command says of the table."""
    table = at.folder / "tickets.csv"
    table.write_text(text, encoding=encoding)
    return at.run("problem", "import", str(table), "--customer", "acme", *words).output


def test_old_tickets_become_closed_incidents_of_their_problems(at: Desk) -> None:
    """Each with its true times, marked as history, firmly tied; nobody is to be told of any."""
    said = taken(at)
    with at.store() as store, store.view() as view:
        incidents = sorted(view.incident_list(Query()).items, key=lambda each: each.number)
        problems = {each.tickets[0]: each for each in view.problem_list(Query()).items}
        ties = view.ties_of_problem(problems["P1"].number)
        lines = [each.text for each in view.timeline(1)]
        actions = view.action_list(Query()).items

    assert said.endswith("5 tickets read: 5 incidents and 3 problems are new\n")
    assert [Status.CLOSED] * 5 == [each.status for each in incidents]
    assert ["T1", "T2", "T3"] == [each.ticket.key for each in incidents if each.ticket]
    assert {("web01",)} == {each.hosts for each in incidents[:2]}
    assert [
        "taken from old tickets: nobody was told of it",
        "opened",
        "closed: удалить лог",
    ] == lines[:3]
    assert {
        "P1": (ProblemStatus.KNOWN_ERROR, "Лог не ротируется", 2),
        "P2": (ProblemStatus.RESOLVED, "P2", 1),
        "P3": (ProblemStatus.NEW, "P3", 1),
    } == {name: (one.status, one.title, one.cost.incidents) for name, one in problems.items()}
    assert [(1, Bond.CONFIRMED), (2, Bond.CONFIRMED)] == [(e.incident, e.bond) for e in ties]
    assert () == tuple(actions)


def test_rows_that_cannot_be_read_are_named_by_their_line(at: Desk) -> None:
    """The others are taken in."""
    notes = taken(at)

    assert "columns that say nothing to Watcher: Colour" in notes
    for line, text in (
        (7, "`opened` is no time"),
        (8, "it was closed before it opened"),
        (9, "it has no title"),
        (10, "more cells than the heading has"),
    ):
        assert f"line {line}: {text}" in notes


def test_what_is_known_is_not_taken_in_again(at: Desk) -> None:
    """Not from the same table, also as Windows writes it, nor a ticket that has another title now;
    what is new joins the problem that is there, though it went into another.
    """
    taken(at)
    again = taken(at, encoding="cp1251")
    assert 0 == at.run("problem", "merge", "3", "--into", "1").exit_code
    head = TABLE.partition("\n")[0]
    more = (
        f"{head}\nT1;2024-01-05;2024-01-06;Other;;;P1;;;;\n;2024-03-05;2024-03-06;Slow;;;P3;;;;\n"
    )
    added = taken(at, text=more)
    with at.store() as store, store.view() as view:
        tied = [each.incident for each in view.ties_of_problem(1) if each.firm]

    assert again.endswith("5 tickets read: 0 incidents and 0 problems are new\n")
    assert added.endswith("2 tickets read: 1 incidents and 0 problems are new\n")
    assert [1, 2, 4, 6] == tied


def test_a_dry_run_says_what_would_be_taken_in_and_writes_nothing(at: Desk) -> None:
    """Each ticket with its time in UTC, so that a wrong zone is seen; each problem, known or new;
    each line that is left out, with the reason.
    """
    first = taken(at, "--dry-run", "--timezone", "Europe/Moscow")
    with at.store() as store, store.view() as view:
        kept = [*view.incident_list(Query()).items, *view.problem_list(Query()).items]
    taken(at)
    head = TABLE.partition("\n")[0]
    more = (
        f"{head}\nT1;2024-01-05;2024-01-06;Old;;;P1;;;;\nT11;2024-03-05;2024-03-06;Slow;;;P1;;;;\n"
    )
    later = taken(at, "--dry-run", text=more)

    assert [] == kept
    assert [
        "2024-01-05 00:00 UTC T1  Диск полон (problem P1)",
        "2024-01-12 00:00 UTC T2  Диск полон (problem P1)",
        "2024-02-01 07:00 UTC T3  Certificate expired (problem P2)",
        "2024-03-01 07:00 UTC  Slow (problem P3)",
        "2024-03-02 07:00 UTC  Slow",
        "problem P1 (Лог не ротируется): new, incidents to join it: 2",
        "problem P2: new, incidents to join it: 1",
        "problem P3: new, incidents to join it: 1",
        "5 tickets read: 5 incidents and 3 problems would be new; nothing was written",
    ] == first.splitlines()[-9:]
    assert "line 9: it has no title; it is left out" in first
    assert [
        "2024-03-05 00:00 UTC T11  Slow (problem P1)",
        "problem P1: known as problem 1, incidents to join it: 1",
        "2 tickets read: 1 incidents and 0 problems would be new; nothing was written",
    ] == later.splitlines()[-3:]


def test_customers_have_their_own_tickets_and_problems(at: Desk) -> None:
    """A ticket of one says nothing about the same number of another."""
    taken(at)
    table = str(at.folder / "tickets.csv")
    other = at.run("problem", "import", table, "--customer", "globex").output
    with at.store() as store, store.view() as view:
        whose = [
            {each.customer for each in view.incidents_of_problem(problem.number)}
            == {problem.customer}
            for problem in view.problem_list(Query()).items
        ]

    assert other.endswith("5 tickets read: 5 incidents and 3 problems are new\n")
    assert [True] * 6 == whose


def test_headings_and_times_may_be_others(at: Desk, tmp_path: Path) -> None:
    """A time that does not say its zone is of the one that is given."""
    text = "Begin,End,Summary\n2024-01-05 03:00,2024-01-05T04:00+00:00,Slow\n"
    columns = ("--column", "opened=begin", "--column", "closed=End", "--column", "title=Summary")
    said = taken(at, *columns, "--timezone", "Europe/Moscow", text=text)
    with at.store() as store, store.view() as view:
        [incident] = view.incident_list(Query()).items

    assert "1 tickets read: 1 incidents and 0 problems are new\n" == said
    assert "2024-01-05T00:00:00+00:00" == incident.opened_at.isoformat()


def test_what_cannot_be_understood_is_said(at: Desk) -> None:
    """And nothing is taken in."""
    said = [
        taken(at, text="title,opened\n"),
        taken(at, text="title,opened,closed,Title\n"),
        taken(at, "--timezone", "Mars/Olympus"),
        taken(at, "--column", "colour=Colour"),
    ]

    assert all("watcher: " in each for each in said)
    assert "there is no such time zone" in taken(at, "--timezone", "Europe")
    assert "there is no column closed" in said[0]
    assert "two columns title" in said[1]
