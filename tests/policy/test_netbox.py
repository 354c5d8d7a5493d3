"""Reading an estate from NetBox, against a stand-in that is strict about how it is asked."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import orjson
import pytest

from watcher.kit.secrets import Secret
from watcher.model.estate import FoundHost, FoundService
from watcher.policy.estate.netbox import NetBox, NetBoxError

TOKEN = "0123456789abcdef0123456789abcdef01234567"
NEW_TOKEN = "nbt_4F9DAouzURLb.zjebxBPzICiPbWz0Wtx0fTL7bCKXKGTYhNzkgC2S"
QUERIES = {
    "dcim/devices/": {"status", "exclude", "limit", "offset", "ordering"},
    "virtualization/virtual-machines/": {"status", "exclude", "limit", "offset", "ordering"},
    "ipam/services/": {"limit", "offset", "ordering"},
}


@dataclass
class StandIn:
    """One NetBox: its lists by path, and the most it gives at once."""

    lists: dict[str, list[Mapping[str, Any]]] = field(default_factory=dict)
    page: int = 1000
    status: int = 200
    raw: bytes | None = None
    url: str = ""
    asked: list[str] = field(default_factory=list)

    def answer(self, target: str, headers: Mapping[str, str]) -> tuple[int, bytes]:
        parts = urlsplit(target)
        path, query = parts.path.removeprefix("/netbox/api/"), dict(parse_qsl(parts.query))
        self.asked.append(path)
        shown = headers.get("Authorization")
        if shown not in {f"Token {TOKEN}", f"Bearer {NEW_TOKEN}"}:
            return 403, b'{"detail": "Invalid token"}'
        if path not in QUERIES:
            return 404, b"<html>"
        if set(query) != QUERIES[path] or query["ordering"] != "id":
            return 400, orjson.dumps({"detail": f"strange: {query}"})
        if self.status != 200 or self.raw is not None:
            return self.status, self.raw or b""
        all_of_it = self.lists.get(path, [])
        start, limit = int(query["offset"]), min(int(query["limit"]), self.page)
        some = all_of_it[start : start + limit]
        following = "http://elsewhere/" if start + limit < len(all_of_it) else None
        page = {"count": len(all_of_it), "next": following, "previous": None, "results": some}
        return 200, orjson.dumps(page)


@contextmanager
def running(stand_in: StandIn) -> Iterator[StandIn]:
    """Answers on the loopback interface."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = stand_in.answer(self.path, dict(self.headers))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Nobody reads it."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        stand_in.url = f"http://127.0.0.1:{server.server_port}/netbox/"
        try:
            yield stand_in
        finally:
            server.shutdown()


@pytest.fixture
def netbox() -> Iterator[StandIn]:
    """An empty one."""
    with running(StandIn()) as stand_in:
        yield stand_in


def ask(netbox: StandIn, token: str = TOKEN) -> NetBox:
    """Who reads it."""
    return NetBox(netbox.url, Secret(token))


DEVICE = {
    "id": 5,
    "name": "hv01",
    "status": {"value": "active"},
    "tenant": {"id": 1, "name": "Acme Corporation", "slug": "acme"},
    "role": {"id": 1, "slug": "hypervisor"},
    "site": {"id": 1, "slug": "msk"},
    "platform": {"id": 2, "slug": "debian-12"},
    "primary_ip": {"id": 1, "address": "10.0.0.5/24"},
    "primary_ip4": {"id": 1, "address": "10.0.0.5/24"},
    "primary_ip6": {"id": 2, "address": "2001:db8::5/64"},
    "custom_fields": {"criticality": {"value": "4", "label": "Very"}},
}
MACHINE = {
    "id": 5,
    "name": "vm01",
    "tenant": None,
    "role": None,
    "device": {"id": 5, "name": "hv01"},
    "custom_fields": {},
}


def test_active_devices_and_machines_are_hosts(netbox: StandIn) -> None:
    """With what carries a machine; those without a name are counted."""
    netbox.lists = {
        "dcim/devices/": [DEVICE, {"id": 6, "name": None}],
        "virtualization/virtual-machines/": [MACHINE],
    }
    estate = ask(netbox).estate(services=False)

    assert (
        FoundHost(
            "device:5",
            "hv01",
            "device 5",
            addresses=("10.0.0.5", "10.0.0.5", "2001:db8::5"),
            said="acme",
            tags=(("role", "hypervisor"), ("site", "msk"), ("criticality", "4")),
            os="linux",
        ),
        FoundHost(
            "virtual_machine:5",
            "vm01",
            "virtual machine 5",
            addresses=("", "", ""),
            depends_on=("device:5",),
        ),
    ) == estate.hosts
    assert (None, ("1 devices or machines have no name and are left out",)) == (
        estate.services,
        estate.notes,
    )


def test_what_runs_under_one_name_is_one_service(netbox: StandIn) -> None:
    """As older versions say where it runs, and newer ones; not on what is not a host."""
    netbox.lists = {
        "dcim/devices/": [DEVICE],
        "virtualization/virtual-machines/": [MACHINE | {"tenant": DEVICE["tenant"]}],
        "ipam/services/": [
            {"id": 1, "name": "dns", "device": {"id": 5}, "virtual_machine": None},
            {
                "id": 2,
                "name": "dns",
                "parent_object_type": "virtualization.virtualmachine",
                "parent_object_id": 5,
                "custom_fields": {"criticality": 3},
            },
            {"id": 3, "name": "vip", "parent_object_type": "ipam.fhrpgroup", "parent_object_id": 5},
        ],
    }

    assert (
        FoundService(
            "acme/dns",
            "dns",
            "service 1",
            ("device:5", "virtual_machine:5"),
            said="acme",
            tags=(("criticality", "3"),),
        ),
    ) == ask(netbox).estate(services=True).services


def test_every_page_is_read_however_small(netbox: StandIn) -> None:
    """The address of the next one is not taken from the answer; a new kind of token is shown as
    such.
    """
    netbox.page = 2
    netbox.lists = {"dcim/devices/": [{"id": n, "name": f"d{n}"} for n in range(5)]}
    estate = ask(netbox, NEW_TOKEN).estate(services=False)

    assert [f"d{n}" for n in range(5)] == [each.name for each in estate.hosts]
    assert 3 == netbox.asked.count("dcim/devices/")


@pytest.mark.parametrize(
    ("changes", "token", "said"),
    [
        ({}, "wrong-token", r"refuses the token \(HTTP 403\)"),
        ({"status": 502}, TOKEN, r"HTTP 502; `--url` must be the address"),
        ({"raw": b"<html>"}, TOKEN, "not a whole list of NetBox's API"),
        ({"raw": b"[]"}, TOKEN, "not a whole list of NetBox's API"),
        ({"raw": b'{"results": ['}, TOKEN, "not a whole list of NetBox's API"),
        ({"url": "http://127.0.0.1:1/"}, TOKEN, "NetBox cannot be asked: 127.0.0.1:1"),
        ({"url": "ftp://x"}, TOKEN, "NetBox cannot be asked: the URL must begin with http"),
    ],
)
def test_what_cannot_be_read_says_why(
    netbox: StandIn, changes: dict[str, Any], token: str, said: str
) -> None:
    """And never the token."""
    for name, value in changes.items():
        setattr(netbox, name, value)

    with pytest.raises(NetBoxError, match=said) as caught:
        ask(netbox, token).estate(services=True)
    assert token not in str(caught.value)


def test_an_endless_list_ends(netbox: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    """With an error: half an estate would look as if the rest were gone."""
    monkeypatch.setattr("watcher.policy.estate.netbox._MOST", 3)
    netbox.page = 2
    netbox.lists = {"dcim/devices/": [{"id": n, "name": f"d{n}"} for n in range(9)]}

    with pytest.raises(NetBoxError, match="more than 3 entries"):
        ask(netbox).estate(services=False)
