"""Tickets of action items on pages, in the API and in files: where they are, and what is wrong."""

from typing import Any

import pytest

from tests.board import Board, board
from tests.web.seed import ACME, GLOBEX
from tests.web.world import World, form_token
from watcher.engine.deliver import Deliverer
from watcher.engine.filing import FileHand
from watcher.model.action import ActionKind, Outcome, Verdict
from watcher.model.incident import Ticket
from watcher.model.person import Role
from watcher.model.review import FiledItem
from watcher.trackers.base import Filed

PATH = "/api/v1/incidents/8/review"
REFUSED = Filed(Outcome(Verdict.GAVE_UP, "there is no project <ops>"))


class Told:
    """A site whose action items become tickets, and the worker behind it."""

    def __init__(self, world: World) -> None:
        self.world = World(world.store, world.portal, trackers=(board(),))
        self.board: Board = self.world.trackers[0]  # type: ignore[assignment]  # made here
        review = {"base": 0, "items": [{"text": "rotate the logs"}, {"text": "x", "done": True}]}
        self.saved = self.world.program().put(PATH, json=review).json()

    def work(self) -> None:
        hand = FileHand({"ops": self.board}, self.world.clock, self.world.public_url)
        hands = {ActionKind.FILE: hand}
        Deliverer(self.world.store, self.world.clock, hands).run_due()

    def item(self) -> Any:
        return self.world.program().get(PATH).json()["items"][0]

    def pages(self, role: Role = Role.OPERATOR) -> list[str]:
        person = self.world.person(role)
        return [person.get(path).text for path in ("/incidents/8/review", "/action-items")]


@pytest.fixture
def told(world: World) -> Told:
    """Somebody has written a review of incident 8."""
    return Told(world)


def test_what_is_agreed_on_waits_for_the_tracker(told: Told) -> None:
    """Everywhere, and the worker is woken."""
    action = {"action": told.item()["filing"]["action"], "tracker": "ops"}
    markdown = told.world.program().get(f"{PATH}.md").text

    assert 1 == told.world.woken
    assert [{**action, "status": "waiting", "reason": ""}, None] == [
        each["filing"] for each in told.saved["items"]
    ]
    assert all("waiting for ops" in page for page in told.pages())
    assert "| waiting for ops |" in markdown
    assert "Ticket in ops for action item 1 of #8" in told.world.person().get("/actions").text


def test_a_ticket_is_shown_with_its_link(told: Told) -> None:
    """A page leads there; a file says the address as plain text."""
    told.work()
    [waiting] = told.world.program(Role.VIEWER, ACME).get("/api/v1/action-items").json()["items"]
    markdown = told.world.program().get(f"{PATH}.md?lang=ru").text
    pdf = told.world.program().get(f"{PATH}.pdf").content

    ticket = {"system": "memory", "key": "OPS-1", "url": "https://ops.example/1"}
    assert (ticket, None) == (waiting["item"]["ticket"], waiting["item"]["filing"])
    link = '<a href="https://ops.example/1" rel="noreferrer noopener">OPS-1</a>'
    assert all(link in page for page in told.pages())
    assert "| OPS-1 https\\://ops.example/1 |" in markdown
    assert b"/URI" not in pdf


def test_only_addresses_of_the_web_are_links(told: Told) -> None:
    """Whatever a tracker calls the address of a ticket."""
    ticket = Ticket("memory", "<b>OPS</b>", "javascript:alert(1)")
    with told.world.store.begin() as tx:
        tx.incidents([8])
        tx.item_filed(FiledItem(8, 1, ticket))

    for page in told.pages():
        assert "&lt;b&gt;OPS&lt;/b&gt;" in page
        assert "javascript:" not in page


def test_what_could_not_be_filed_says_why_and_is_tried_again(told: Told) -> None:
    """By somebody who may; he comes back to where he was."""
    told.board.plan.append(REFUSED)
    told.work()
    review, items = told.pages()
    lookers = told.pages(Role.VIEWER)

    for page in (review, items, *lookers):
        assert "there is no project &lt;ops&gt;" in page
    assert "could not be filed in ops" in review
    assert not any("Try again" in page for page in lookers)
    filing = told.item()["filing"]
    assert ("gave_up", "there is no project <ops>") == (filing["status"], filing["reason"])
    data = {"csrf": form_token(review), "back": "/incidents/8/review"}
    assert all(f'action="/actions/{filing["action"]}/retry"' in page for page in (review, items))
    assert 'name="back" value="/incidents/8/review"' in review
    olga = told.world.person()
    data["csrf"] = form_token(olga.get("/action-items").text)
    answer = olga.post(f"/actions/{filing['action']}/retry", data=data)
    assert (303, "/incidents/8/review") == (answer.status_code, answer.headers["location"])
    told.work()
    assert "OPS-1" == told.item()["ticket"]["key"]
    assert "Tickets that could not be filed" not in told.pages()[0]


def test_a_tracker_that_is_busy_is_waited_for(told: Told) -> None:
    """With what it said last."""
    told.board.plan.append(Filed(Outcome(Verdict.RETRY, "503 at the moment")))
    told.work()

    assert "503 at the moment (attempt 1 failed" in told.pages()[1]
    assert all("waiting for ops" in page for page in told.pages())


def test_a_stranger_sees_neither_ticket_nor_action(told: Told) -> None:
    """Nor may he have it tried again."""
    told.board.plan.append(REFUSED)
    told.work()
    stranger = told.world.program(Role.MANAGER, GLOBEX)
    action = told.item()["filing"]["action"]

    assert [] == stranger.get("/api/v1/action-items").json()["items"]
    assert 404 == stranger.get(PATH).status_code
    assert 404 == stranger.post(f"/api/v1/actions/{action}/retry").status_code
    assert "rotate" not in stranger.get("/action-items").text
