"""The outbox carried out: order, leases, patience, and what is stored of it, on both stores."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from threading import Event, current_thread

import pytest

from tests.fakes import NOON, FakeClock
from watcher.decide.backoff import Backoff
from watcher.engine.deliver import CREWS, Crew, Deliverer, Options
from watcher.engine.hands import Errand, Result
from watcher.model.action import Action, ActionKind, ActionStatus, Intent, Outcome, Verdict
from watcher.model.event import Severity
from watcher.model.evidence import Audit, Diagnosis
from watcher.model.incident import EntryKind, Incident, Priority, Status
from watcher.store.base import StoreUnavailable, Unstorable
from watcher.store.store import Store
from watcher.store.tx import Tx
from watcher.store.views import View

DONE = Outcome(Verdict.DONE, "told")
AGAIN = Outcome(Verdict.RETRY, "busy")
NEVER = Outcome(Verdict.GAVE_UP, "no such channel")
DIAGNOSIS = Diagnosis(
    "linux-base", "First look", "db01", NOON, seconds=1.0, audit=Audit(host_key="SHA256:x")
)
SOON = 10.0


class PowerCutError(BaseException):
    """The process ends here and now."""


@dataclass
class FakeHand:
    """Does what the test says, one thing after another, the last one for ever."""

    plan: list[Outcome | Result | Callable[[Action], Result]]
    longest: float = 30.0
    keys: list[str] = field(default_factory=list)
    threads: set[str] = field(default_factory=set)

    def label(self, action: Action) -> str:
        return f"message to {action.payload['channel']}"

    def prepare(self, actions: Sequence[Action], view: View) -> Errand:
        assert view.incident(actions[0].incident, actions[0].customer) is not None
        return lambda: [self._go(each) for each in actions]

    def _go(self, action: Action) -> Result:
        self.keys.append(action.key)
        self.threads.add(current_thread().name)
        step = self.plan[0] if len(self.plan) == 1 else self.plan.pop(0)
        if isinstance(step, Outcome):
            return Result(step)
        return step if isinstance(step, Result) else step(action)


def incident(number: int = 1) -> Incident:
    """An open incident."""
    return Incident(
        number=number,
        customer="acme",
        title="CPU is high",
        status=Status.OPEN,
        priority=Priority.P1,
        terms=(),
        group=f"service:{number}",
        severity=Severity.HIGH,
        opened_at=NOON,
        last_at=NOON,
    )


def intent(
    key: str,
    lane: str = "night",
    number: int = 1,
    kind: ActionKind = ActionKind.NOTIFY,
    payload: Mapping[str, str] | None = None,
) -> Intent:
    """Something to be told over the channel that the lane is for."""
    payload = payload or {"channel": lane, "event": "opened"}
    return Intent(number, "acme", kind, lane, key, payload)


def queue(store: Store, *intents: Intent) -> None:
    """Writes incidents and actions as a decision would."""
    with store.begin() as tx:
        tx.save_incidents([incident(number) for number in {each.incident for each in intents}])
        tx.queue(intents, NOON)


def actions(store: Store, number: int = 1) -> dict[str, Action]:
    """The actions of an incident by key."""
    with store.view() as view:
        return {action.key: action for action in view.actions_of(number)}


def told(store: Store, number: int = 1) -> list[tuple[str, str]]:
    """What the timeline says of actions: text and reason."""
    with store.view() as view:
        entries = view.timeline(number)
    return [(each.text, each.reason.text) for each in entries if each.kind is EntryKind.ACTION]


def deliverer(store: Store, clock: FakeClock, hand: FakeHand, **options: object) -> Deliverer:
    """Works with that hand for messages and throws a middling die."""
    made = replace(Options(dice=lambda: 0.5, pause=0.01), **options)  # type: ignore[arg-type]  # tests name real ones
    return Deliverer(store, clock, {ActionKind.NOTIFY: hand}, made)


def until(true: Callable[[], bool]) -> None:
    """Waits until it is true, for a while."""
    for _ in range(int(SOON / 0.005)):
        if true():
            return
        Event().wait(0.005)
    pytest.fail("it did not come true")


def test_what_is_done_is_stored_with_its_reason(store: Store) -> None:
    """A carried out action is done, and the timeline says so once, with the adapter's reason."""
    queue(store, intent("a"))
    hand = FakeHand([replace(DONE, details={"message_id": "<1@here>"})])

    assert deliverer(store, FakeClock(), hand).run_due() == 1

    action = actions(store)["a"]
    assert (action.status, action.attempts, action.reason) == (ActionStatus.DONE, 1, "told")
    assert told(store) == [("message to night: done", "told")]
    with store.view() as view:
        assert view.timeline(1)[-1].reason.keys == ("a", "<1@here>")


def test_nothing_is_done_before_its_time(store: Store) -> None:
    """An action that is not due yet waits."""
    clock, hand = FakeClock(), FakeHand([DONE])
    queue(store, replace(intent("a"), not_before=NOON + timedelta(minutes=2)))
    work = deliverer(store, clock, hand)

    assert work.run_due() == 0
    clock.advance(timedelta(minutes=2))
    assert work.run_due() == 1


def test_a_lane_is_an_order(store: Store) -> None:
    """While the first of a lane fails, what follows in it waits; other lanes go on."""
    queue(store, intent("1a"), intent("1b"), intent("1c", "day"), intent("2a", number=2))
    clock, hand = FakeClock(), FakeHand([AGAIN, DONE])
    work = deliverer(store, clock, hand)

    work.run_due()

    assert hand.keys[0] == "1a"
    assert sorted(hand.keys[1:]) == ["1c", "2a"]
    assert actions(store)["1b"].status is ActionStatus.WAITING
    clock.advance(timedelta(minutes=1))
    work.run_due()
    assert hand.keys[3:] == ["1a", "1b"]


def test_a_lost_outcome_repeats_the_call_with_its_key(store: Store) -> None:
    """When Watcher dies between the call and its outcome, the call is made again after the lease,
    under the same idempotency key.
    """

    def cut(_: Action) -> Result:
        raise PowerCutError

    queue(store, intent("a"))
    clock, hand = FakeClock(), FakeHand([cut, DONE])
    work = deliverer(store, clock, hand)
    with pytest.raises(PowerCutError):
        work.run_due()
    assert work.run_due() == 0

    clock.advance(work.lease(ActionKind.NOTIFY))

    assert deliverer(store, clock, hand).run_due() == 1
    assert hand.keys == ["a", "a"]
    assert actions(store)["a"].attempts == 2
    assert told(store) == [("message to night: done", "told")]


def test_who_lost_the_lease_stores_nothing(store: Store) -> None:
    """A worker that was held up until another had taken over leaves no trace."""
    clock = FakeClock()
    second = deliverer(store, clock, FakeHand([Outcome(Verdict.DONE, "told by the second")]))

    def held_up(_: Action) -> Result:
        clock.advance(second.lease(ActionKind.NOTIFY))
        assert second.run_due() == 1
        return Result(Outcome(Verdict.GAVE_UP, "the first thinks so"), DIAGNOSIS)

    queue(store, intent("a"))

    deliverer(store, clock, FakeHand([held_up])).run_due()

    assert actions(store)["a"].reason == "told by the second"
    assert told(store) == [("message to night: done", "told by the second")]
    with store.view() as view:
        assert view.evidence_of(1) == []


def test_a_lease_outlasts_the_longest_call() -> None:
    """However slow an adapter may be, its lease is longer, and never shorter than usual."""
    store = Store.open("sqlite:////tmp/never-opened.db")
    usual = CREWS[ActionKind.NOTIFY].lease

    quick = deliverer(store, FakeClock(), FakeHand([DONE], longest=1))
    slow = deliverer(store, FakeClock(), FakeHand([DONE], longest=3600))

    assert usual == quick.lease(ActionKind.NOTIFY)
    assert slow.lease(ActionKind.NOTIFY) > timedelta(seconds=3600)


def test_giving_up_is_visible_and_can_be_undone(store: Store) -> None:
    """An action that was given up keeps its reason; a person may have it tried again."""
    queue(store, intent("a"), intent("b"))
    clock, hand = FakeClock(), FakeHand([NEVER, DONE])
    work = deliverer(store, clock, hand)

    work.run_due()

    given_up = actions(store)["a"]
    assert (given_up.status, given_up.reason) == (ActionStatus.GAVE_UP, "no such channel")
    assert ("message to night: given up, a person can retry it", "no such channel") in told(store)
    assert actions(store)["b"].status is ActionStatus.DONE
    with store.begin() as tx:
        assert tx.retry_action(given_up.id, clock.now())
    assert work.run_due() == 1
    assert actions(store)["a"].status is ActionStatus.DONE


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [(None, 3.75), (60.0, 62.5), (10**6, 3602.5)],
)
def test_a_failed_attempt_waits(store: Store, asked: float | None, seconds: float) -> None:
    """The wait is drawn by the dice, or is what the peer asked for, within reason."""
    queue(store, intent("a"))

    deliverer(store, FakeClock(), FakeHand([replace(AGAIN, after=asked)])).run_due()

    action = actions(store)["a"]
    assert action.status is ActionStatus.RETRY
    assert action.next_at == NOON + timedelta(seconds=seconds)
    assert action.reason.startswith("busy (attempt 1 failed, the next in ")


def test_only_the_first_failure_is_on_the_timeline(store: Store) -> None:
    """A channel that is away for long does not fill the timeline."""
    queue(store, intent("a"))
    clock, hand = FakeClock(), FakeHand([AGAIN, AGAIN, AGAIN, DONE])
    work = deliverer(store, clock, hand)
    for _ in range(4):
        work.run_due()
        clock.advance(timedelta(minutes=1))

    assert [text for text, _ in told(store)] == [
        "message to night: not yet, it is tried again",
        "message to night: done",
    ]


def test_an_hour_without_the_messenger_is_caught_up(store: Store) -> None:
    """After an hour away every message arrives once, in order, within minutes."""
    back = NOON + timedelta(hours=1)
    clock = FakeClock()
    arrived: list[str] = []

    def messenger(action: Action) -> Result:
        if clock.now() < back:
            return Result(AGAIN)
        arrived.append(action.key)
        return Result(DONE)

    queue(store, *(intent(f"{number}{each}", number=number) for number in (1, 2) for each in "abc"))
    hand = FakeHand([messenger])
    work = deliverer(store, clock, hand)
    while clock.now() < back + timedelta(minutes=11):
        work.run_due()
        clock.advance(timedelta(seconds=30))

    assert sorted(arrived) == ["1a", "1b", "1c", "2a", "2b", "2c"]
    for number in "12":
        assert [key for key in arrived if key[0] == number] == [f"{number}{each}" for each in "abc"]
    assert work.run_due() == 0


def test_patience_has_an_end(store: Store) -> None:
    """After the last of its attempts an action is given up, with the last reason and the count."""
    crew = Crew(threads=1, backoff=Backoff(attempts=3))
    queue(store, intent("a"))
    clock, hand = FakeClock(), FakeHand([AGAIN])
    work = deliverer(store, clock, hand, crews={ActionKind.NOTIFY: crew})
    for _ in range(5):
        work.run_due()
        clock.advance(timedelta(hours=1))

    action = actions(store)["a"]
    assert action.status is ActionStatus.GAVE_UP
    assert action.reason == "busy (given up after 3 attempts)"
    assert len(hand.keys) == 3


def test_an_action_that_brings_its_workers_down_is_stopped(store: Store) -> None:
    """What was begun more often than it may fail is not begun once more."""

    def cut(_: Action) -> Result:
        raise PowerCutError

    crew = Crew(threads=1, backoff=Backoff(attempts=2))
    queue(store, intent("a"))
    clock, hand = FakeClock(), FakeHand([cut])
    work = deliverer(store, clock, hand, crews={ActionKind.NOTIFY: crew})
    for _ in range(2):
        with pytest.raises(PowerCutError):
            work.run_due()
        clock.advance(work.lease(ActionKind.NOTIFY))

    work.run_due()

    assert len(hand.keys) == 2
    assert actions(store)["a"].status is ActionStatus.GAVE_UP
    assert "never came to an end" in actions(store)["a"].reason


def test_a_fault_of_ours_is_tried_again(store: Store, capfd: pytest.CaptureFixture[str]) -> None:
    """A bug in an adapter stops nobody else; it is a reason to look into the log."""

    def bug(_: Action) -> Result:
        raise ZeroDivisionError("password=hunter2hunter2")

    queue(store, intent("a"), intent("b", "day"))
    hand = FakeHand([bug, DONE])

    deliverer(store, FakeClock(), hand).run_due()

    action = actions(store)["a"]
    assert action.status is ActionStatus.RETRY
    assert action.reason.startswith("a fault in Watcher (ZeroDivisionError); its log says more")
    assert actions(store)["b"].status is ActionStatus.DONE
    logged = "".join(capfd.readouterr())
    assert "ZeroDivisionError" in logged
    assert "hunter2hunter2" not in logged


def test_evidence_is_what_the_last_attempt_brought(store: Store) -> None:
    """That a host does not answer is on the incident at once, until something better is."""
    failed = Result(AGAIN, replace(DIAGNOSIS, problem="does not answer"))
    queue(store, intent("a"))
    clock, hand = FakeClock(), FakeHand([failed, Result(DONE, DIAGNOSIS)])
    work = deliverer(store, clock, hand)

    work.run_due()
    with store.view() as view:
        assert [each.diagnosis.problem for each in view.evidence_of(1)] == ["does not answer"]
    clock.advance(timedelta(minutes=1))
    work.run_due()

    with store.view() as view:
        assert [each.diagnosis for each in view.evidence_of(1)] == [DIAGNOSIS]


def test_evidence_follows_a_merged_incident(store: Store) -> None:
    """What comes back after its incident was merged belongs to the one that took it in."""

    def merged(_: Action) -> Result:
        with store.begin() as tx:
            tx.save_incidents([replace(incident(2), status=Status.CLOSED, merged_into=1)])
        return Result(DONE, DIAGNOSIS)

    queue(store, intent("a", number=2), intent("b", "day"))

    deliverer(store, FakeClock(), FakeHand([merged, DONE])).run_due()

    with store.view() as view:
        assert len(view.evidence_of(1)) == 1
        assert view.evidence_of(2) == []
    assert ("message to night: done", "told") in told(store, 1)


# With threads, as in the worker.


def test_hands_are_bounded(store: Store) -> None:
    """No more actions run at once than the crew has threads; the next begin when one has ended."""
    free, woken = Event(), Event()

    def slow(_: Action) -> Result:
        free.wait(SOON)
        return Result(DONE)

    queue(store, *(intent(str(number), f"lane{number}") for number in range(5)))
    hand = FakeHand([slow])
    crews = {ActionKind.NOTIFY: Crew(threads=2)}
    work = deliverer(store, FakeClock(), hand, crews=crews, wake=woken.set)

    assert (work.step(), work.step(), work.running()) == (2, 0, 2)
    assert not woken.is_set()
    free.set()
    assert woken.wait(SOON)
    until(lambda: work.step() == 0 and work.running() == 0)

    assert sorted(hand.keys) == ["0", "1", "2", "3", "4"]
    assert {action.status for action in actions(store).values()} == {ActionStatus.DONE}


def test_a_step_begins_no_more_than_asked(store: Store) -> None:
    """The limit of a step counts for all kinds together."""
    queue(store, *(intent(str(number), f"lane{number}") for number in range(3)))
    work = deliverer(store, FakeClock(), FakeHand([DONE]))

    assert work.step(limit=1) == 1
    assert work.close(SOON)
    assert [a.status for a in actions(store).values()].count(ActionStatus.DONE) == 1


def test_closing_lets_what_runs_end(store: Store) -> None:
    """On shutdown running actions may end within a time; nothing new begins."""
    free = Event()

    def slow(_: Action) -> Result:
        free.wait(SOON)
        return Result(DONE)

    queue(store, intent("a"), intent("b", "day"))
    crews = {ActionKind.NOTIFY: Crew(threads=1)}
    work = deliverer(store, FakeClock(), FakeHand([slow]), crews=crews)
    assert work.step() == 1

    assert not work.close(0.01)
    assert work.step() == 0
    free.set()
    assert work.close(SOON)

    statuses = [action.status for action in actions(store).values()]
    assert statuses == [ActionStatus.DONE, ActionStatus.WAITING]


class Away(Store):
    """A store whose database can be gone."""

    gone = False
    refuses = False

    @contextmanager
    def begin(self) -> Iterator[Tx]:
        if self.gone:
            raise StoreUnavailable("gone")
        with super().begin() as tx:
            yield tx
            if self.refuses:
                self.refuses = False
                raise Unstorable("not such a value")

    @contextmanager
    def view(self) -> Iterator[View]:
        if self.gone:
            raise StoreUnavailable("gone")
        with super().view() as view:
            yield view


@pytest.fixture
def away(store_url: str) -> Iterator[Away]:
    """A migrated, empty store that can be taken away."""
    opened = Away.open(store_url)
    assert isinstance(opened, Away)
    yield opened
    opened.close()


def test_what_was_done_while_the_database_went_away_is_not_done_again(away: Away) -> None:
    """The outcome is held until the database is back, even beyond the lease; until then nothing is
    claimed.
    """
    clock = FakeClock()

    def outage(_: Action) -> Result:
        away.gone = True
        return Result(DONE)

    queue(away, intent("a"), replace(intent("b", "day"), not_before=NOON + timedelta(minutes=30)))
    hand = FakeHand([outage])
    work = deliverer(away, clock, hand)
    assert work.step() == 1
    until(lambda: away.gone and begins_nothing(work))
    clock.advance(timedelta(hours=1))

    assert work.step() == 0
    away.gone = False
    until(lambda: work.running() == 0)

    assert actions(away)["a"].status is ActionStatus.DONE
    assert hand.keys == ["a"]


def begins_nothing(work: Deliverer) -> bool:
    """Whether it does not even ask the database, which is away, for what is due."""
    try:
        return work.step() == 0
    except StoreUnavailable:
        return False


def test_an_outcome_that_never_could_be_stored_is_done_again_later(
    away: Away, capfd: pytest.CaptureFixture[str]
) -> None:
    """Shutting down without the database leaves the action to its lease, and says so."""

    def outage(_: Action) -> Result:
        away.gone = True
        return Result(DONE)

    queue(away, intent("a"))
    work = deliverer(away, FakeClock(), FakeHand([outage]))
    work.step()
    until(lambda: away.gone)

    assert work.close(SOON)

    away.gone = False
    assert actions(away)["a"].status is ActionStatus.RUNNING
    assert "outcome not stored" in "".join(capfd.readouterr())


def test_a_database_that_goes_away_before_the_call_is_waited_for(away: Away) -> None:
    """What could not be prepared is tried again as soon as the database is back."""

    class Hand(FakeHand):
        def prepare(self, actions: Sequence[Action], view: View) -> Errand:
            if not self.keys:
                self.keys.append("prepared")
                raise StoreUnavailable("gone")
            return super().prepare(actions, view)

    queue(away, intent("a"))

    deliverer(away, FakeClock(), Hand([DONE])).run_due()

    assert actions(away)["a"].reason.startswith("the database was away: gone")


def test_what_the_database_refuses_is_not_done_for_ever(
    away: Away, capfd: pytest.CaptureFixture[str]
) -> None:
    """An outcome that can never be stored ends the action, instead of repeating its call."""

    def unstorable(_: Action) -> Result:
        away.refuses = True
        return Result(DONE)

    queue(away, intent("a"))

    deliverer(away, FakeClock(), FakeHand([unstorable])).run_due()

    action = actions(away)["a"]
    assert action.status is ActionStatus.GAVE_UP
    assert "cannot be stored" in action.reason
    assert "refused by the database" in "".join(capfd.readouterr())


def test_what_is_refused_of_one_does_not_spoil_the_others(away: Away) -> None:
    """What was done together is then stored one by one."""

    def unstorable(_: Action) -> Result:
        away.refuses = True
        return Result(DONE)

    queue(away, intent("a"), intent("b"))
    crews = {ActionKind.NOTIFY: Crew(threads=1, together=8)}

    assert deliverer(away, FakeClock(), FakeHand([unstorable]), crews=crews).run_due() == 2

    assert {each.status for each in actions(away).values()} == {ActionStatus.DONE}
