"""Issues of Redmine: what it passes over without a word, and what it refuses."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from tests.peers import Answer
from tests.trackers.given import AT, DRAFT, GIVEN
from tests.trackers.redmine_api import KEY_FIELD, RedmineServer
from tests.trackers.stand_in import Kept, said
from watcher.model.action import Outcome, Verdict
from watcher.model.incident import Ticket
from watcher.trackers.base import Filed
from watcher.trackers.redmine import Formatting, check

REDMINE = GIVEN["redmine"]


@pytest.fixture
def server() -> Iterator[RedmineServer]:
    """An empty project."""
    with RedmineServer() as server:
        yield server


def filed(server: RedmineServer, **changes: Any) -> Filed:
    """What comes of filing with these options."""
    return REDMINE.file(server, **changes)


def checked(server: RedmineServer, **changes: Any) -> Outcome:
    """What the check says of these options."""
    return check(AT, REDMINE.aimed(server, **changes))


def test_an_issue_is_known_by_its_number(server: RedmineServer) -> None:
    """And found at the address that we know Redmine by, with its folder."""
    made = filed(server, url=server.url + "/")

    assert Ticket("redmine", "1", f"{server.url}/issues/1") == made.ticket
    assert "filed as 1" == made.outcome.reason
    assert "#1 was there already" == filed(server).outcome.reason


@pytest.mark.parametrize(("tracker", "number"), [("Problem", 5), ("5", 5), ("Task", 4)])
def test_a_tracker_goes_by_name_or_id(server: RedmineServer, tracker: str, number: int) -> None:
    """Redmine itself knows ids only."""
    filed(server, tracker=tracker)

    assert number == server.tickets[0].fields["tracker"]


@pytest.mark.parametrize("what", ["tracker", "priority"])
def test_a_name_that_is_not_there_is_told_with_those_that_are(
    server: RedmineServer, what: str
) -> None:
    """Redmine would take another tracker instead, without a word."""
    there = {"tracker": "Task, Problem", "priority": "Normal, High"}[what]
    expected = f"there is no {what} 'Nonsense'; there are: {there}"

    for outcome in (
        filed(server, **{what: "Nonsense"}).outcome,
        checked(server, **{what: "Nonsense"}),
    ):
        assert Verdict.GAVE_UP is outcome.verdict
        assert expected in outcome.reason
    assert server.tickets == []


def test_a_project_without_trackers_says_so(server: RedmineServer) -> None:
    """There is nothing to choose from."""
    server.trackers = {}

    assert "there are: none" in filed(server).outcome.reason


def test_a_priority_is_the_one_that_was_named(server: RedmineServer) -> None:
    """And the usual one of Redmine where none was."""
    filed(server, priority="High")
    REDMINE.file(server, replace(DRAFT, key="watcher-12-2"))

    assert ["3", ""] == [one.fields["priority"] for one in server.tickets]


@pytest.mark.parametrize("due", [date(2026, 3, 1), date(2026, 3, 14), date(2027, 1, 1)])
def test_whatever_is_due_may_be_over(server: RedmineServer, due: date) -> None:
    """Redmine lets nothing be due before it starts."""
    made = REDMINE.file(server, replace(DRAFT, due=due))

    assert Verdict.DONE is made.outcome.verdict
    assert due.isoformat() == server.tickets[0].due


def test_a_due_date_that_redmine_leaves_out_is_told(server: RedmineServer) -> None:
    """Its trackers may be without one."""
    server.core_fields.remove("due_date")

    assert "filed as 1; its tracker keeps no due date" == filed(server).outcome.reason


@pytest.mark.parametrize("key_field", [0, KEY_FIELD])
def test_a_key_that_redmine_leaves_out_is_told(server: RedmineServer, key_field: int) -> None:
    """There is a ticket, which could not be found again."""
    server.filtered_by_key()
    server.core_fields.remove("description")
    server.fields_of_tracker[4] = set()

    made = filed(server, key_field=key_field)

    assert Verdict.DONE is made.outcome.verdict
    assert made.ticket is not None
    assert "it could not be found again" in made.outcome.reason


def test_a_field_that_is_no_filter_is_found_out(server: RedmineServer) -> None:
    """Redmine then shows every issue there is; none of them is taken, and none is made."""
    server.keep(Kept(1, "of somebody", "text"))

    for outcome in (
        filed(server, key_field=KEY_FIELD).outcome,
        checked(server, key_field=KEY_FIELD),
    ):
        assert Verdict.GAVE_UP is outcome.verdict
        assert f"custom field {KEY_FIELD}: it has to be used as a filter" in outcome.reason
    assert len(server.tickets) == 1


def test_a_redmine_that_cannot_search_texts_is_found_out(server: RedmineServer) -> None:
    """It needs a custom field."""
    server.filters.clear()
    server.keep(Kept(1, "of somebody", "text"))

    assert "set `key_field`" in filed(server).outcome.reason
    assert "set `key_field`" in checked(server).reason


def test_two_who_write_at_once_try_again_soon(server: RedmineServer) -> None:
    """Redmine says nothing then, and stored nothing."""
    server.errors = []

    outcome = filed(server).outcome

    assert Verdict.RETRY is outcome.verdict
    assert outcome.after is None
    assert "422 Unprocessable Entity: it was busy" in outcome.reason


def test_what_redmine_refuses_is_quoted_as_it_says_it(server: RedmineServer) -> None:
    """In the language of its user."""
    server.errors = ["Версия не может быть пустой", "Номер ТТ не может быть пустым"]

    outcome = filed(server).outcome

    assert Verdict.GAVE_UP is outcome.verdict
    assert outcome.reason.endswith("Версия не может быть пустой; Номер ТТ не может быть пустым")


@pytest.mark.parametrize(
    ("formatting", "start", "end"),
    [(Formatting.TEXTILE, "<pre>\n", "\n</pre>"), (Formatting.MARKDOWN, "~~~\n", "\n~~~")],
)
def test_a_text_stands_where_no_markup_is_read(
    server: RedmineServer, formatting: Formatting, start: str, end: str
) -> None:
    """Nothing in it ends that; the link and the key stand outside."""
    text = "a\n</pre>\n*b*\n~~~\n``` <code class='x'> </notextile> c"

    REDMINE.file(server, replace(DRAFT, text=text), formatting=formatting)

    kept = server.tickets[0].text.replace("\r\n", "\n")
    inner, outer = kept.removeprefix(start).split(end)
    assert text == inner.replace("\u200b", "")
    assert f"\n\n{DRAFT.url}\n\n[{DRAFT.key}]" == outer


def test_a_key_in_a_field_is_not_in_the_text(server: RedmineServer) -> None:
    """People need not see it."""
    server.filtered_by_key()

    filed(server, key_field=KEY_FIELD)

    (kept,) = server.tickets
    assert DRAFT.key not in kept.text
    assert {KEY_FIELD: DRAFT.key} == kept.fields["custom_fields"]


def test_a_list_that_is_none_is_no_redmine(server: RedmineServer) -> None:
    """Whatever else answers there is not taken for it."""
    odd = said(200, {"issues": "none"})
    server.before = lambda request: odd if request.path == "/issues.json" else None

    assert "no list of issues; is that Redmine?" in filed(server).outcome.reason


def test_the_check_says_who_we_are(server: RedmineServer) -> None:
    """So that a wrong account is seen."""
    assert checked(server).reason.endswith(": watcher files Task in ops")


def test_who_may_not_add_issues_is_told_so(server: RedmineServer) -> None:
    """Redmine itself would say that there is no project."""
    server.permissions = ["view_issues"]

    outcome = checked(server)

    assert Verdict.GAVE_UP == outcome.verdict
    assert outcome.reason.endswith(": watcher may not add issues to project 'ops'")


def test_a_closed_project_is_told_of(server: RedmineServer) -> None:
    """It can be read as before, and Redmine would say that it is not there."""
    server.closed = True

    for outcome in (checked(server), filed(server).outcome):
        assert Verdict.GAVE_UP == outcome.verdict
        assert outcome.reason.endswith(": project 'ops' is closed")


def test_a_redmine_without_its_api_is_told_of(server: RedmineServer) -> None:
    """It refuses any key then."""
    server.before = lambda _request: Answer(403)

    assert checked(server).reason.endswith(": its REST web service is not turned on")
