"""The stable address of an event: `/go/<source>/<event>`."""

from datetime import datetime

import httpx
import pytest

from tests.web.seed import ACME, GLOBEX, NOW, ago
from tests.web.test_pages import text_of
from tests.web.world import PASSWORD, World
from watcher.decide.keys import moment_part, occurrence_key, recurrence_key
from watcher.model.alert import Alert, AlertStatus, Occurrence, Withheld
from watcher.model.event import Severity
from watcher.model.reason import Reason

HELD = Withheld("maintenance:7", Reason("maintenance", "the rack moves"), NOW, NOW)


def keep(
    world: World,
    incident: int | None,
    event: str = "90001",
    *,
    source: str = "zabbix",
    customer: str = ACME,
    trigger: str = "24117",
    at: datetime = NOW,
    withheld: Withheld | None = None,
) -> None:
    """A span of a condition, as the digest writes it."""
    key = recurrence_key(source, trigger, "10684")
    span, severity = occurrence_key(event), Severity.HIGH
    with world.store.begin() as tx:
        tx.save_alerts(
            [
                Alert(
                    customer, key, source, span, AlertStatus.FIRING, severity, "Disk full",
                    first_at=at, last_at=at, started_at=at, incident=incident, withheld=withheld,
                )
            ]
        )  # fmt: skip
        tx.save_occurrences(
            [
                Occurrence(
                    customer, key, span, severity, at, severity, at,
                    started_at=at, incident=incident, withheld=withheld,
                )
            ]
        )  # fmt: skip


def led_to(answer: httpx.Response) -> tuple[int, str | None]:
    """The status, and where it leads."""
    return answer.status_code, answer.headers.get("location")


@pytest.mark.parametrize("number", [8, 2])
def test_an_event_leads_to_its_incident(world: World, number: int) -> None:
    """To one that is open, and to one that is closed."""
    keep(world, number)

    assert (303, f"/incidents/{number}") == led_to(world.person().get("/go/zabbix/90001"))


def test_every_span_of_a_condition_leads_to_its_own_incident(world: World) -> None:
    """The older one to the older incident, though the alert is in another by now."""
    keep(world, 2, "90001", at=ago(60))
    keep(world, 8, "90002")
    olga = world.person()

    assert (303, "/incidents/2") == led_to(olga.get("/go/zabbix/90001"))
    assert (303, "/incidents/8") == led_to(olga.get("/go/zabbix/90002"))


def test_an_event_of_a_merged_incident_leads_to_where_it_is_now(world: World) -> None:
    """Its span moved with the others."""
    keep(world, 7)
    with world.store.begin() as tx:
        tx.merge(7, 8)

    assert (303, "/incidents/8") == led_to(world.person().get("/go/zabbix/90001"))


def test_what_is_not_known_yet_is_waited_for(world: World) -> None:
    """The page says so and looks again; then it leads on."""
    olga = world.person()

    page = olga.get("/go/zabbix/90001")
    keep(world, 8)

    assert 404 == page.status_code
    assert "Watcher has not heard of event 90001 of zabbix." in text_of(page)
    assert '<meta http-equiv="refresh" content="5">' in page.text
    assert (303, "/incidents/8") == led_to(olga.get("/go/zabbix/90001"))


@pytest.mark.parametrize(
    "path", ["/go/grafana/90001", "/go/nowhere/90001", "/go/zabbix/9000", "/go/zabbix/900010"]
)
def test_an_event_of_one_source_is_none_of_another(world: World, path: str) -> None:
    """Two systems count alike; and a source that is unknown has no events."""
    keep(world, 8)

    assert 404 == world.person().get(path).status_code


def test_a_stranger_sees_the_same_as_for_an_unknown_event(world: World) -> None:
    """Not a word tells that another customer has it."""
    keep(world, 8)
    keep(world, 8, "deadbeef", source="grafana", trigger="deadbeef")
    stranger = world.person(customer=GLOBEX)

    for path in ("/go/zabbix/90001", "/go/grafana/deadbeef"):
        known, unknown = stranger.get(path), stranger.get(f"{path}0")
        event = path.rsplit("/", 1)[1]
        assert 404 == known.status_code == unknown.status_code
        assert text_of(unknown).replace(f"{event}0", event) == text_of(known)


def test_a_fingerprint_leads_to_the_newest_span_of_its_condition(world: World) -> None:
    """Grafana and Alertmanager name conditions, not spans."""
    key, span = recurrence_key("grafana", "deadbeef"), occurrence_key("deadbeef", moment_part(NOW))
    high = Severity.HIGH
    with world.store.begin() as tx:
        firing = Alert(
            ACME, key, "grafana", span, AlertStatus.FIRING, high, "Slow", NOW, NOW, NOW, incident=8
        )
        tx.save_alerts([firing])
        tx.save_occurrences([Occurrence(ACME, key, span, high, NOW, high, NOW, NOW, incident=8)])

    for somebody in (world.person(), world.person(customer=ACME, name="anna")):
        assert (303, "/incidents/8") == led_to(somebody.get("/go/grafana/deadbeef"))


def test_what_is_held_back_says_why(world: World) -> None:
    """It is known, but has no incident to lead to."""
    keep(world, None, withheld=HELD)

    page = world.person().get("/go/zabbix/90001")

    assert 200 == page.status_code
    assert "belongs to no incident: it is held back, the rack moves." in text_of(page)
    keep(world, None)
    assert "is known, but belongs to no incident." in text_of(
        world.person().get("/go/zabbix/90001")
    )


def test_whoever_logs_in_first_is_led_back(world: World) -> None:
    """The address survives the login form."""
    keep(world, 8)
    world.person(name="olga")
    browser = world.client(Origin=world.public_url)

    asked = browser.get("/go/zabbix/90001")
    form = {"name": "olga", "password": PASSWORD, "next": "/go/zabbix/90001"}

    assert (303, "/login?next=/go/zabbix/90001") == led_to(asked)
    assert (303, "/go/zabbix/90001") == led_to(browser.post("/login", data=form))
