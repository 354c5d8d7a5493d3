"""The page of maintenance and mutes: what it shows to whom, and what its forms do."""

from datetime import timedelta

import httpx
import pytest

from tests.web.seed import ACME, ALERTS, GLOBEX, NOW
from tests.web.test_windows import hold_back, planned
from tests.web.world import World, form_token
from watcher.decide.match import parse
from watcher.model.change import replace
from watcher.model.person import Role
from watcher.model.silence import Window, WindowKind

PLAN = {
    "customer": ACME,
    "comment": "Disks <replaced>",
    "host": "db1",
    "match": 'severity!="disaster"',
    "starts": "2026-11-23T02:00",
    "ends": "2026-11-23T04:00",
    "timezone": "Europe/Berlin",
    "repeat": "FREQ=DAILY",
}


def fill(browser: httpx.Client, path: str, **fields: str) -> httpx.Response:
    """What comes of a form."""
    csrf = form_token(browser.get(path).text)
    return browser.post(path.partition("?")[0], data={"csrf": csrf, **fields})


def test_maintenance_is_planned_and_ended_in_the_browser(world: World) -> None:
    """It appears among what is to come, escaped; with one press it is over."""
    olga = world.person()
    answer = fill(olga, "/maintenance/new", **PLAN)
    page = olga.get("/maintenance").text
    csrf = form_token(page)
    olga.post("/maintenance/1/cancel", data={"csrf": csrf})

    assert (303, "/maintenance") == (answer.status_code, answer.headers["location"])
    assert "Disks &lt;replaced&gt;" in page
    assert "Mon 23 Nov 2026, 02:00" in page
    assert "to 04:00 Europe/Berlin" in page
    assert "Every day" in page
    assert "ended by olga" in olga.get("/maintenance").text


def test_a_rule_of_ones_own_goes_before_the_choice(world: World) -> None:
    """And is shown as it was written, in capitals."""
    olga = world.person()
    fill(
        olga,
        "/maintenance/new",
        **{**PLAN, "rule": "freq=monthly;byday=4mo", "ends": "2026-11-24T01:00"},
    )
    page = olga.get("/maintenance").text

    assert "FREQ=MONTHLY;BYDAY=4MO" in page
    assert "to Tue 24 Nov 2026, 01:00" in page


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"host": "", "match": ""}, "without matchers"),
        ({"match": "host~db"}, "expected =, !=, =~ or !~"),
        ({"match": "labels=x"}, "name the label itself"),
        ({"starts": "soon"}, "say when it starts and when it ends"),
        ({"ends": "2026-11-23T01:00"}, "it ends before it has begun"),
        ({"timezone": "Mars"}, "no time zone"),
        ({"customer": "nobody"}, "there is no customer"),
    ],
)
def test_a_bad_plan_is_shown_again_with_what_is_wrong(
    world: World, changes: dict[str, str], said: str
) -> None:
    """Nothing that was typed is lost."""
    answer = fill(world.person(), "/maintenance/new", **{**PLAN, **changes})

    assert 422 == answer.status_code
    assert said in answer.text
    assert 'value="Disks &lt;replaced&gt;"' in answer.text


def test_an_alert_is_muted_from_its_row(world: World) -> None:
    """The list has a way to the form, which offers the alert, its host and its service."""
    alert, _ = ALERTS[0]
    olga = world.person()
    address = f"/mutes/new?customer={ACME}&key={alert.key}"
    rows = olga.get("/alerts").text
    form = olga.get(address).text
    fill(olga, address, customer=ACME, key=alert.key, which=f'key="{alert.key}"', hours="4")
    page = olga.get("/maintenance").text
    csrf = form_token(page)
    olga.post("/mutes/1/cancel", data={"csrf": csrf})

    assert "/mutes/new?customer=acme&amp;key=" in rows
    assert "/mutes/new?customer=acme&amp;key=" in olga.get("/incidents/8").text
    assert "All alerts of the host db1" in form
    assert "All alerts of the service billing" in form
    assert "until Sun 22 Nov 2026, 07:14" in page
    assert "ended by olga" in olga.get("/maintenance").text


def test_alerts_are_muted_by_matchers(world: World) -> None:
    """A bad one is named; a stranger's alert is no alert."""
    olga = world.person(customer=GLOBEX)
    bad = fill(olga, "/mutes/new", customer=GLOBEX, match="", hours="1")
    good = fill(olga, "/mutes/new", customer=GLOBEX, match="host=mx1", hours="1")
    strange = olga.get(f"/mutes/new?customer={ACME}&key={ALERTS[0][0].key}").text

    assert "without matchers" in bad.text
    assert 303 == good.status_code
    assert ALERTS[0][0].name not in strange


def test_the_reason_stands_beside_the_alert(world: World) -> None:
    """And the page of maintenance counts what is held back."""
    number = planned(world.program()).json()["id"]
    hold_back(world, f"maintenance:{number}")
    viewer = world.person(Role.VIEWER)

    assert "Suppressed: backups" in viewer.get("/alerts").text
    assert "holds back 1 alert" in viewer.get("/maintenance").text


def test_viewers_see_no_forms_and_strangers_nothing(world: World) -> None:
    """A window of the rules for everybody is for them, too."""
    planned(world.program())
    own = Window(WindowKind.MAINTENANCE, None, parse("host=x"), NOW, timedelta(1), title="for-all")
    world.rules.policy = replace(world.rules.policy, maintenance=(own,))
    viewer = world.person(Role.VIEWER)
    stranger = world.person(Role.VIEWER, GLOBEX, "boris").get("/maintenance").text

    assert "End now" not in viewer.get("/maintenance").text
    assert 403 == viewer.get("/maintenance/new").status_code
    assert "backups" not in stranger
    assert "from the rules: for-all" in stranger


def test_maintenance_of_a_monitoring_system_is_shown_and_left_to_it(world: World) -> None:
    """There is no button, and pressing it all the same is refused with the reason."""
    window = Window(
        WindowKind.MAINTENANCE,
        ACME,
        parse("host=db1"),
        NOW,
        timedelta(hours=2),
        title="7.1.1/1",
        comment="New disks",
        author="zabbix:zbx-acme",
        created_at=NOW,
    )
    with world.store.begin() as tx:
        tx.plan_window(window)
    olga = world.person()
    page = olga.get("/maintenance").text
    csrf = form_token(page)
    answer = olga.post("/maintenance/1/cancel", data={"csrf": csrf})

    assert "planned in Zabbix, source zbx-acme" in page
    assert "/maintenance/1/cancel" not in page
    assert 409 == answer.status_code
    assert "it is planned in Zabbix (source zbx-acme): end it there" in answer.text
