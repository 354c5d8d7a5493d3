"""Reads an estate from NetBox: active devices and virtual machines, and what runs on them."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

import orjson

from watcher.decide.estate.words import system
from watcher.kit.http import Door, HttpError, Limits, Reach, Response, peer_of
from watcher.kit.secrets import Secret
from watcher.model.estate import Estate, FoundHost, FoundService, Tag

_PAGE = 500
_MOST = 200_000
_LIMITS = Limits(read=60.0, total=120.0, size=64 * 1024 * 1024)
_KINDS = {"dcim.device": "device", "virtualization.virtualmachine": "virtual_machine"}


class NetBoxError(Exception):
    """NetBox could not be read; the message says why and what to do, no secrets."""


@dataclass(frozen=True, slots=True)
class NetBox:
    """The NetBox whose pages are at `url`."""

    url: str
    token: Secret
    ca_file: str = ""

    def estate(self, *, services: bool) -> Estate:
        """All that is active in it. Raises NetBoxError unless the answer is complete."""
        found = _Found()
        for kind, path in (
            ("device", "dcim/devices/"),
            ("virtual_machine", "virtualization/virtual-machines/"),
        ):
            for each in self._all(path, status="active", exclude="config_context"):
                found.take(kind, each)
        runs = tuple(_services(self._all("ipam/services/"), found)) if services else None
        return Estate("NetBox", tuple(found.hosts.values()), runs, found.notes())

    def _all(self, path: str, **query: str) -> Iterator[Mapping[str, Any]]:
        """Everything in a list, page by page: the server may give less than is asked for."""
        offset = 0
        while offset < _MOST:
            words = urlencode(query | {"limit": _PAGE, "offset": offset, "ordering": "id"})
            page = self._get(f"{path}?{words}")
            yield from page["results"]
            offset += len(page["results"])
            if not page["results"] or offset >= page["count"]:
                return
        raise NetBoxError(f"{self._peer}: more than {_MOST} entries below {path}")

    def _get(self, path: str) -> dict[str, Any]:
        # Tokens of the second version say so, and are shown in another way.
        text = self.token.reveal()
        scheme = "Bearer" if text.startswith("nbt_") else "Token"
        headers = {"Authorization": f"{scheme} {text}", "Accept": "application/json"}
        door = Door(Reach(private=True), _LIMITS, self.ca_file)
        try:
            answer = door.call("GET", f"{self.url.rstrip('/')}/api/{path}", headers=headers)
        except HttpError as error:
            raise NetBoxError(f"NetBox cannot be asked: {error}") from None
        return self._checked(answer)

    def _checked(self, answer: Response) -> dict[str, Any]:
        if answer.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
            raise NetBoxError(
                f"{self._peer}: NetBox refuses the token (HTTP {answer.status}); it must be valid "
                "and may view devices, virtual machines and services"
            )
        if answer.status != HTTPStatus.OK:
            raise NetBoxError(
                f"{self._peer}: HTTP {answer.status}; `--url` must be the address of NetBox's "
                "pages, below which /api/ is"
            )
        try:
            page = orjson.loads(answer.body) if answer.complete else None
        except orjson.JSONDecodeError:
            page = None
        if not isinstance(page, dict) or not isinstance(page.get("results"), list):
            raise NetBoxError(f"{self._peer}: the answer is not a whole list of NetBox's API")
        return page

    @property
    def _peer(self) -> str:
        return peer_of(self.url)


@dataclass(slots=True)
class _Found:
    """The hosts so far, by their ids."""

    hosts: dict[str, FoundHost] = field(default_factory=dict)
    nameless: int = 0

    def take(self, kind: str, given: Mapping[str, Any]) -> None:
        name = given.get("name") or ""
        if not name:
            self.nameless += 1
            return
        place = f"{kind.replace('_', ' ')} {given['id']}"
        parent = given.get("device") or {}
        self.hosts[f"{kind}:{given['id']}"] = FoundHost(
            id=f"{kind}:{given['id']}",
            name=name,
            place=place,
            addresses=tuple(_addresses(given)),
            said=_slug(given.get("tenant")),
            tags=tuple(_tags(given)),
            os=system([_slug(given.get("platform"))]),
            depends_on=(f"device:{parent['id']}",) if parent else (),
        )

    def notes(self) -> tuple[str, ...]:
        """What was left out."""
        if not self.nameless:
            return ()
        return (f"{self.nameless} devices or machines have no name and are left out",)


def _slug(given: Mapping[str, Any] | None) -> str:
    return str((given or {}).get("slug") or "")


def _addresses(given: Mapping[str, Any]) -> Iterator[str]:
    for key in ("primary_ip", "primary_ip4", "primary_ip6"):
        text = (given.get(key) or {}).get("address") or ""
        yield text.partition("/")[0]


def _tags(given: Mapping[str, Any]) -> Iterator[Tag]:
    for name, key in (("role", "role"), ("role", "device_role"), ("site", "site")):
        if value := _slug(given.get(key)):
            yield name, value
    if rated := _rated(given):
        yield "criticality", rated


def _rated(given: Mapping[str, Any]) -> str:
    """The custom field of that name; a choice is written with its label."""
    value = (given.get("custom_fields") or {}).get("criticality")
    if isinstance(value, Mapping):
        value = value.get("value")
    return "" if value is None else str(value)


def _services(runs: Iterator[Mapping[str, Any]], found: _Found) -> Iterator[FoundService]:
    """What runs under the same name on several hosts of a customer is one service."""
    named: dict[tuple[str, str], list[Mapping[str, Any]]] = defaultdict(list)
    for each in runs:
        host = found.hosts.get(_parent(each))
        if host is not None and each.get("name"):
            named[host.said, each["name"]].append(each)
    for (said, name), several in named.items():
        yield FoundService(
            id=f"{said}/{name}",
            name=name,
            place=_place(several),
            hosts=tuple(map(_parent, several)),
            said=said,
            tags=tuple(("criticality", rated) for rated in map(_rated, several) if rated),
        )


def _place(several: Sequence[Mapping[str, Any]]) -> str:
    return f"service {several[0]['id']}"


def _parent(given: Mapping[str, Any]) -> str:
    """The id of what it runs on, as older and newer versions say it."""
    for kind in _KINDS.values():
        if given.get(kind):
            return f"{kind}:{given[kind]['id']}"
    kind = _KINDS.get(str(given.get("parent_object_type")), "")
    return f"{kind}:{given.get('parent_object_id')}"
