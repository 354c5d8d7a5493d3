"""The same night looks the same from both stores."""

import re

import pytest
from anyio.from_thread import BlockingPortal

from tests.stores import store, store_url
from tests.web.seed import seed
from tests.web.world import World
from watcher.store.store import Store

__all__ = ["store", "store_url"]

PATHS = [
    "/incidents",
    "/incidents?status=open&priority=P1&customer=acme&q=no+space",
    "/incidents?q=team%3Dpayments",
    "/incidents/8",
    "/alerts?match=team%3D~%22pay.*%22",
    "/deliveries?match=status%3Ddead",
    "/actions?match=status!%3Ddone",
    "/api/v1/incidents/8",
    "/api/v1/incidents?match=host=~db.*&total=true",
    "/api/v1/alerts?match=status=firing&total=true",
    "/metrics",
]


@pytest.fixture
def night(store: Store, portal: BlockingPortal) -> World:
    """The site over a store of each kind in turn."""
    seed(store)
    return World(store, portal)


def test_every_page_answers(night: World) -> None:
    """Reading and writing, by people and programs."""
    olga, program = night.person(), night.program()

    for path in PATHS:
        client = olga if not path.startswith(("/api", "/metrics")) else program
        assert 200 == client.get(path).status_code, path
    assert [8] == [int(found) for found in re.findall(r"incident-(\d+)", olga.get(PATHS[1]).text)]
    for verb in ("acknowledge", "resolve", "close", "reopen"):
        assert 200 == program.post(f"/api/v1/incidents/8/{verb}").status_code
    report = {"title": "Slow", "customer": "acme"}
    assert 9 == program.post("/api/v1/incidents", json=report).json()["number"]
