"""Action items of reviews become tickets: once, in the right tracker, and none is lost."""

from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from threading import Thread

import pytest

from tests.board import Board, board
from tests.decide.given import POLICY
from tests.fakes import NOON, FakeClock
from tests.stores import peek
from watcher.engine.command import Desk
from watcher.engine.deliver import Deliverer, Options
from watcher.engine.filing import FileHand, wanted
from watcher.engine.review_said import said_in
from watcher.engine.reviews import Edit, ItemEdit, waiting, write
from watcher.model.action import Action, ActionKind, ActionStatus, Outcome, Verdict
from watcher.model.article import Language
from watcher.model.catalogue import Catalogue
from watcher.model.event import Severity
from watcher.model.incident import EntryKind, Incident, Priority, Status, Ticket
from watcher.model.person import Principal, Role
from watcher.model.review import ActionItem, Findings, Review
from watcher.store.store import Store
from watcher.trackers.base import Draft, Filed

OLGA = Principal("olga", Role.OPERATOR)
ROTATE = ItemEdit("rotate the logs", "olga", date(2026, 3, 31))
BUSY = Filed(Outcome(Verdict.RETRY, "busy"))
INCIDENT = Incident(
    7,
    "acme",
    "disk full on db1",
    Status.RESOLVED,
    Priority.P2,
    (),
    "host:db1",
    Severity.HIGH,
    NOON,
    NOON,
)
SOON = 10.0
_WAITING = """
SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
"""


class PowerCutError(BaseException):
    """The process ends here and now."""


@dataclass
class Office:
    """People at their desk and the worker behind it; both know the same trackers."""

    store: Store
    clock: FakeClock = field(default_factory=FakeClock)
    trackers: tuple[Board, ...] = field(default_factory=lambda: (board(),))
    woken: int = 0

    @property
    def board(self) -> Board:
        return self.trackers[0]

    def write(self, base: int, *items: ItemEdit, cause: str = "") -> Review:
        desk = Desk(self.store, self.clock, POLICY, Catalogue(), self._wake, trackers=self.trackers)
        return write(desk, 7, Edit(base, Findings(cause=cause), items), OLGA)

    def saved(self, base: int, *items: ItemEdit) -> None:
        self.write(base, *items)

    def _wake(self) -> None:
        self.woken += 1

    def worker(self) -> Deliverer:
        trackers = {each.name: each for each in self.trackers}
        hand = FileHand(trackers, self.clock, "https://watcher.example")
        options = Options(dice=lambda: 0.0)
        return Deliverer(self.store, self.clock, {ActionKind.FILE: hand}, options)

    def items(self) -> list[ActionItem]:
        with self.store.view() as view:
            return list(view.reviews(7)[0].items)

    def tickets(self) -> list[str]:
        return [each.ticket.key if each.ticket else "" for each in self.items()]

    def actions(self) -> list[Action]:
        with self.store.view() as view:
            return view.actions_of(7)

    def told(self, number: int = 7) -> list[str]:
        with self.store.view() as view:
            return [each.text for each in view.timeline(number)]

    def retry(self) -> None:
        with self.store.begin() as tx:
            [action] = self.actions()
            assert tx.retry_action(action.id, self.clock.now())


@pytest.fixture
def office(store: Store) -> Office:
    """On each store."""
    return office_of(store)


def office_of(store: Store) -> Office:
    """Incident 7 of acme is over."""
    with store.begin() as tx:
        tx.save_incidents([INCIDENT])
    return Office(store)


def test_what_is_agreed_on_becomes_a_ticket(office: Office) -> None:
    """With who is to do it until when, why, and where it comes from."""
    office.write(0, ROTATE, ItemEdit("nothing more", done=True), cause="no rotation")

    assert 1 == office.woken
    assert 1 == office.worker().run_due()

    [draft] = office.board.tickets.values()
    assert (
        Draft(
            key=f"watcher-7-1-{int(NOON.timestamp()):x}",
            title="rotate the logs",
            text="From the post-incident review of #7: disk full on db1\n"
            "Owner: olga\nRoot cause: no rotation",
            url="https://watcher.example/incidents/7/review",
            at=NOON,
            due=date(2026, 3, 31),
        )
        == draft
    )
    assert [Ticket("memory", "OPS-1", "https://ops.example/1"), None] == [
        each.ticket for each in office.items()
    ]
    assert ["ticket in ops for action item 1 of #7: filed as OPS-1"] == office.told()
    assert [ActionStatus.DONE] == [each.status for each in office.actions()]


def test_what_is_longer_than_a_title_stands_in_the_text(office: Office) -> None:
    """Trackers cut titles."""
    office.write(0, ItemEdit("x" * 201))
    office.worker().run_due()

    [draft] = office.board.tickets.values()
    assert f"{'x' * 201}\nFrom the post-incident review of #7: disk full on db1" == draft.text


def test_a_ticket_is_filed_once(office: Office) -> None:
    """Later versions of the review keep it, also one that was read before there was a ticket; and
    whatever they change, the ticket stays as it is.
    """
    office.write(0, ROTATE)
    office.worker().run_due()
    office.write(1, ItemEdit("rotate and compress", number=1), ItemEdit("watch the disk"))
    office.worker().run_due()

    assert ["OPS-1", "OPS-2"] == office.tickets()
    assert ["rotate the logs", "watch the disk"] == [
        each.title for each in office.board.tickets.values()
    ]
    assert ["rotate and compress", "watch the disk"] == [each.text for each in office.items()]


def test_a_review_that_is_saved_while_its_ticket_is_made_keeps_it(office: Office) -> None:
    """Whoever saved it had read it without."""
    office.write(0, ROTATE)
    office.board.plan.append(lambda: office.saved(1, ItemEdit("x", number=1)))
    office.worker().run_due()

    assert ["x"] == [each.text for each in office.items()]
    assert ["OPS-1"] == office.tickets()


def test_a_review_that_is_saved_while_its_ticket_is_stored_keeps_it(postgres_store: Store) -> None:
    """Where two write at once, the worker waits for the person, and neither for ever."""
    office = office_of(postgres_store)
    review = office.write(0, ROTATE)
    filing = Thread(target=office.worker().run_due)
    with office.store.begin() as tx:
        tx.incidents([7])
        filing.start()
        while not peek(office.store, _WAITING):
            filing.join(0.01)
            assert filing.is_alive()
        tx.save_review(replace(review, version=2))
        tx.renew(wanted(review, office.trackers), office.clock.now())
    filing.join(SOON)

    assert ["OPS-1"] == office.tickets()


def test_a_lost_answer_makes_no_second_ticket(office: Office) -> None:
    """Killed after the ticket was made and before that was stored, the worker's successor finds
    the ticket by its mark once the lease is over.
    """

    def cut() -> None:
        raise PowerCutError

    office.write(0, ROTATE)
    office.board.plan.append(cut)
    worker = office.worker()
    with pytest.raises(PowerCutError):
        worker.run_due()
    assert [""] == office.tickets()
    assert 0 == office.worker().run_due()

    office.clock.advance(worker.lease(ActionKind.FILE))

    assert 1 == office.worker().run_due()
    assert ["OPS-1"] == office.tickets()
    assert 1 == len(office.board.tickets)


def test_a_lease_gives_a_tracker_time_to_find_what_it_made() -> None:
    """Some find a new ticket only after a minute or two."""
    store = Store.open("sqlite:////tmp/never-opened.db")

    assert Office(store).worker().lease(ActionKind.FILE) >= timedelta(minutes=3)


def test_a_tracker_that_is_away_is_tried_again(office: Office) -> None:
    """As late as it wants, and for longer than a weekend."""
    after = Filed(Outcome(Verdict.RETRY, "no answer", after=120.0))
    office.board.plan.extend([after, *[BUSY] * 64])
    office.write(0, ROTATE)
    office.worker().run_due()
    office.clock.advance(timedelta(seconds=119))
    assert 0 == office.worker().run_due()

    while office.clock.now() < NOON + timedelta(days=4) and not office.tickets()[0]:
        office.worker().run_due()
        office.clock.advance(timedelta(hours=1))

    assert ["OPS-1"] == office.tickets()
    assert timedelta(hours=60) < office.clock.now() - NOON
    assert [
        "ticket in ops for action item 1 of #7: not yet, it is tried again",
        "ticket in ops for action item 1 of #7: filed as OPS-1",
    ] == office.told()


@pytest.mark.parametrize(
    "later",
    [
        (),
        (ItemEdit("rotate the logs", done=True, number=1),),
    ],
    ids=["gone", "done"],
)
def test_what_need_not_be_done_any_more_becomes_no_ticket(
    office: Office, later: tuple[ItemEdit, ...]
) -> None:
    """Nor a line on the timeline."""
    office.write(0, ROTATE)
    office.write(1, *later)
    office.worker().run_due()

    assert {} == office.board.tickets
    assert [] == office.told()
    assert [ActionStatus.DONE] == [each.status for each in office.actions()]


def test_what_is_to_be_done_after_all_becomes_a_ticket(office: Office) -> None:
    """Though its action was over, because somebody had said that it was done."""
    office.write(0, ROTATE)
    office.write(1, ItemEdit("rotate", done=True, number=1))
    office.worker().run_due()
    office.write(2, ItemEdit("rotate", number=1))
    office.worker().run_due()

    assert ["OPS-1"] == office.tickets()


def test_what_was_written_before_there_was_a_tracker_is_filed_when_it_is_saved_again(
    office: Office,
) -> None:
    """A customer without a tracker has action items as before."""
    other = board("other", "globex")
    configured = (other, *office.trackers)
    office.trackers = (other,)
    office.write(0, ROTATE)
    assert 0 == office.worker().run_due()
    office.trackers = configured
    assert 0 == office.worker().run_due()

    office.write(1, ItemEdit("rotate the logs", number=1))
    office.worker().run_due()

    assert ["OPS-1"] == office.tickets()
    assert {} == other.tickets


def test_the_first_tracker_that_serves_the_customer_is_taken(office: Office) -> None:
    """In the order of the configuration."""
    acme, every = board("acme", "acme", "globex"), board("every")
    office.trackers = (board("other", "globex"), acme, every)
    office.write(0, ROTATE)
    office.worker().run_due()

    assert ["ACME-1"] == office.tickets()
    assert {} == every.tickets


@pytest.mark.parametrize("left", [(), (board("ops", "globex"),)], ids=["gone", "not theirs"])
def test_a_tracker_that_is_taken_away_is_said_to_be_missing(
    office: Office, left: tuple[Board, ...]
) -> None:
    """Nothing of a customer is filed where it is not served any more. Once the tracker is back,
    whoever has it retried gets his ticket.
    """
    office.write(0, ROTATE)
    configured, office.trackers = office.trackers, left
    office.worker().run_due()

    [action] = office.actions()
    assert (
        ActionStatus.GAVE_UP,
        "there is no tracker 'ops' for acme any more; saving the review again takes another",
    ) == (action.status, action.reason)
    assert [""] == office.tickets()
    assert not any(each.tickets for each in left)
    office.trackers = configured
    office.retry()
    office.worker().run_due()
    assert ["OPS-1"] == office.tickets()


def test_saving_again_takes_the_tracker_that_there_is_now(office: Office) -> None:
    """Also for what was given up in another one; what is under way is left alone."""
    office.board.plan.append(Filed(Outcome(Verdict.GAVE_UP, "no such project")))
    office.write(0, ROTATE)
    office.worker().run_due()
    office.trackers = (board("new"),)
    office.write(1, ItemEdit("rotate", number=1))
    office.trackers = (board("newer"), *office.trackers)
    office.write(2, ItemEdit("rotate", number=1))
    office.worker().run_due()

    assert ["NEW-1"] == office.tickets()
    assert "ticket in ops for action item 1 of #7: given up, a person can retry it" in office.told()


def test_the_tickets_of_one_review_are_filed_one_after_another(office: Office) -> None:
    """What fails does not overtake; what is given up holds nothing up. The timeline of the review
    tells it in each language.
    """
    refused = Filed(Outcome(Verdict.GAVE_UP, "no such user"))
    office.board.plan.extend([BUSY, refused])
    office.write(0, ROTATE, ItemEdit("watch"), ItemEdit("teach"))
    assert 1 == office.worker().run_due()
    office.clock.advance(timedelta(minutes=1))
    office.worker().run_due()

    assert ["", "OPS-1", "OPS-2"] == office.tickets()
    assert [
        "мера 1 разбора #7: заявки в ops ещё нет, будет новая попытка",
        "мера 1 разбора #7: заявка в ops не создана, можно повторить",
        "мера 2 разбора #7: заявка OPS-1 в ops",
        "мера 3 разбора #7: заявка OPS-2 в ops",
    ] == [said_in(Language.RUSSIAN, EntryKind.ACTION, each) for each in office.told()]


def test_a_merged_incident_keeps_its_review(office: Office) -> None:
    """Its tickets stay where the review is; the timeline that goes on tells of them."""
    office.write(0, ROTATE)
    with office.store.begin() as tx:
        home = replace(INCIDENT, number=5)
        tx.save_incidents([home, replace(INCIDENT, status=Status.CLOSED, merged_into=5)])
        tx.merge(7, 5)
    office.worker().run_due()

    assert ["OPS-1"] == office.tickets()
    assert ["ticket in ops for action item 1 of #7: filed as OPS-1"] == office.told(5)
    [draft] = office.board.tickets.values()
    assert "https://watcher.example/incidents/7/review" == draft.url


def test_what_is_deleted_while_it_is_filed_is_told_of(office: Office) -> None:
    """The ticket is there, so the timeline says so; the review has no item to note it at."""
    office.write(0, ROTATE)
    office.board.plan.append(lambda: office.saved(1))
    office.worker().run_due()

    assert [] == office.items()
    assert ["ticket in ops for action item 1 of #7: filed as OPS-1"] == office.told()


def test_what_waits_says_what_becomes_of_its_ticket(office: Office) -> None:
    """Until it has one; nobody learns of another customer's."""
    office.board.plan.append(Filed(Outcome(Verdict.GAVE_UP, "no such user")))
    office.write(0, ROTATE)
    stages = []
    for _ in range(3):
        with office.store.view() as view:
            [found] = waiting(view, OLGA)
            assert [] == waiting(view, Principal("eve", Role.MANAGER, "globex"))
        stages.append((found.filing and found.filing.status, found.filing and found.filing.reason))
        if office.worker().run_due() == 0 and len(stages) < 3:
            office.retry()
            office.worker().run_due()

    assert [
        (ActionStatus.WAITING, ""),
        (ActionStatus.GAVE_UP, "no such user"),
        (None, None),
    ] == stages
