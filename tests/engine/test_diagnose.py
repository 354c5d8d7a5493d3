"""What the outbox does about diagnoses: together, once, not too many, and always on record."""

from dataclasses import dataclass, field, replace
from datetime import timedelta
from hashlib import sha256
from typing import Any

import pytest

from tests.conftest import StartSshd
from tests.engine.machines import Machines
from tests.engine.test_deliver import actions, incident, told
from tests.engine.test_hands import ALERT
from tests.fakes import NOON, FakeClock
from tests.sshd import SshServer
from watcher.decide.route import Order, ordered
from watcher.diagnostics.base import HostKeyRefused, Unreachable
from watcher.diagnostics.pool import Pool
from watcher.engine.deliver import Deliverer, Options
from watcher.engine.diagnose import TOGETHER, DiagnoseHand, Hosts
from watcher.kit.clock import Clock
from watcher.model.action import Action, ActionKind, ActionStatus
from watcher.model.catalogue import Catalogue, Host, SshProfile
from watcher.model.evidence import Diagnosis, Fault, StepStatus
from watcher.model.incident import Status
from watcher.model.person import Role
from watcher.model.policy import Occasion, Rerun, RunbookPolicy, RunbookTrigger
from watcher.model.run import Run
from watcher.model.runbook import Effect, Input, InputType, Runbook, Step, Weight
from watcher.store.query import Query
from watcher.store.store import Store

LOOK = Runbook(
    "look",
    "A look",
    "us",
    (Step("echo", "Echo", "echo seen {{ inputs.fs }}"),),
    inputs=(Input("fs", InputType.PATH, ("alert.labels.filesystem",)),),
    digest="d1",
)
LOAD = Runbook("load", "The load", "us", (Step("load", "Load", "echo much"),))
DUMP = Runbook(
    "dump",
    "A dump",
    "us",
    (
        Step("ps", "Processes", "echo two"),
        Step("stop", "Stop it", "echo stopped", effects=Effect.PAUSE),
    ),
)
DB01 = Host("acme", "db01", address="10.0.0.5", ssh="lab")
PROFILE = SshProfile("lab", "watcher", "/nonexistent", "/nonexistent")
DOWN = Unreachable("no answer in time", Fault.TIMEOUT)


@dataclass
class Ward:
    """A store, hosts and runbooks, and what is diagnosed there."""

    store: Store
    books: tuple[Runbook, ...] = (LOOK, LOAD, DUMP)
    hosts: tuple[Host, ...] = (DB01,)
    machines: Machines = field(default_factory=Machines)
    clock: FakeClock = field(default_factory=FakeClock)

    def order(
        self,
        *books: Runbook,
        number: int = 1,
        host: Host = DB01,
        occasion: Occasion = Occasion.OPENED,
        **changes: Any,
    ) -> None:
        """Has runbooks run on a host of an incident."""
        order = Order(occasion, self.clock.now(), "z:1", by="olga" if changes else "")
        with self.store.begin() as tx:
            tx.save_alerts([ALERT])
            if number not in tx.incidents([number]):
                tx.save_incidents([incident(number)])
            for book in books:
                intrusive = any(each.effects.needs_approval for each in book.steps)
                trigger = RunbookTrigger(book.id, policy=book.policy, intrusive=intrusive)
                tx.queue(ordered(incident(number), trigger, host, order), self.clock.now())

    def carry_out(self) -> int:
        """Does all that is due."""
        return self.deliverer().run_due()

    def deliverer(self, **extra: Any) -> Deliverer:
        """A worker."""
        options = Options(dice=lambda: 0.5, **extra)
        return Deliverer(self.store, self.clock, {ActionKind.DIAGNOSE: self.hand()}, options)

    def hand(self) -> DiagnoseHand:
        """What it works with."""
        catalogue = Catalogue(
            by_alias={(each.customer, each.name): each for each in self.hosts},
            profiles={"lab": PROFILE, "root": replace(PROFILE, name="root", user="root")},
        )
        books = {each.id: each for each in self.books}
        return DiagnoseHand(catalogue, books, self.clock, self.machines)

    def evidence(self, number: int = 1) -> list[Diagnosis]:
        """What an incident shows."""
        with self.store.view() as view:
            return [each.diagnosis for each in view.evidence_of(number)]

    def runs(self) -> list[Run]:
        """The run log, oldest first."""
        with self.store.view() as view:
            return list(reversed(view.run_list(Query()).items))

    def action(self, key: str, number: int = 1) -> Action:
        """An action by what follows `diagnose/` in its key."""
        return actions(self.store, number)[f"{number}/diagnose/{key}"]


@pytest.fixture
def ward(store: Store) -> Ward:
    """Both stores, one host, three runbooks."""
    return Ward(store)


def outputs(found: list[Diagnosis]) -> list[str]:
    """What the steps printed."""
    return [step.output for each in found for step in each.steps if step.output]


def test_runbooks_of_a_host_run_as_one_script(ward: Ward) -> None:
    """One connection; each has its evidence, its line on the timeline and in the run log."""
    ward.order(LOOK, LOAD)

    assert 2 == ward.carry_out()
    assert 1 == len(ward.machines.scripts)
    assert [["seen /var"], ["much"]] == [outputs([each]) for each in ward.evidence()]
    assert ["diagnosis look of db01: done", "diagnosis load of db01: done"] == [
        text for text, _ in told(ward.store)
    ]
    assert [("look", "alert z:1", 1), ("load", "alert z:1", 1)] == [
        (each.runbook, each.by, each.incident) for each in ward.runs()
    ]


def test_a_run_is_on_record_with_all_that_an_auditor_asks(ward: Ward) -> None:
    """Who, why, what, as whom, by which key, with which inputs, and what came of it."""
    ward.order(LOOK)
    ward.carry_out()
    [run] = ward.runs()

    assert ("acme", "db01", "10.0.0.5", "watcher", "SHA256:here", "known_hosts", "d1") == (
        run.customer,
        run.host,
        run.address,
        run.user,
        run.host_key,
        run.verified,
        run.digest,
    )
    assert ({"fs": "/var"}, 64, 10) == (run.inputs, len(run.script), run.size)
    assert run.outcome.startswith("1 steps in ")


def test_another_profile_is_another_connection(ward: Ward) -> None:
    """Nobody runs as somebody else because he shares an alert with him."""
    as_root = replace(LOAD, profile="root")
    ward = replace(ward, books=(LOOK, as_root))
    ward.order(LOOK, as_root)
    ward.carry_out()

    assert 2 == len(ward.machines.scripts)
    assert ["watcher", "root"] == [each.user for each in ward.runs()]


def test_a_person_gets_a_look_of_his_own_where_the_machine_is_content(ward: Ward) -> None:
    """What was seen a while ago answers the alert, and not who wants to know how it is now."""
    ward.order(LOOK)
    ward.carry_out()
    ward.order(LOOK, number=2)
    ward.order(LOOK, number=2, occasion=Occasion.MANUAL, by="olga")
    ward.carry_out()

    assert 2 == len(ward.machines.scripts)
    assert ["alert z:1", "olga"] == [each.by for each in ward.runs()]


def test_what_ran_is_kept_with_the_run_log(ward: Ward) -> None:
    """All runs of one script name it, and its text is what was sent."""
    ward.order(LOOK, LOAD)
    ward.carry_out()
    [name] = {each.script for each in ward.runs()}
    with ward.store.view() as view:
        text = view.script(name, "acme") or ""

    assert name == sha256(text.encode()).hexdigest()
    assert [True] == [text in each for each in ward.machines.scripts]


def test_the_same_twice_is_done_once(ward: Ward) -> None:
    """An incident that opens and gets worse at once asks twice for the same."""
    ward.order(LOOK)
    ward.order(LOOK, occasion=Occasion.MANUAL, by="olga")
    ward.carry_out()

    assert 1 == len(ward.evidence())
    assert {"done together with another that asked for the same"} < {
        each.reason for each in actions(ward.store).values()
    }


def test_unreachable_is_a_finding_at_once(ward: Ward) -> None:
    """One for all that was to run there; what the host says later takes its place."""
    ward.machines.faults.append(DOWN)
    ward.order(LOOK, LOAD)
    ward.carry_out()

    assert [("look", Fault.TIMEOUT)] == [(each.runbook, each.fault) for each in ward.evidence()]
    assert {ActionStatus.RETRY} == {each.status for each in actions(ward.store).values()}
    ward.clock.advance(timedelta(seconds=20))
    ward.carry_out()
    assert ["seen /var", "much"] == outputs(ward.evidence())
    assert ["timeout", "timeout", "", ""] == [each.fault for each in ward.runs()]
    assert 1 == len(ward.machines.scripts)


def test_unreachable_is_a_finding_whichever_runbook_comes_first(ward: Ward) -> None:
    """One that has nothing to run there has not tried to connect, so it cannot tell."""
    idle = replace(LOOK, id="idle", inputs=(Input("fs", InputType.PATH, ("alert.labels.no",)),))
    ward = replace(ward, books=(idle, LOAD))
    ward.machines.faults = [DOWN]
    ward.order(idle, LOAD)
    ward.carry_out()

    assert [None, Fault.TIMEOUT] == [each.fault for each in ward.evidence()]


def test_a_host_that_stays_away_is_given_up_within_minutes(ward: Ward) -> None:
    """What it says an hour later does not explain the incident; that it rests is no new finding."""
    rests = Unreachable("left alone until 12:30", Fault.RESTING)
    ward.machines.faults += [DOWN, *[rests] * 10]
    ward.order(LOOK)
    tries = 0
    while ward.clock.now() < NOON + timedelta(minutes=15):
        tries += ward.carry_out()
        ward.clock.advance(timedelta(seconds=10))

    assert (6, ActionStatus.GAVE_UP) == (tries, ward.action("look/db01").status)
    assert [Fault.TIMEOUT] == [each.fault for each in ward.evidence()]
    assert 6 == len(ward.runs())


@pytest.mark.parametrize(
    "fault",
    [
        HostKeyRefused("the key of db01 has changed; if that is right, …"),
        Unreachable("the host refuses to let user watcher in", Fault.LOGIN),
    ],
)
def test_what_a_person_must_mend_is_not_tried_again(
    ward: Ward, fault: Unreachable, capfd: pytest.CaptureFixture[str]
) -> None:
    """It is given up at once, in words for that person; what may be an attack is in the log."""
    ward.machines.faults.append(fault)
    ward.order(LOOK)
    ward.carry_out()
    action = ward.action("look/db01")

    assert (ActionStatus.GAVE_UP, str(fault)) == (action.status, action.reason)
    assert [fault.fault] == [each.fault for each in ward.evidence()]
    logged = "".join(capfd.readouterr())
    assert (fault.fault is Fault.HOST_KEY) is ("host key refused" in logged)


def test_what_was_seen_a_short_while_ago_is_shown_again(ward: Ward) -> None:
    """Another incident gets the earlier diagnosis, which says for whom it was made; then a new one,
    compared with it.
    """
    ward.order(LOOK)
    ward.carry_out()
    ward.clock.advance(timedelta(minutes=3))
    ward.order(LOOK, number=2)
    ward.order(LOOK, number=1, occasion=Occasion.REOPENED)
    again = replace(LOOK, policy=RunbookPolicy(occasions=frozenset(Occasion)))
    ward = replace(ward, books=(again,))
    ward.carry_out()

    assert 1 == len(ward.machines.scripts)
    assert "seen 3 min ago for #1, which still counts" == ward.action("look/db01", 2).reason
    [copy] = ward.evidence(2)
    assert (1, NOON) == (copy.made_for, copy.started_at)
    assert 1 == len(ward.evidence(1))
    assert 1 == len(ward.runs())


def test_incidents_that_ask_at_once_ask_a_host_once(ward: Ward) -> None:
    """The first is on record before the others look."""
    for number in range(1, 5):
        ward.order(LOOK, number=number)
    deliverer = ward.deliverer(turn=Hosts().turn)
    deliverer.step()
    deliverer.close(30)

    assert 1 == len(ward.machines.scripts)
    assert 3 == sum(bool(each.made_for) for n in range(1, 5) for each in ward.evidence(n))


def test_hosts_do_not_wait_for_each_other(ward: Ward) -> None:
    """Nor do messages for diagnoses."""
    ward.order(LOOK)
    [one] = actions(ward.store, 1).values()
    other, message = replace(one, customer="globex"), replace(one, kind=ActionKind.NOTIFY)
    hosts = Hosts()

    with hosts.turn((one,)), hosts.turn((other,)), hosts.turn((message,)):
        pass


@pytest.mark.parametrize(
    ("digest", "label"),
    [("d2", "/var"), ("d1", "/data")],
    ids=["another recipe", "other inputs"],
)
def test_another_question_is_asked_anew(ward: Ward, digest: str, label: str) -> None:
    """What was seen of /var says nothing of /data."""
    ward.order(LOOK)
    ward.carry_out()
    ward = replace(ward, books=(replace(LOOK, digest=digest),))
    ward.order(LOOK, number=2)
    with ward.store.begin() as tx:
        tx.save_alerts([replace(ALERT, labels={"filesystem": label})])
    ward.carry_out()

    assert [f"seen {label}"] == outputs(ward.evidence(2))


def test_a_clock_that_was_wrong_silences_no_host(ward: Ward) -> None:
    """What was seen tomorrow, before the clock was set right, answers nothing today."""
    ward.order(LOOK)
    ward.clock.advance(timedelta(days=1))
    ward.carry_out()
    ward.clock.advance(timedelta(days=-1))
    ward.order(LOOK, number=2)
    ward.carry_out()

    assert 2 == len(ward.machines.scripts)


def test_a_secret_in_an_input_is_not_kept(ward: Ward) -> None:
    """Not with the evidence, nor the run, nor the script; the same question is still known."""
    url = Input("fs", InputType.WORD, default="http://olga:hunter22@db01/x")
    book = replace(LOOK, inputs=(url,))
    ward = replace(ward, books=(book,))
    ward.order(book)
    ward.carry_out()
    ward.order(book, number=2)
    ward.carry_out()
    [run] = ward.runs()
    with ward.store.view() as view:
        text = view.script(run.script, "acme") or ""

    assert {"fs": "http://olga:***@db01/x"} == run.inputs
    assert "hunter22" in ward.machines.scripts[0]
    assert "hunter22" not in f"{ward.evidence()} {text}"


def test_a_person_need_not_wait(ward: Ward) -> None:
    """Whoever asks by hand gets a new answer, and hears what is different since the last."""
    ward.order(LOAD)
    ward.carry_out()
    ward = replace(ward, books=(replace(LOAD, steps=(replace(LOAD.steps[0], run="exit 3"),)),))
    ward.order(LOAD, occasion=Occasion.MANUAL, by="olga")
    ward.carry_out()

    assert 2 == len(ward.machines.scripts)
    assert [(), ("Load: was ok, is failed",)] == [each.changes for each in ward.evidence()]
    assert ["alert z:1", "olga"] == [each.by for each in ward.runs()]


def test_other_customers_are_strangers(ward: Ward) -> None:
    """A host of the same name is another host: nothing of it is shown, nothing is compared."""
    ward.order(LOOK)
    ward.carry_out()
    ward = replace(ward, hosts=(DB01, replace(DB01, customer="globex")))
    with ward.store.begin() as tx:
        strange = replace(incident(2), customer="globex")
        tx.save_incidents([strange])
        order = Order(Occasion.OPENED, NOON, "z:1")
        tx.queue(ordered(strange, RunbookTrigger("look"), DB01, order), NOON)
    ward.carry_out()

    [diagnosis] = ward.evidence(2)
    assert (None, ()) == (diagnosis.made_for, diagnosis.changes)
    assert ["acme", "globex"] == [each.customer for each in ward.runs()]


def test_what_does_more_than_read_waits_for_a_person(ward: Ward) -> None:
    """The rest runs at once; what was agreed to runs alone, and both are on record."""
    ward.order(DUMP)
    ward.carry_out()
    held = ward.action("dump/db01/intrusive")
    assert ActionStatus.HELD == held.status
    assert ["two"] == outputs(ward.evidence())

    with ward.store.begin() as tx:
        tx.approve(held.id, "boris", ward.clock.now())
    ward.carry_out()

    assert ["two", "stopped"] == outputs(ward.evidence())
    assert [("alert z:1", ""), ("alert z:1", "boris")] == [
        (each.by, each.approved_by) for each in ward.runs()
    ]
    assert told(ward.store)[-1][0] == "diagnosis dump of db01 (what does more than read): done"


def test_a_runbook_runs_on_so_many_hosts_of_an_incident(ward: Ward) -> None:
    """The rest is left out, without a line for each on the timeline."""
    hosts = tuple(replace(DB01, name=f"db0{number}") for number in range(1, 6))
    book = replace(LOAD, policy=RunbookPolicy(max_hosts=2))
    ward = replace(ward, books=(book,), hosts=hosts)
    for host in hosts:
        ward.order(book, host=host)
    ward.carry_out()

    assert 2 == len(ward.machines.scripts) == len(told(ward.store))
    assert "left out: 2 hosts of this incident before it are enough for this runbook" == (
        ward.action("load/db05").reason
    )


def test_in_a_storm_of_incidents_hosts_are_spared(ward: Ward) -> None:
    """One host of each incident, no heavy steps, and a word about both."""
    heavy = Step("find", "Find", "echo heavy", weight=Weight.HEAVY)
    book = replace(LOAD, steps=(heavy, *LOAD.steps), policy=RunbookPolicy(cooldown=timedelta()))
    other = replace(DB01, name="db02")
    ward = replace(ward, books=(book,), hosts=(DB01, other))
    for number in range(1, 22):
        ward.order(book, number=number)
    ward.order(book, number=21, host=other)
    ward.carry_out()

    [find, load] = ward.evidence(21)[0].steps
    assert (StepStatus.SKIPPED, "much") == (find.status, load.output)
    assert "left out: more than 20 incidents" in find.reason
    assert "left out: 1 host of" in ward.action("load/db02", 21).reason


def test_a_runbook_may_be_repeated(ward: Ward) -> None:
    """As often as it says, with what changed; the cooldown does not answer it."""
    book = replace(LOAD, policy=RunbookPolicy(rerun=Rerun(timedelta(minutes=5), times=1)))
    ward = replace(ward, books=(book,))
    ward.order(book)
    ward.carry_out()
    assert 0 == ward.carry_out()
    ward.clock.advance(timedelta(minutes=5))
    ward.carry_out()

    assert 2 == len(ward.machines.scripts) == len(ward.evidence())
    assert 2 == len(actions(ward.store))


def test_a_fault_in_one_runbook_does_not_stop_the_others(
    ward: Ward, capfd: pytest.CaptureFixture[str]
) -> None:
    """What cannot be done together is tried one by one."""
    broken = replace(LOAD, inputs=(replace(LOOK.inputs[0], pattern="("),))
    ward = replace(ward, books=(LOOK, broken))
    ward.order(LOOK, broken)
    ward.carry_out()

    assert ["seen /var"] == outputs(ward.evidence())
    assert (ActionStatus.DONE, ActionStatus.RETRY) == (
        ward.action("look/db01").status,
        ward.action("load/db01").status,
    )
    assert "fault in an adapter" in "".join(capfd.readouterr())


@pytest.mark.parametrize(
    "host",
    [
        replace(DB01, name="other"),
        replace(DB01, address=None),
        replace(DB01, ssh=None),
        replace(DB01, ssh="gone"),
        replace(DB01, customer="globex"),
    ],
)
def test_a_host_without_a_way_in_is_left_alone(ward: Ward, host: Host) -> None:
    """Unknown, without an address, a profile or with one that is gone, or a stranger's."""
    ward = replace(ward, hosts=(host,))
    ward.order(LOOK)
    ward.carry_out()
    action = ward.action("look/db01")

    assert ActionStatus.DONE == action.status
    assert "never connected to" in action.reason
    assert ([], []) == (ward.evidence(), ward.runs())


def test_a_runbook_that_is_gone_is_said(ward: Ward) -> None:
    """A runbook that was taken away meanwhile needs a person."""
    ward = replace(ward, books=(LOAD,))
    ward.order(LOOK)
    ward.carry_out()

    assert "there is no runbook 'look' any more" == ward.action("look/db01").reason


def test_a_merged_incident_still_lends_its_alert(ward: Ward) -> None:
    """And its evidence is on the incident that has taken it in."""
    ward.order(LOOK, number=2)
    with ward.store.begin() as tx:
        tx.save_incidents([incident(), replace(incident(2), status=Status.CLOSED, merged_into=1)])
    ward.carry_out()

    assert (["seen /var"], []) == (outputs(ward.evidence(1)), ward.evidence(2))
    assert [1] == [each.incident for each in ward.runs()]


def test_without_its_incident_a_diagnosis_has_no_values(ward: Ward) -> None:
    """The step says what it lacks."""
    order = Order(Occasion.OPENED, NOON, "z:1")
    with ward.store.begin() as tx:
        tx.queue(ordered(incident(7), RunbookTrigger("look"), DB01, order), NOON)
    ward.carry_out()
    [diagnosis] = ward.evidence(7)

    assert [StepStatus.SKIPPED] == [each.status for each in diagnosis.steps]


def test_the_longest_runbooks_set_the_lease(store: Store) -> None:
    """As many as go into one script end before the lease, with the waits before them."""
    books = tuple(replace(LOAD, id=f"b{number}", timeout=100.0) for number in range(TOGETHER + 1))

    assert Ward(store, books).hand().longest == TOGETHER * 100 + 5 + 10
    assert DiagnoseHand(Catalogue(), {}, Clock(), Machines()).longest == 10.0


def test_each_profile_that_runbooks_ask_for_prolongs_the_lease(store: Store) -> None:
    """The runbooks of one host may need one connection after another."""
    as_root = replace(LOAD, timeout=100.0, profile="root")

    assert Ward(store, (as_root,)).hand().longest == 100 + 2 * 5 + 10


def test_a_whole_runbook_may_wait_for_a_person(ward: Ward) -> None:
    """Then all of its steps run with the word of that person."""
    book = replace(DUMP, policy=RunbookPolicy(approval=Role.MANAGER))
    ward = replace(ward, books=(book,))
    ward.order(book)
    assert 0 == ward.carry_out()
    with ward.store.begin() as tx:
        tx.approve(1, "boris", ward.clock.now())
    ward.carry_out()

    assert ["two", "stopped"] == outputs(ward.evidence())


def on(server: SshServer) -> tuple[Host, SshProfile]:
    """That server as a host of the inventory."""
    known = str(server.known_hosts_file())
    profile = SshProfile("lab", server.user, str(server.client_key), known)
    return replace(DB01, address=server.address, port=server.port), profile


def test_it_works_with_a_real_server(ward: Ward, sshd: StartSshd) -> None:
    """The runbook runs there with the values of the alert, and its output is kept."""
    host, profile = on(sshd())
    catalogue = Catalogue(by_alias={("acme", "db01"): host}, profiles={"lab": profile})
    ward.order(LOOK)
    with Pool(Clock()) as pool:
        hand = DiagnoseHand(catalogue, {"look": LOOK}, Clock(), pool)
        Deliverer(ward.store, ward.clock, {ActionKind.DIAGNOSE: hand}).run_due()
    [run] = ward.runs()

    assert ["seen /var"] == outputs(ward.evidence())
    assert (profile.user, "known_hosts") == (run.user, run.verified)
    assert run.host_key.startswith("SHA256:")
