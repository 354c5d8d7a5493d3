"""Tickets in a real Redmine: each draft becomes one issue there, whatever happens on the way."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest

from tests.e2e.process import wait_for
from tests.e2e.redmine import HIDDEN_FIELD, KEY_FIELD, Redmine
from watcher.kit.secrets import Secret
from watcher.model.action import Outcome, Verdict
from watcher.trackers.base import Draft, Filed
from watcher.trackers.redmine import Options, check, file

NOW = datetime.now(UTC)
IN_FIELD, IN_TEXT = KEY_FIELD, 0
LONG = 120.0
NUMBERS = count(1)
HOSTILE = "Диск «/var» полон 💾: <b>&amp;</b> h1. \\ $(id)\x00"


@pytest.fixture
def options(redmine: Redmine) -> Options:
    """A member of the project files bugs there, each with its key in the custom field."""
    return Options(
        url=redmine.url,
        key=Secret(redmine.keys["watcher"]),
        project="ops",
        tracker="Bug",
        key_field=KEY_FIELD,
        allow_private=True,
    )


def _draft(**changes: Any) -> Draft:
    """One that nobody has filed yet."""
    draft = Draft(
        key=f"watcher-{next(NUMBERS)}-1",
        title="Renew the certificate",
        text="It ran out.\nNobody noticed.",
        url="https://watcher.example.com/incidents/1/review",
        at=NOW,
    )
    return replace(draft, **changes)


def _said(filed: Filed) -> tuple[Verdict, str]:
    """What came of it, and what people read."""
    return filed.outcome.verdict, filed.outcome.reason


def _number(filed: Filed) -> int:
    assert filed.ticket is not None, filed.outcome
    return int(filed.ticket.key)


def _issues(redmine: Redmine, draft: Draft) -> list[dict[str, Any]]:
    """Those of this draft, wherever they carry its key."""
    fields = redmine.issues(cf_1=draft.key)
    return fields or redmine.issues(description=f"~[{draft.key}]")


@pytest.mark.parametrize("key_field", [IN_FIELD, IN_TEXT])
def test_a_draft_is_filed_once(redmine: Redmine, options: Options, key_field: int) -> None:
    """The second time its issue is found, by a custom field or by the description."""
    options = replace(options, key_field=key_field)
    draft = _draft()

    first, second = file(draft, options), file(draft, options)

    assert (Verdict.DONE, f"filed as {_number(first)}") == _said(first)
    assert (Verdict.DONE, f"#{_number(first)} was there already") == _said(second)
    assert first.ticket == second.ticket
    assert first.ticket is not None
    assert f"{redmine.url}/issues/{_number(first)}" == first.ticket.url
    assert [_number(first)] == [each["id"] for each in _issues(redmine, draft)]


@pytest.mark.parametrize("days", [30, -30])
def test_an_issue_says_what_the_draft_does(redmine: Redmine, options: Options, days: int) -> None:
    """Its title whatever is in it, its text, the link, and its due date even if that is over."""
    draft = _draft(title=HOSTILE, due=(NOW + timedelta(days=days)).date())

    number = _number(file(draft, options))

    (issue,) = _issues(redmine, draft)
    assert (number, "Bug", HOSTILE.rstrip("\0")) == (
        issue["id"],
        issue["tracker"]["name"],
        issue["subject"],
    )
    assert str(draft.due) == issue["due_date"]
    assert draft.text in issue["description"].replace("\r\n", "\n")
    assert draft.url in issue["description"]


@pytest.mark.parametrize("key_field", [IN_FIELD, IN_TEXT])
def test_a_key_that_begins_another_is_not_the_same(options: Options, key_field: int) -> None:
    """Neither finds the issue of the other, whichever was filed first."""
    options = replace(options, key_field=key_field)
    longer = _draft(key=f"watcher-{next(NUMBERS)}-11")
    shorter = replace(longer, key=longer.key[:-1])

    numbers = [_number(file(each, options)) for each in (longer, shorter)]

    assert len(set(numbers)) == len(numbers)
    assert numbers == [_number(file(each, options)) for each in (longer, shorter)]


def test_the_oldest_of_several_is_the_issue_even_when_closed(
    redmine: Redmine, options: Options
) -> None:
    """So that two that were made at once are one in the end."""
    draft = _draft()
    first = _number(file(draft, options))
    redmine.create(custom_fields=[{"id": KEY_FIELD, "value": draft.key}])
    redmine.close(first)

    assert first == _number(file(draft, options))


def test_two_drafts_are_filed_at_once(redmine: Redmine, options: Options) -> None:
    """Each becomes its own issue, and only one."""
    drafts = [_draft() for _ in range(2)]

    with ThreadPoolExecutor(len(drafts)) as people:
        filed = list(people.map(lambda each: file(each, options), drafts))

    assert [Verdict.DONE] * len(drafts) == [each.outcome.verdict for each in filed]
    for draft, each in zip(drafts, filed, strict=True):
        assert [_number(each)] == [issue["id"] for issue in _issues(redmine, draft)]


def test_a_check_says_who_files_what(options: Options) -> None:
    """It also means that issues can be found by the custom field, and by the description."""
    sound = Outcome(
        Verdict.DONE, f"{options.url.removeprefix('http://')}: watcher files Bug in ops"
    )

    for key_field in (IN_FIELD, IN_TEXT):
        assert sound == check(NOW, replace(options, key_field=key_field))


@pytest.mark.parametrize(
    ("user", "said"),
    [
        ("reader", "reader may not add issues to project 'ops'"),
        ("stranger", "answered 403 Forbidden; check the API key and what it may do"),
    ],
)
def test_a_check_knows_who_may_not_file(
    redmine: Redmine, options: Options, user: str, said: str
) -> None:
    """An administrator of Redmine has to make the account a member, or to give it another role."""
    outcome = check(NOW, replace(options, key=Secret(redmine.keys[user])))

    assert Verdict.GAVE_UP == outcome.verdict
    assert outcome.reason.endswith(said)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"key": Secret("wrong" * 8)}, "answered 401 Unauthorized; check the API key"),
        ({"project": "nowhere"}, "project 'nowhere'"),
        ({"project": "closed"}, "project 'closed' is closed"),
        ({"tracker": "Elsewhere"}, "there is no tracker 'Elsewhere'; there are: Bug, "),
        ({"priority": "Yesterday"}, "there is no priority 'Yesterday'; there are: Low, Normal, "),
        ({"key_field": 99}, "custom field 99: it has to be used as a filter"),
        ({"key_field": HIDDEN_FIELD}, "custom field 2: it has to be used as a filter"),
    ],
)
def test_what_redmine_would_pass_over_is_refused(
    redmine: Redmine, options: Options, changes: dict[str, Any], said: str
) -> None:
    """By the check, and where something is to be filed; no issue is made."""
    file(_draft(), options)
    before = len(redmine.issues())
    options = replace(options, **changes)

    checked, filed = check(NOW, options), file(_draft(), options)

    assert (Verdict.GAVE_UP, Verdict.GAVE_UP) == (checked.verdict, filed.outcome.verdict)
    assert said in checked.reason
    assert said in filed.outcome.reason
    assert before == len(redmine.issues())


@pytest.mark.parametrize(
    ("user", "said"),
    [
        ("watcher", "Root cause cannot be blank"),
        ("wanda", "Root cause muss ausgefüllt werden"),
        ("reader", "Project cannot be blank"),
    ],
)
def test_a_refusal_is_told_in_the_words_of_redmine(
    redmine: Redmine, options: Options, user: str, said: str
) -> None:
    """In the language of whom the key belongs to: a person has to set it right."""
    options = replace(options, tracker="Strict", key=Secret(redmine.keys[user]))

    filed = file(_draft(), options)

    assert Verdict.GAVE_UP == filed.outcome.verdict
    assert said in filed.outcome.reason


def test_a_user_of_another_language_files_as_any_other(redmine: Redmine, options: Options) -> None:
    """Nothing that the adapter reads is translated."""
    options = replace(options, key=Secret(redmine.keys["wanda"]))
    draft = _draft()

    assert Verdict.DONE == check(NOW, options).verdict
    assert _number(file(draft, options)) == _number(file(draft, options))


def test_what_was_not_heard_becomes_one_issue(redmine: Redmine, options: Options) -> None:
    """Redmine froze before it had read anything."""
    draft = _draft()
    with redmine.frozen():
        unanswered = file(draft, replace(options, timeout=1.0))

    assert Verdict.RETRY == unanswered.outcome.verdict
    _is_one_issue(redmine, draft, options)


def test_what_was_not_answered_in_time_becomes_one_issue(
    redmine: Redmine, options: Options
) -> None:
    """The issue is stored after we have gone, and we come again when it must have been."""
    draft = _draft()
    with redmine.slow():
        # Long enough for what is asked before on a busy machine.
        unanswered = file(draft, replace(options, timeout=4.0))

    _is_unsure(unanswered)
    wait_for(lambda: _issues(redmine, draft), "the issue that was on its way")
    _is_one_issue(redmine, draft, options)


def test_a_redmine_killed_while_it_stores_becomes_one_issue(
    redmine: Redmine, options: Options
) -> None:
    """Nobody knows whether it did; after a while it is looked for, and made if it is not there."""
    draft = _draft()
    with ThreadPoolExecutor(1) as us, redmine.slow():
        filing = us.submit(file, draft, options)
        wait_for(redmine.stores, "the issue to be on its way")
        redmine.kill()
        unanswered = filing.result()
    redmine.start()

    _is_unsure(unanswered)
    _is_one_issue(redmine, draft, options)


def _is_unsure(filed: Filed) -> None:
    """Nothing is repeated before Redmine must have ended."""
    assert Verdict.RETRY == filed.outcome.verdict
    assert (filed.outcome.after or 0) >= LONG


def _is_one_issue(redmine: Redmine, draft: Draft, options: Options) -> None:
    """Once it is filed again."""
    number = _number(file(draft, options))
    assert [number] == [each["id"] for each in _issues(redmine, draft)]
