"""What the page of an incident shows of diagnoses, and who may say yes to what waits."""

import re
from dataclasses import replace

import pytest

from tests.web.seed import ACME, DIAGNOSIS, GLOBEX, NOW, look_around
from tests.web.test_pages import text_of
from tests.web.world import World, form_token
from watcher.model.action import ActionStatus
from watcher.model.evidence import Diagnosis, Evidence, Fault, Level
from watcher.model.person import Role
from watcher.web.pages.findings import ADVICE, Seen, seen


@pytest.fixture
def night(world: World) -> World:
    """The night, with all that was looked at."""
    look_around(world.store)
    return world


def test_a_host_tells_what_matters_first(night: World) -> None:
    """Summary, then what is bad, worth a look and good, then what changed, then the steps."""
    shown = text_of(night.person().get("/incidents/8"))

    assert (
        "✕ bad /var/lib/postgresql is 100 % full ! warning postgresql@15-main has failed"
        " ✓ good / has room (58 %) ✓ good no file system is out of inodes"
        " What changed since the last run new: /var/lib/postgresql is 100 % full"
        " gone: 3 users are logged in Busy processes: load 0.4 -&gt; 1.9 ✕ bad Disk space"
    ) in shown
    assert "1 step for other kinds of hosts Software RAID: is not for such a host" in shown
    assert (
        "Who ran this, and how Because of the alert No space left on /var/lib/postgresql"
        " As watcher@10.8.0.5 via gate1 Host key SHA256:x0Yf , verified by known_hosts"
        " Inputs mount=/var/lib/postgresql Runbook linux-first-look"
    ) in shown


def test_a_host_that_lets_nobody_in_is_a_finding(night: World) -> None:
    """With what is to be done about it."""
    shown = text_of(night.person().get("/incidents/8"))

    assert (
        "app1 Not to be reached over SSH 12 min ago took 10.0 s app1 (10.8.0.21) does not answer:"
        " no answer within 10 s It may be down, frozen, or behind a firewall."
    ) in shown


def test_what_was_seen_for_another_incident_says_so(night: World) -> None:
    """With the way there; clocks that are wrong are told."""
    page = night.person().get("/incidents/8")

    assert 'seen for <a href="/incidents/7">#7</a>, which still counts' in page.text
    assert "app2 rhel 9.4 in docker its clock is 42 s behind Java 3 min ago" in text_of(page)
    assert "Seen in part: cannot read /var/log/billing/audit.log without root" in text_of(page)


def test_every_fault_has_its_advice() -> None:
    """Nobody is left alone with a word."""
    assert set(Fault) == set(ADVICE)


def looked(*diagnoses: Diagnosis) -> list[Seen]:
    """How these are shown."""
    return seen([Evidence(n, 8, each) for n, each in enumerate(diagnoses)], [])


BLIND = replace(DIAGNOSIS, steps=(), problem="no answer", fault=Fault.TIMEOUT)
LATER = replace(DIAGNOSIS, started_at=NOW)
PART = replace(LATER, steps=DIAGNOSIS.steps[:1])


@pytest.mark.parametrize(
    ("diagnoses", "expected"),
    [
        ((DIAGNOSIS, LATER), [[0]]),
        ((BLIND, replace(LATER, runbook="java")), [[0]]),
        ((DIAGNOSIS, replace(BLIND, started_at=NOW)), [[], []]),
        ((BLIND, replace(BLIND, started_at=NOW)), [[0]]),
        ((DIAGNOSIS, PART), [[], []]),
        ((DIAGNOSIS, replace(LATER, runbook="java")), [[], []]),
    ],
)
def test_a_later_run_takes_the_place_of_an_earlier(
    diagnoses: tuple[Diagnosis, ...], expected: list[list[int]]
) -> None:
    """If it says all that the earlier said: the same runbook, or the first that got in at all."""
    [host] = looked(*diagnoses)

    assert expected == [[each.id for each in run.earlier] for run in host.runs]


def test_earlier_runs_are_folded(night: World) -> None:
    """They are there for whoever wants to compare."""
    with night.store.begin() as tx:
        tx.add_evidence(8, 999, LATER)
    shown = text_of(night.person().get("/incidents/8"))

    assert "1 earlier run First look at a Linux host 13 min ago" in shown


def test_the_worst_host_comes_first() -> None:
    """Whatever the others are called; what nobody sees is as bad as what is bad."""
    fine = replace(DIAGNOSIS, host="a1", steps=(), facts={"clock_offset": "0.4"})
    hosts = looked(fine, replace(DIAGNOSIS, host="b1"), replace(LATER, host="c1"))

    assert ["c1", "b1", "a1"] == [each.host for each in hosts]
    assert [Level.BAD, None] == [hosts[0].runs[0].worst, hosts[2].runs[0].worst]
    assert ("its clock is right",) == hosts[2].facts


def held(night: World) -> list[int]:
    """What waits for a person: two dumps for an operator, PostgreSQL for a manager."""
    with night.store.view() as view:
        return [each.id for each in view.actions_of(8) if each.status is ActionStatus.HELD]


@pytest.mark.parametrize(
    ("role", "words", "buttons"),
    [
        (Role.VIEWER, "2 steps of Java on app1 wait for somebody with the role operator", (0, 0)),
        (Role.OPERATOR, "1 step of PostgreSQL on db1 waits for somebody with the role manager",
         (2, 3)),
        (Role.MANAGER, "1 step of PostgreSQL on db1 waits for you Database activity only reads",
         (3, 3)),
    ],
)  # fmt: skip
def test_what_waits_is_said_to_whom_it_waits_for(
    night: World, role: Role, words: str, buttons: tuple[int, int]
) -> None:
    """Which steps, what they do, whose word it takes; buttons only for who may."""
    page = night.person(role).get("/incidents/8")

    assert words in text_of(page)
    assert (
        "Thread dump pauses what it looks at Object histogram pauses what it looks at"
        " because of the alert Billing API answers 503 lapses in 23 h"
    ) in text_of(page)
    assert buttons == tuple(
        len(re.findall(f'action="/actions/[0-9]+/{verb}"', page.text))
        for verb in ("approve", "refuse")
    )


@pytest.mark.parametrize(("verb", "status"), [("approve", "waiting"), ("refuse", "done")])
def test_a_word_is_given_on_the_page(night: World, verb: str, status: str) -> None:
    """It stands on the timeline, and nothing is left to decide."""
    olga = night.person()
    token = form_token(olga.get("/incidents/8").text)
    answer = olga.post(
        f"/actions/{held(night)[0]}/{verb}", data={"csrf": token, "back": "/incidents/8"}
    )

    assert (303, "/incidents/8") == (answer.status_code, answer.headers["location"])
    with night.store.view() as view:
        assert status in {each.status.value for each in view.actions_of(8)}
    assert f"{verb}d: diagnosis java of app1" in text_of(olga.get("/incidents/8"))
    assert 2 == len(held(night))


@pytest.mark.parametrize(
    ("role", "customer", "number", "csrf", "expected"),
    [
        (Role.VIEWER, None, 0, True, 403),
        (Role.OPERATOR, None, 2, True, 403),
        (Role.OPERATOR, GLOBEX, 0, True, 404),
        (Role.OPERATOR, ACME, 0, False, 403),
    ],
)
def test_who_may_not_changes_nothing(
    night: World, role: Role, customer: str | None, number: int, csrf: bool, expected: int
) -> None:
    """Viewers, lower roles, strangers, and forms of other sites."""
    somebody = night.person(role, customer)
    token = form_token(somebody.get("/incidents").text) if csrf else "forged"
    action = held(night)[number]
    answer = somebody.post(f"/actions/{action}/approve", data={"csrf": token})

    assert expected == answer.status_code
    assert action in held(night)


def test_what_nobody_knows_any_more_can_still_be_refused(night: World) -> None:
    """A runbook that was taken away meanwhile is called by its name."""
    bare = World(night.store, night.portal, runbooks={})
    shown = text_of(bare.person().get("/incidents/8"))

    assert "java on app1 waits for you because of the alert" in shown


def test_held_actions_lapse_in_words(night: World) -> None:
    """How long is left is told by the page."""
    night.clock.forward(hours=23)

    assert "lapses in 48 min" in text_of(night.person().get("/incidents/8"))
