"""Streams of normalised events as lines of JSON, and the rules under which tests decide on them."""

import random
from dataclasses import replace
from datetime import timedelta
from typing import Any

import orjson
from hypothesis import strategies as st

from tests.decide.given import POLICY, T0
from watcher.engine.rulebook import Rulebook
from watcher.model.catalogue import Catalogue, Host, Service, SshProfile
from watcher.model.policy import Channel, RunbookMatch, RunbookTrigger

SHOP = Service("default", "shop", 3, hosts=("web01", "web02"), depends_on=("billing",))
BILLING = Service("default", "billing", 4, hosts=("db01",))
HOSTS = {
    "db01": Host("default", "db01", ("10.0.0.5:9100",), "192.0.2.1", 22, "lab", {"os": "linux"}),
    "web01": Host("default", "web01"),
    "web02": Host("default", "web02"),
}
CATALOGUE = Catalogue(
    services={("default", "shop"): SHOP, ("default", "billing"): BILLING},
    by_alias={
        ("default", name): host for host in HOSTS.values() for name in (host.name, *host.aliases)
    },
    by_host={
        ("default", "db01"): (BILLING,),
        ("default", "web01"): (SHOP,),
        ("default", "web02"): (SHOP,),
    },
    profiles={"lab": SshProfile("lab", "watcher", "/key", "/known_hosts")},
)
RULEBOOK = Rulebook(
    replace(
        POLICY,
        channels=(Channel("night", "webhook"),),
        runbooks=(RunbookTrigger("linux", (RunbookMatch(host_tags={"os": ("linux",)}),)),),
    ),
    CATALOGUE,
)
SEVERITIES = ("information", "warning", "average", "high", "disaster")
Line = dict[str, Any]


def line(seconds: float, kind: str = "firing", late: float = 0, **fields: Any) -> Line:
    """One event of an alert of db01, which happened then and was heard of `late` seconds later."""
    at = T0 + timedelta(seconds=seconds)
    given: Line = {
        "at": at.isoformat(),
        "source": "gen",
        "kind": kind,
        "key": "cpu",
        "occurrence": "o1",
        "name": "CPU is high",
        "severity": "average",
        "host": "db01",
        "service": None,
        "labels": {"env": "prod"},
        "received_at": (at + timedelta(seconds=late)).isoformat(),
    }
    return {**given, **fields}


def story(seed: int, conditions: int = 9, late: int = 90) -> list[Line]:
    """A busy hour: conditions of three hosts that come, get worse, end and come back, some of the
    news late, in order of arrival.
    """
    dice = random.Random(seed)
    lines = []
    for number in range(conditions):
        host = dice.choice(["db01", "10.0.0.5:9100", "web01", "web02", "unknown7", None])
        clock = dice.uniform(0, 2400)
        for span in range(dice.randint(1, 3)):
            same = {"key": f"k{number}", "occurrence": f"{number}.{span}", "host": host}
            began = (T0 + timedelta(seconds=clock)).isoformat()
            for kind in ("firing", "update", "resolved")[: dice.randint(1, 3)]:
                news = {"severity": dice.choice(SEVERITIES), "started_at": began}
                lines.append(line(clock, kind, dice.choice([0, 0, 0, late]), **same, **news))
                clock += dice.uniform(1, 400)
            clock += dice.uniform(1, 500)
    return in_order_of_arrival(lines)


def rush(seed: int, conditions: int) -> list[Line]:
    """A story of minutes, with so many different alerts at few places that they are storms."""
    dice = random.Random(seed)
    lines, wide = [], dice.choice([200, 600, 1200])
    known = ["db01", "10.0.0.5:9100", "web01", "web02", "unknown7", None, "h1", "h2", "h3"]
    hosts = dice.sample(known, dice.randint(1, 6))
    for number in range(conditions):
        host, clock = dice.choice(hosts), dice.uniform(0, wide)
        for span in range(dice.randint(1, 3)):
            same = {
                "key": f"k{number}",
                "occurrence": f"{number}.{span}",
                "host": host,
                "name": f"n{number % dice.choice([3, 30])}",
                "labels": {"env": "prod", "site": dice.choice("ab"), "datacenter": "x"},
            }
            began = (T0 + timedelta(seconds=clock)).isoformat()
            for kind in ("firing", "update", "resolved")[: dice.randint(1, 3)]:
                news = {"severity": dice.choice(SEVERITIES), "started_at": began}
                lines.append(line(clock, kind, dice.choice([0, 0, 0, 90, 30]), **same, **news))
                clock += dice.uniform(1, 60)
            clock += dice.uniform(1, 100)
    return in_order_of_arrival(lines)


def in_order_of_arrival(lines: list[Line]) -> list[Line]:
    """The same, as Watcher hears of it."""
    return sorted(lines, key=lambda each: (each["received_at"], each["key"]))


def ndjson(lines: list[Line]) -> list[bytes]:
    """The lines of a file."""
    return [orjson.dumps(each) + b"\n" for each in lines]


def received(lines: list[Line]) -> list[Line]:
    """The lines with the keys that they have after they came through the hooks."""
    return [
        {**each, "key": f"v1:gen:{each['key']}", "occurrence": f"v1:{each['occurrence']}"}
        for each in lines
    ]


stories = st.builds(story, st.integers(0, 1_000_000), st.integers(1, 9), st.just(90))
