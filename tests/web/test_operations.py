"""What machines ask about Watcher itself, and what every answer carries."""

from datetime import timedelta
from pathlib import Path

import pytest
from anyio.from_thread import BlockingPortal

from tests.web.seed import NOW
from tests.web.world import World
from watcher.engine.digest import LEASE
from watcher.model.person import Role
from watcher.model.source import Asked, Drift, Heard
from watcher.store.store import Store


def test_it_says_that_the_store_is_away(tmp_path: Path, portal: BlockingPortal) -> None:
    """In words of its own: anybody may ask, and the database's would tell too much."""
    store = Store.open(f"sqlite:///{tmp_path}/gone/watcher.db")
    (tmp_path / "gone").rename(tmp_path / "elsewhere")
    world = World(store, portal)

    ready = world.client().get("/readyz")
    unwell = {"ready": False, "checks": {"store": {"ok": False, "text": "does not answer"}}}
    assert (503, unwell) == (ready.status_code, ready.json())
    answer = world.client(Authorization="Bearer x").get("/api/v1/incidents")
    assert {"error": "the database does not answer; try again in a moment"} == answer.json()
    assert (503, "5") == (answer.status_code, answer.headers["retry-after"])


def test_it_is_ready_when_a_worker_is_at_work(world: World) -> None:
    """Before the first worker, and when the last has gone, it says so in words."""
    before = world.client().get("/readyz")
    with world.store.begin() as tx:
        tx.lease(LEASE, "worker", NOW, timedelta(seconds=15))
    working = world.client().get("/readyz")
    world.clock.forward(seconds=20)
    gone = world.client().get("/readyz")

    assert [503, 200, 503] == [each.status_code for each in (before, working, gone)]
    assert [
        "was never seen",
        "is at work",
        "has not been seen for more than 5 s",
    ] == [each.json()["checks"]["worker"]["text"] for each in (before, working, gone)]


def test_it_is_not_ready_with_an_old_schema(tmp_path: Path, portal: BlockingPortal) -> None:
    """Until somebody upgrades the database."""
    store = Store.open(f"sqlite:///{tmp_path}/watcher.db")
    checks = World(store, portal).client().get("/readyz").json()["checks"]
    store.close()

    assert (True, False) == (checks["store"]["ok"], checks["schema"]["ok"])
    assert checks["schema"]["text"].startswith("empty; needed: ")


def test_metrics_tell_what_is_known_of_sources(world: World) -> None:
    """Who spoke when, who answered when, and how much they had not told, ever."""
    now = world.clock.now()
    with world.store.begin() as tx:
        tx.save_heard("zabbix", Heard(now - timedelta(seconds=5)))
        tx.save_asked("zabbix", Asked(at=now, complete_at=now - timedelta(seconds=60)))
        tx.save_asked("grafana", Asked(at=now, trouble="token"))
        tx.add_drift("zabbix", now - timedelta(days=3), {Drift.OPENING: 2})
        tx.add_drift("zabbix", now, {Drift.OPENING: 3, Drift.UPDATE: 1})
    program = world.program(Role.VIEWER)
    lines = set(program.get("/metrics").text.splitlines())

    stamp = 'watcher_source_last_{}_timestamp_seconds{{source="zabbix"}}'
    found = dict(line.rsplit(" ", 1) for line in lines if "_timestamp_" in line and "#" not in line)
    assert now.timestamp() - 5 == float(found[stamp.format("delivery")])
    assert now.timestamp() - 60 == float(found[stamp.format("reconciliation")])
    assert {
        'watcher_source_lag_seconds{source="zabbix"} 60.0',
        'watcher_source_up{source="zabbix"} 1.0',
        'watcher_source_up{source="grafana"} 0.0',
        'watcher_source_drift_total{kind="opening",source="zabbix"} 5.0',
        'watcher_source_drift_total{kind="update",source="zabbix"} 1.0',
    } <= lines


def test_metrics_tell_of_the_store_and_of_requests(world: World) -> None:
    """All names begin with watcher_; requests are counted by route, not by address."""
    world.person().get("/incidents/8")
    world.client().get("/no/such/page")
    program = world.program(Role.VIEWER)
    answer = program.get("/metrics")
    lines = answer.text.splitlines()

    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    for line in [
        'watcher_incidents{status="open"} 4.0',
        'watcher_actions{status="gave_up"} 1.0',
        "watcher_deliveries_dead 1.0",
        "watcher_deliveries_pending 0.0",
        'watcher_http_requests_total{method="GET",route="/incidents/{number}",status="200"} 1.0',
        'watcher_http_requests_total{method="GET",route="other",status="404"} 1.0',
        'watcher_logins_total{outcome="accepted"} 1.0',
    ]:
        assert line in lines
    assert {"watcher"} == {line.split("_")[0] for line in lines if not line.startswith("#")}


@pytest.mark.parametrize("path", ["/login", "/incidents", "/api/v1/incidents", "/readyz", "/nope"])
def test_every_answer_keeps_the_browser_safe(world: World, path: str) -> None:
    """No foreign scripts, no frames, no guessing of types, no traces in caches."""
    headers = world.client().get(path).headers

    assert "script-src 'self';" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert "nosniff" == headers["x-content-type-options"]
    assert "same-origin" == headers["referrer-policy"]
    assert "no-store" == headers["cache-control"]


def test_static_files_may_be_kept(world: World) -> None:
    """Their addresses change with them."""
    page = world.client().get("/login").text
    address = page.split('rel="stylesheet" href="')[1].split('"')[0]
    answer = world.client().get(address)

    assert address.startswith("/static/watcher.css?v=")
    assert (200, "public, max-age=31536000, immutable") == (
        answer.status_code,
        answer.headers["cache-control"],
    )


def test_a_large_body_is_refused(world: World) -> None:
    """Whether its length is stated or not."""
    text = "x" * 300_000
    program = world.program()
    stated = program.post("/api/v1/incidents/8/notes", json={"text": text})
    streamed = program.post(
        "/api/v1/incidents/8/notes",
        content=iter([b'{"text": "', text.encode(), b'"}']),
        headers={"Content-Type": "application/json"},
    )
    strange = program.get("/api/v1/incidents", headers={"Content-Length": "-1"})

    assert [413, 413, 413] == [each.status_code for each in (stated, streamed, strange)]
    assert {"error": "a request may have 256 KiB at most"} == stated.json()


def test_a_mistake_of_ours_is_not_told_in_detail(world: World) -> None:
    """The answer is plain, the details are for the log."""

    @world.app.get("/api/v1/broken")
    def broken() -> None:
        raise RuntimeError("secret details")

    answer = world.client().get("/api/v1/broken")

    assert 500 == answer.status_code
    assert {"error": "Watcher made a mistake; its log says more"} == answer.json()
    assert "nosniff" == answer.headers["x-content-type-options"]


def test_the_api_describes_itself_to_those_who_may_use_it(world: World) -> None:
    """As an OpenAPI document with the lists, and without the pages."""
    document = world.program(Role.VIEWER).get("/api/v1/openapi.json").json()

    assert document["openapi"].startswith("3.1")
    assert "/api/v1/incidents/{id}/acknowledge" in document["paths"]
    assert "/incidents" not in document["paths"]


def test_liveness_is_described_though_it_is_answered_in_front(world: World) -> None:
    """What asks for it needs no word of this application, which perhaps cannot be loaded."""
    paths = world.program(Role.VIEWER).get("/api/v1/openapi.json").json()["paths"]
    answer = paths["/healthz"]["get"]["responses"]["200"]["content"]["application/json"]

    assert {"const": "alive"} == answer["schema"]["properties"]["status"]
    assert 404 == world.client().get("/healthz").status_code


def test_every_route_and_metric_is_described(world: World) -> None:
    """In the reference for people, too."""
    reference = Path(__file__).parents[2] / "docs" / "reference"
    api, metrics = (reference / name for name in ("api.md", "metrics.md"))
    routes = world.program().get("/api/v1/openapi.json").json()["paths"]
    names = {each.name for each in world.metrics.registry.collect() if "_process_" not in each.name}

    assert [] == [path for path in routes if path not in api.read_text()]
    assert [] == sorted(name for name in names if name not in metrics.read_text())
