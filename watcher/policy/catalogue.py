"""Reads the catalogue: customers, their services, what those run on and depend on."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import Field

from watcher.model.catalogue import Calendar, Catalogue, Customer, Host, Service, Sla, SshProfile
from watcher.policy.calendars import CalendarEntry
from watcher.policy.customers import check_customers
from watcher.policy.inventory import load_inventory
from watcher.policy.logins import Logins
from watcher.policy.problems import Place, Problems, entries, named, parts, read
from watcher.policy.slas import SlaEntry, read_slas
from watcher.policy.suggest import did_you_mean
from watcher.policy.values import Name, Names, Strict
from watcher.policy.yamlfile import Document

DEFAULT = "default"

_MOST_CIRCLES = 10
_NOUNS = {"calendar": "calendar", "sla": "SLA"}

Found = tuple[Place, Service]


class CustomerEntry(Strict):
    """Whose services these are."""

    name: Name
    title: str = ""
    calendar: Name | None = None
    sla: Name | None = None


class ServiceEntry(Strict):
    """One service; a device that carries others is a service whose hosts are what it carries."""

    name: Name
    customer: Name = DEFAULT
    title: str = ""
    criticality: Annotated[int, Field(ge=1, le=4)]
    hosts: Names = ()
    depends_on: Names = ()
    owners: Names = ()
    used_by: Names = ()
    calendar: Name | None = None
    sla: Name | None = None


class CatalogueFile(Strict):
    """What a catalogue file may hold."""

    customers: tuple[CustomerEntry, ...] = ()
    services: tuple[ServiceEntry, ...] = ()
    calendars: tuple[CalendarEntry, ...] = ()
    slas: tuple[SlaEntry, ...] = ()


@dataclass(frozen=True, slots=True)
class _Terms:
    """What customers and services refer to by name."""

    calendars: Mapping[str, Calendar]
    slas: Mapping[str, Sla]

    def of(self, entry: CustomerEntry | ServiceEntry) -> dict[str, Any]:
        """What it says, with what its names stand for."""
        return entry.model_dump() | {
            "calendar": self.calendars.get(entry.calendar or ""),
            "sla": self.slas.get(entry.sla or ""),
        }


def load_catalogue(
    catalogues: Sequence[Path],
    inventories: Sequence[Path],
    problems: Problems,
    *logins: Logins,
) -> Catalogue:
    """Everything named in these files; what is wrong is noted, the rest is usable.

    SSH profiles stand in the inventories, or wherever `logins` says.
    """
    files = _read_all(catalogues, problems)
    customers, services = _described(files, problems)
    for place, message in _dangling(files, services):
        problems.error(place, message)
    _warn_of_circles(services, problems)
    inventory = load_inventory(inventories, customers, problems, *logins)
    return _assemble(customers, services.values(), inventory.by_alias, inventory.profiles)


def load_topology(path: Path, problems: Problems) -> Catalogue:
    """The services of one file for an offline replay.

    A topology may depend on devices that it does not describe, so that is only a warning.
    """
    files = _read_all([path], problems)
    customers, services = _described(files, problems)
    for place, message in _dangling(files, services):
        problems.warn(place, message)
    return _assemble(customers, services.values(), {}, {})


def _read_all(paths: Sequence[Path], problems: Problems) -> list[Document]:
    documents = (read(path, CatalogueFile, problems) for path in paths)
    return [document for document in documents if document]


def _described(
    files: Sequence[Document], problems: Problems
) -> tuple[dict[str, Customer], dict[tuple[str, str], Found]]:
    calendars = _calendars(files, problems)
    terms = _Terms(calendars, read_slas(files, calendars, problems))
    for document in files:
        for key in ("customers", "services", "slas"):
            _check_names(document, key, "calendar", terms.calendars, problems)
            _check_names(document, key, "sla", terms.slas, problems)
    customers = _customers(files, terms, problems)
    return customers, _services(files, customers, terms, problems)


def _calendars(files: Sequence[Document], problems: Problems) -> dict[str, Calendar]:
    """The calendars by name; those that are unsound count as being there, at no hours."""
    calendars: dict[str, Calendar] = {}
    for document in files:
        for place, entry in entries(document, "calendars", CalendarEntry):
            if entry.name in calendars:
                problems.error(place, f"calendar {entry.name!r} is described twice")
            calendars[entry.name] = entry.calendar(entry.name)
    for document in files:
        for name in named(document, "calendars"):
            calendars.setdefault(name, Calendar(name, ZoneInfo("UTC"), {}))
    return calendars


def _check_names(
    document: Document, key: str, field: str, known: Collection[str], problems: Problems
) -> None:
    for place, entry in parts(document, key):
        name = entry.get(field) if isinstance(entry, dict) else None
        if name is not None and str(name) not in known:
            hint = did_you_mean(str(name), known)
            problems.error(place / field, f"there is no {_NOUNS[field]} {str(name)!r}{hint}")


def _customers(files: Sequence[Document], terms: _Terms, problems: Problems) -> dict[str, Customer]:
    customers: dict[str, Customer] = {}
    for document in files:
        for place, entry in entries(document, "customers", CustomerEntry):
            if entry.name in customers:
                problems.error(place, f"customer {entry.name!r} is described twice")
            customers[entry.name] = Customer(**terms.of(entry))
        for name in named(document, "customers"):
            customers.setdefault(name, Customer(name))
    customers.setdefault(DEFAULT, Customer(DEFAULT))
    return customers


def _services(
    files: Sequence[Document],
    customers: Mapping[str, Customer],
    terms: _Terms,
    problems: Problems,
) -> dict[tuple[str, str], Found]:
    services: dict[tuple[str, str], Found] = {}
    for document in files:
        check_customers(document, "services", customers, problems)
        for place, entry in entries(document, "services", ServiceEntry):
            key = (entry.customer, entry.name)
            if key in services:
                first = services[key][0]
                problems.error(place, f"service {entry.name!r} is described twice (see {first})")
            services[key] = (place, Service(**terms.of(entry)))
    return services


def _dangling(
    files: Sequence[Document], services: Mapping[tuple[str, str], Found]
) -> Iterator[tuple[Place, str]]:
    """Every dependency on a service that no file names, not even in an entry that is unsound."""
    own: dict[str, set[str]] = defaultdict(set)
    for customer, name in services:
        own[customer].add(name)
    unsound = {name for document in files for name in named(document, "services")}
    unsound -= {name for _, name in services}
    for place, service in services.values():
        for index, name in enumerate(service.depends_on):
            if name not in own[service.customer] | unsound:
                hint = did_you_mean(name, own[service.customer])
                yield (
                    place / "depends_on" / index,
                    f"{service.name!r} depends on {name!r}, which is no service{hint}",
                )


def _warn_of_circles(services: Mapping[tuple[str, str], Found], problems: Problems) -> None:
    """Names one way round for the first circles; a service that depends on itself is none."""
    graph = {
        key: {(key[0], name) for name in service.depends_on if name != key[1]}
        for key, (_, service) in services.items()
    }
    for _ in range(_MOST_CIRCLES):
        circle = _circle(graph)
        if not circle:
            return
        graph[circle[1]].discard(circle[0])
        way = " -> ".join(name for _, name in reversed(circle))
        place, _ = services[circle[1]]
        problems.warn(place, f"these services depend on each other in a circle: {way}")


def _circle(graph: Mapping[tuple[str, str], set[tuple[str, str]]]) -> list[tuple[str, str]]:
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        circle: list[tuple[str, str]] = error.args[1]
        return circle
    return []


def _assemble(
    customers: Mapping[str, Customer],
    found: Iterable[Found],
    by_alias: Mapping[tuple[str, str], Host],
    profiles: Mapping[str, SshProfile],
) -> Catalogue:
    """The catalogue with its look-ups; the hosts of a service go by their identity, if known."""
    services: dict[tuple[str, str], Service] = {}
    by_host: dict[tuple[str, str], list[Service]] = defaultdict(list)
    for _, described in found:
        customer = described.customer
        known = {name: by_alias.get((customer, name.lower())) for name in described.hosts}
        hosts = dict.fromkeys(host.name if host else name for name, host in known.items())
        service = replace(described, hosts=tuple(hosts))
        services[customer, service.name] = service
        for name in hosts:
            by_host[customer, name].append(service)
    return Catalogue(
        customers=customers,
        services=services,
        by_alias=by_alias,
        by_host={key: tuple(sorted(on_it, key=_weight)) for key, on_it in by_host.items()},
        profiles=profiles,
    )


def _weight(service: Service) -> tuple[int, int, str]:
    """Most critical first, then the one with the fewest hosts: it says most about this one."""
    return -service.criticality, len(service.hosts), service.name
