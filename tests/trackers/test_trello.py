"""Cards of Trello: where they are filed, how all of a board are read, and what they say."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from tests.trackers.given import AT, DRAFT, GIVEN
from tests.trackers.stand_in import Kept, said
from tests.trackers.trello_api import LISTS, TrelloServer
from watcher.model.action import Outcome, Verdict
from watcher.model.incident import Ticket
from watcher.trackers import trello
from watcher.trackers.base import Filed

TRELLO = GIVEN["trello"]
DOING = next(number for number, name in LISTS.items() if name == "Doing")


@pytest.fixture
def server() -> Iterator[TrelloServer]:
    """A board without cards."""
    with TrelloServer() as server:
        yield server


def filed(server: TrelloServer, **changes: Any) -> Filed:
    """What comes of filing with these options."""
    return TRELLO.file(server, **changes)


def checked(server: TrelloServer, **changes: Any) -> Outcome:
    """What the check says of these options."""
    return trello.check(AT, TRELLO.aimed(server, **changes))


def test_a_card_goes_by_its_short_link(server: TrelloServer) -> None:
    """Its number is told apart on its board only."""
    expected = Ticket("trello", "card0001", "https://trello.com/c/card0001")

    assert expected == filed(server).ticket


@pytest.mark.parametrize("name", ["Doing", DOING])
def test_a_list_goes_by_name_or_id(server: TrelloServer, name: str) -> None:
    """Trello itself knows ids only."""
    filed(server, list=name)

    assert DOING == server.tickets[0].fields["idList"]


def test_a_list_that_is_not_there_is_told_with_those_that_are(server: TrelloServer) -> None:
    """Somebody may have renamed or archived it."""
    for outcome in (filed(server, list="Done").outcome, checked(server, list="Done")):
        assert Verdict.GAVE_UP is outcome.verdict
        assert "board 'Hq3pX9aB' has no list 'Done'; there are: To do, Doing" in outcome.reason


def test_an_old_card_is_found_behind_many_others(
    server: TrelloServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The board is read page by page, from its newest card to its oldest."""
    monkeypatch.setattr(trello, "_PAGE", 10)
    first = filed(server)
    for _ in range(25):
        server.keep(Kept(len(server.tickets) + 1, "of somebody", "text"))

    assert first.ticket == filed(server).ticket
    assert 3 == sum("before=" in call.path for call in server.calls) + 1


def test_a_board_is_read_so_far_and_no_further(
    server: TrelloServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever is filed again was filed of late."""
    monkeypatch.setattr(trello, "_PAGE", 10)
    monkeypatch.setattr(trello, "_PAGES", 2)
    for _ in range(25):
        server.keep(Kept(len(server.tickets) + 1, "of somebody", "text"))

    assert Verdict.DONE is filed(server).outcome.verdict
    assert 1 == sum("before=" in call.path for call in server.calls)


def test_a_card_is_due_on_its_day(server: TrelloServer) -> None:
    """At noon in Greenwich, which is that day wherever people are."""
    filed(server)
    TRELLO.file(server, replace(DRAFT, key="watcher-12-2", due=None))

    assert ["2026-04-01T12:00:00.000Z", ""] == [one.due for one in server.tickets]


def test_a_text_stands_where_no_markup_is_read(server: TrelloServer) -> None:
    """Nothing in it ends that; the link and the key stand outside."""
    text = "a\n```\n*b* ```` [c](http://d)"

    TRELLO.file(server, replace(DRAFT, text=text))

    inner, outer = server.tickets[0].text.removeprefix("```\n").split("\n```")
    assert text == inner.replace("\u200b", "")
    assert f"\n\n{DRAFT.url}\n\n[{DRAFT.key}]" == outer


def test_a_list_that_is_none_is_no_trello(server: TrelloServer) -> None:
    """Whatever else answers there is not taken for it."""
    server.before = lambda request: said(200, {}) if request.parts[-1] == "all" else None

    assert "no list of cards; is that Trello?" in filed(server).outcome.reason


def test_the_check_says_who_we_are(server: TrelloServer) -> None:
    """So that a wrong account is seen."""
    assert checked(server).reason.endswith(": watcher files cards in To do")


def test_an_address_is_no_board() -> None:
    """People copy it as a whole; the configuration says what is wanted instead."""
    with pytest.raises(ValueError, match="`board` is its id"):
        replace(trello.SAMPLE, board="https://trello.com/b/Hq3pX9aB/ops")
