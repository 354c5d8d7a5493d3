"""Issues of Jira: how the cloud finds late, what its screens take, and its two ways to write."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from tests.trackers.given import AT, DRAFT, GIVEN
from tests.trackers.jira_api import JiraServer
from tests.trackers.stand_in import Kept, plain, said
from watcher.kit.secrets import Secret
from watcher.model.action import Outcome, Verdict
from watcher.model.incident import Ticket
from watcher.trackers.base import Filed
from watcher.trackers.jira import SAMPLE, Edition, check

CLOUD, DATA_CENTER = GIVEN["jira cloud"], GIVEN["jira data center"]


@pytest.fixture
def server() -> Iterator[JiraServer]:
    """A site of the cloud."""
    with JiraServer() as server:
        yield server


@pytest.fixture
def own() -> Iterator[JiraServer]:
    """A Data Center."""
    with JiraServer(cloud=False) as server:
        yield server


def filed(server: JiraServer, **changes: Any) -> Filed:
    """What comes of filing with these options."""
    given = CLOUD if server.cloud else DATA_CENTER
    return given.file(server, **changes)


def checked(server: JiraServer, **changes: Any) -> Outcome:
    """What the check says of these options."""
    given = CLOUD if server.cloud else DATA_CENTER
    return check(AT, given.aimed(server, **changes))


def test_an_issue_is_called_as_in_jira(server: JiraServer) -> None:
    """And leads to where people read it."""
    assert Ticket("jira", "OPS-1", f"{server.url}/browse/OPS-1") == filed(server).ticket


@pytest.mark.parametrize("others", [0, 3, 70])
def test_what_the_search_does_not_know_yet_is_found(server: JiraServer, others: int) -> None:
    """Other people file, too; the newest issues are looked at one by one."""
    server.lost = 1
    for _ in range(5):
        server.keep(Kept(len(server.tickets) + 1, "known", "text"))
    server.index()
    lost = filed(server)
    for _ in range(others):
        server.keep(Kept(len(server.tickets) + 1, "of somebody", "text"))

    found = filed(server)

    assert Verdict.RETRY is lost.outcome.verdict
    assert found.ticket is not None
    assert "OPS-6" == found.ticket.key
    assert server.created == 1


def test_what_the_search_knows_by_then_is_found(server: JiraServer) -> None:
    """However many came after it."""
    server.lost = 1
    filed(server)
    for _ in range(200):
        server.keep(Kept(len(server.tickets) + 1, "of somebody", "text"))
    server.index()

    ticket = filed(server).ticket

    assert ticket is not None
    assert "OPS-1" == ticket.key


def test_a_site_that_shows_no_newest_issues_files_all_the_same(server: JiraServer) -> None:
    """They only make surer what the search said; but trouble that passes is waited for."""
    server.bulk = 503
    assert Verdict.RETRY is filed(server).outcome.verdict

    server.bulk = 400
    assert Verdict.DONE is filed(server).outcome.verdict


def test_a_project_without_due_dates_is_told_in_words(server: JiraServer) -> None:
    """A screen that has no such field refuses the whole issue."""
    server.screen.remove("duedate")

    assert Verdict.DONE is filed(server).outcome.verdict
    (kept,) = server.tickets
    assert "" == kept.due
    assert "Due: 2026-04-01" in kept.text


def test_a_data_center_without_due_dates_is_told_in_words(own: JiraServer) -> None:
    """The same in wiki markup."""
    own.screen.remove("duedate")

    filed(own)

    assert "{noformat}\n\nDue: 2026-04-01\n\nhttps://" in own.tickets[0].text


def test_a_screen_without_labels_cannot_keep_keys(server: JiraServer) -> None:
    """Nothing is filed that could not be found again; it is said what to change."""
    server.screen.remove("labels")

    for outcome in (filed(server).outcome, checked(server)):
        assert Verdict.GAVE_UP is outcome.verdict
        assert "put Labels on the screen that makes a Task in project 'OPS'" in outcome.reason
    assert server.tickets == []


def test_what_jira_requires_is_named(server: JiraServer) -> None:
    """By Jira when it refuses, and beforehand by the check, with what to write in the options."""
    server.required["customfield_10011"] = "Team"

    refused = filed(server).outcome

    assert Verdict.GAVE_UP is refused.verdict
    assert refused.reason.endswith("400 Bad Request: customfield_10011: Team is required.")
    assert "Task needs more: name in `fields` customfield_10011 (Team)" in checked(server).reason
    given = {"fields": {"customfield_10011": {"value": "Operations"}}}
    assert Verdict.DONE is checked(server, **given).verdict
    assert Verdict.DONE is filed(server, **given).outcome.verdict
    assert {"value": "Operations"} == server.tickets[0].fields["customfield_10011"]


def test_an_issue_type_that_is_not_there_is_told_with_those_that_are(server: JiraServer) -> None:
    """Before anything is filed."""
    outcome = checked(server, issue_type="Story")

    assert Verdict.GAVE_UP is outcome.verdict
    assert "project 'OPS' has no type 'Story'; there are: Task" in outcome.reason
    assert (
        "issuetype: Specify a valid issue type" in filed(server, issue_type="Story").outcome.reason
    )


def test_an_issue_type_may_be_an_id(server: JiraServer) -> None:
    """Names are translated."""
    assert Verdict.DONE is checked(server, issue_type="3").verdict
    assert Verdict.DONE is filed(server, issue_type="3").outcome.verdict


def test_labels_have_no_blanks(server: JiraServer) -> None:
    """Those of the options stand behind the key."""
    filed(server, labels=("post incident", " ", "x" * 300))

    assert [DRAFT.key, "post-incident", "x" * 255] == server.tickets[0].labels


def test_the_cloud_gets_a_document(server: JiraServer) -> None:
    """Paragraphs with their lines, and a link; nothing in the text becomes structure."""
    CLOUD.file(server, replace(DRAFT, text="*one*\ntwo\n\n\n\nthree\n \n[a|http://b]"))

    link = {"type": "link", "attrs": {"href": DRAFT.url}}
    assert {
        "type": "doc",
        "version": 1,
        "content": [
            _paragraph(_text("*one*"), {"type": "hardBreak"}, _text("two")),
            _paragraph(
                _text("three"),
                {"type": "hardBreak"},
                _text(" "),
                {"type": "hardBreak"},
                _text("[a|http://b]"),
            ),
            _paragraph({**_text(DRAFT.url), "marks": [link]}),
        ],
    } == server.tickets[0].fields["description"]


def _text(plain: str) -> dict[str, Any]:
    return {"type": "text", "text": plain}


def _paragraph(*content: dict[str, Any]) -> dict[str, Any]:
    return {"type": "paragraph", "content": list(content)}


def test_a_data_center_gets_text_without_markup(own: JiraServer) -> None:
    """Nothing in it ends the block that it stands in."""
    text = "h1. x\n{noformat}\n*y* {color:red}"

    DATA_CENTER.file(own, replace(DRAFT, text=text))

    (kept,) = own.tickets
    inner, outer = kept.text.removeprefix("{noformat}\n").split("\n{noformat}")
    assert text == inner.replace("\u200b", "")
    assert f"\n\n{DRAFT.url}" == outer


def test_a_project_may_be_an_id(server: JiraServer) -> None:
    """Jira calls the two by different names."""
    answers = {"jql": said(200, {"issues": []}), "bulkfetch": said(200, {})}
    server.before = lambda request: answers.get(request.parts[-1], plain(400, "seen"))

    assert "seen" in filed(server, project="10000").outcome.reason
    assert {"id": "10000"} == json.loads(server.calls[-1].body)["fields"]["project"]


def test_nothing_in_a_project_ends_its_place_in_a_question(server: JiraServer) -> None:
    """Quotes are said to be quotes."""
    outcome = filed(server, project='A" OR "1" = "1').outcome

    assert Verdict.GAVE_UP is outcome.verdict
    jql = json.loads(server.calls[0].body)["jql"]
    assert jql.startswith(r'project = "A\" OR \"1\" = \"1" AND labels = ')


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"email": ""}, "`email` is needed with `edition: cloud`"),
        ({"edition": Edition.DATA_CENTER}, "and only there"),
        ({"issue_type": ""}, "are needed"),
        ({"fields": {"summary": "x", "labels": []}}, "cannot say summary, labels"),
        ({"fields": {"customfield_1": {2, 3}}}, "cannot be said in JSON"),
    ],
)
def test_options_that_cannot_be_are_refused(wrong: dict[str, Any], why: str) -> None:
    """The configuration is wrong, and says where."""
    with pytest.raises(ValueError, match=why):
        replace(SAMPLE, **wrong)


def test_an_answer_without_issues_is_no_jira(server: JiraServer) -> None:
    """Whatever else answers there is not taken for it."""
    server.before = lambda _request: plain(200, "{}")

    assert "no list of issues; is that Jira?" in filed(server).outcome.reason


def test_the_check_says_who_we_are(own: JiraServer) -> None:
    """So that a wrong account is seen."""
    assert checked(own).reason.endswith(": Watcher files Task in OPS")
    assert "; check the token" in checked(own, token=Secret("not-the-right-one")).reason


def test_an_account_of_the_cloud_has_a_token_and_an_email(server: JiraServer) -> None:
    """Either may be the wrong one."""
    assert "check the email or the token" in checked(server, email="x@example.com").reason
