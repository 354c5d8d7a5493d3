"""Maintenance and mutes by the API: who may plan what for whom, and what is said of bad plans."""

from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.web.seed import ACME, ALERTS, GLOBEX, NOW
from tests.web.world import World
from watcher.decide.match import parse
from watcher.model.alert import Withheld
from watcher.model.change import replace
from watcher.model.person import Role
from watcher.model.reason import Reason
from watcher.model.silence import Window, WindowKind

NIGHTLY = {
    "customer": ACME,
    "when": ['host=~"db.*"', 'severity!="disaster"'],
    "starts": "2026-11-22T02:00:00",
    "ends": "2026-11-22T05:30:00",
    "repeat": "FREQ=DAILY",
    "timezone": "Europe/Berlin",
    "comment": "backups",
}
MUTE = {"customer": ACME, "when": ["key=disk"], "ends": "2026-11-22T08:00:00Z", "comment": "known"}


def planned(client: httpx.Client, path: str = "maintenance", **changes: Any) -> httpx.Response:
    """What comes of a plan."""
    given = NIGHTLY if path == "maintenance" else MUTE
    return client.post(f"/api/v1/{path}", json={**given, **changes})


def hold_back(world: World, by: str) -> None:
    """Has an alert held back by that."""
    alert, span = ALERTS[0]
    why = Withheld(by, Reason("maintenance", "backups"), NOW, NOW + timedelta(hours=1))
    with world.store.begin() as tx:
        tx.save_alerts([replace(alert, withheld=why, suppressed=True)])
        tx.save_occurrences([replace(span, incident=None, withheld=why, ended_at=None)])


def test_maintenance_is_planned_shown_and_cancelled(world: World) -> None:
    """By the clocks of its place; its author and who cancelled it are known."""
    program = world.program(customer=ACME)
    made = planned(program)
    number = made.json()["id"]
    hold_back(world, f"maintenance:{number}")
    shown = program.get(f"/api/v1/maintenance/{number}").json()
    gone = program.delete(f"/api/v1/maintenance/{number}")

    assert 201 == made.status_code
    assert {
        "id": number,
        "name": f"maintenance:{number}",
        "customer": ACME,
        "when": ['host=~"db.*"', 'severity!="disaster"'],
        "state": "running",
        "opens_at": "2026-11-22T01:00:00Z",
        "closes_at": "2026-11-22T04:30:00Z",
        "starts": "2026-11-22T01:00:00Z",
        "repeat": "FREQ=DAILY",
        "timezone": "Europe/Berlin",
        "holds": 1,
        "comment": "backups",
        "author": "operator-of-acme",
        "created_at": "2026-11-22T03:14:07Z",
        "cancelled_at": None,
        "cancelled_by": None,
    } == shown
    assert ("over", "operator-of-acme") == (gone.json()["state"], gone.json()["cancelled_by"])
    assert 1 == world.woken
    assert 409 == program.delete(f"/api/v1/maintenance/{number}").status_code


def test_a_mute_begins_now_and_is_lifted(world: World) -> None:
    """It has an end and an author."""
    program = world.program()
    mute = planned(program, "mutes").json()
    lifted = program.delete(f"/api/v1/mutes/{mute['id']}").json()

    assert ("running", "2026-11-22T03:14:07Z", "2026-11-22T08:00:00Z", "operator-of-all") == (
        mute["state"],
        mute["starts"],
        mute["closes_at"],
        mute["author"],
    )
    assert "over" == lifted["state"]


def test_lists_tell_what_runs_what_comes_and_what_is_over(world: World) -> None:
    """In this order; mutes are another list."""
    program = world.program()
    planned(program, "mutes")
    over = planned(program, comment="over").json()["id"]
    program.delete(f"/api/v1/maintenance/{over}")
    planned(program, comment="coming", starts="2026-11-23T02:00:00", ends="2026-11-23T03:00:00")
    planned(program, comment="running")
    found = program.get("/api/v1/maintenance").json()["items"]
    mutes = program.get("/api/v1/mutes").json()["items"]
    world.clock.forward(days=31)
    later = program.get("/api/v1/maintenance").json()["items"]

    assert [("running", "running"), ("coming", "coming"), ("over", "over")] == [
        (each["state"], each["comment"]) for each in found
    ]
    assert ["running", "coming"] == [each["comment"] for each in later]
    assert ["mute:1"] == [each["name"] for each in mutes]


def test_windows_of_the_rules_are_listed_too(world: World) -> None:
    """For whoever they are; nobody cancels them but in their file."""
    own = Window(
        WindowKind.MAINTENANCE,
        None,
        parse("host=db1"),
        NOW,
        timedelta(hours=1),
        title="rules-for-all",
    )
    of_acme = replace(own, customer=ACME, title="acme-only")
    past = replace(own, starts=NOW - timedelta(days=40), title="long-over")
    world.rules.policy = replace(world.rules.policy, maintenance=(own, of_acme, past))

    def names(customer: str | None) -> list[str]:
        found = world.program(Role.VIEWER, customer).get("/api/v1/maintenance").json()["items"]
        return [each["name"] for each in found]

    assert ["maintenance:acme-only", "maintenance:rules-for-all"] == names(None) == names(ACME)
    assert ["maintenance:rules-for-all"] == names(GLOBEX)


@pytest.mark.parametrize("path", ["maintenance", "mutes"])
def test_strangers_get_the_same_answer_as_for_nothing(world: World, path: str) -> None:
    """They neither see nor cancel it, nor plan one for somebody else."""
    number = planned(world.program(), path).json()["id"]
    stranger = world.program(customer=GLOBEX)
    answers = [
        stranger.get(f"/api/v1/{path}/{number}"),
        stranger.delete(f"/api/v1/{path}/{number}"),
        stranger.get(f"/api/v1/{path}/9999"),
    ]

    assert [404, 404, 404] == [each.status_code for each in answers]
    assert [] == stranger.get(f"/api/v1/{path}").json()["items"]
    assert (409, "there is no customer 'acme'") == (
        planned(stranger, path).status_code,
        planned(stranger, path).json()["error"],
    )


@pytest.mark.parametrize("path", ["maintenance", "mutes"])
def test_viewers_only_look(world: World, path: str) -> None:
    """They may neither plan nor cancel."""
    number = planned(world.program(), path).json()["id"]
    viewer = world.program(Role.VIEWER)

    assert 403 == planned(viewer, path).status_code
    assert 403 == viewer.delete(f"/api/v1/{path}/{number}").status_code
    assert 200 == viewer.get(f"/api/v1/{path}/{number}").status_code
    assert 401 == world.client().get(f"/api/v1/{path}").status_code


def test_one_kind_is_not_the_other(world: World) -> None:
    """A mute is no maintenance."""
    program = world.program()
    number = planned(program, "mutes").json()["id"]

    assert 404 == program.get(f"/api/v1/maintenance/{number}").status_code


@pytest.mark.parametrize(
    ("changes", "status", "said"),
    [
        ({"when": ["host~db"]}, 422, "expected =, !=, =~ or !~ (at character 5)"),
        ({"when": ['host=~"["']}, 422, "bad regular expression"),
        ({"when": ["{}"]}, 422, "without matchers"),
        ({"when": []}, 422, "body.when"),
        ({"when": ["labels=x"]}, 422, "name the label itself"),
        ({"ends": "2026-11-22T02:00:00"}, 422, "it ends before it has begun"),
        ({"ends": "2028-11-22T02:00:00"}, 422, "366 days at most"),
        ({"repeat": "FREQ=MINUTELY"}, 422, "FREQ=MINUTELY is no part of a rule"),
        ({"repeat": "FREQ=WEEKLY;BYDAY=MO"}, 422, "it starts on a Sunday"),
        ({"timezone": "Mars/Olympus"}, 422, "no time zone 'Mars/Olympus'"),
        ({"repeat": "", "ends": "2026-11-22T03:00:00"}, 422, "it would be over already"),
        ({"customer": "nobody"}, 409, "there is no customer 'nobody'"),
        ({"colour": "red"}, 422, "body.colour"),
    ],
)
def test_a_plan_that_cannot_be_is_refused_in_words(
    world: World, changes: dict[str, Any], status: int, said: str
) -> None:
    """What is wrong, and where; nothing is stored."""
    program = world.program()
    answer = planned(program, **changes)

    assert status == answer.status_code
    assert said in answer.json()["error"]
    assert [] == program.get("/api/v1/maintenance").json()["items"]


def test_an_alert_tells_why_it_opened_nothing(world: World) -> None:
    """The reason, since when, and until when."""
    hold_back(world, "maintenance:7")
    [alert] = world.program().get("/api/v1/alerts?match=suppressed=true").json()["items"]

    assert "backups" == alert["withheld"]["reason"]["text"]
    assert ("maintenance:7", NOW) == (
        alert["withheld"]["by"],
        datetime.fromisoformat(alert["withheld"]["since"]),
    )
