"""Which of the services that others describe become ours, on which hosts and for what needs."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from watcher.decide.estate.words import criticality, few, owners, tidy, unfit
from watcher.model.catalogue import Customer, Service
from watcher.model.change import replace
from watcher.model.estate import (
    Change,
    Described,
    FoundHost,
    FoundService,
    Identities,
    Known,
    Line,
    Whose,
)

_Key = tuple[str, str]
"""A customer and a name."""


@dataclass(slots=True)
class Services:
    """What becomes of them: entries to write, and what is said of it."""

    entries: list[Service] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Named:
    """A service found, whose it is, and its name in our words."""

    found: FoundService
    customer: str
    name: str

    @property
    def key(self) -> _Key:
        return self.customer, self.name


@dataclass(frozen=True, slots=True)
class Ground:
    """What it is decided on: whom ids mean, what stands in our files, and how much those services
    matter of which nobody says it (None: that is left to people).
    """

    identities: Identities
    known: Known
    whose: Whose
    who: str
    rated: int | None


def carriers(hosts: Iterable[FoundHost]) -> Iterator[FoundService]:
    """The devices without which others cannot be reached, each as a service that carries them."""
    known = {each.id: each for each in hosts}
    carried: dict[str, list[str]] = defaultdict(list)
    for each in known.values():
        for needed in each.depends_on:
            if needed in known and needed != each.id:
                carried[needed].append(each.id)
    for device, others in carried.items():
        host = known[device]
        yield FoundService(
            id=f"host:{device}",
            name=host.name,
            place=f"what depends on {host.name}",
            hosts=(device, *others),
            said=host.said,
            tags=host.tags,
        )


def take(found: Sequence[FoundService], ground: Ground) -> Services:
    """Decides about each service; what is written by hand is left as it is."""
    taken = Services()
    seen = list(_named(found, ground, taken.lines))
    named = _alone(seen, taken.lines)
    described = ground.known.services
    by_hand = {_key(each.thing): each for each in described if not each.own}
    old = {_key(each.thing): each.thing for each in described if each.own}
    keys = {each.found.id: each.key for each in named}
    wanted = []
    for each in named:
        service = _entry(each, keys, ground, old.get(each.key))
        taken.lines.extend(_strangers(each, ground.identities))
        if each.key in by_hand:
            taken.lines.extend(_untold(service, by_hand[each.key], ground.who))
        elif service.criticality:
            wanted.append(service)
        else:
            taken.lines.append(_unrated(service))
    there = {*by_hand, *map(_key, wanted)}
    for service in wanted:
        needs = tuple(name for name in service.depends_on if (service.customer, name) in there)
        taken.entries.append(replace(service, depends_on=needs))
    still = {each.key for each in seen}
    taken.lines.extend(_differences(old, taken.entries, still, ground.who))
    return taken


def _key(service: Service) -> _Key:
    return service.customer, service.name


def _named(found: Sequence[FoundService], ground: Ground, lines: list[Line]) -> Iterator[_Named]:
    customers = [each.thing for each in ground.known.customers]
    whose = _customers(found, customers, ground)
    for each in sorted(found, key=lambda one: (one.name, one.id)):
        name = tidy(each.name)
        of = whose[each.id]
        if why := unfit(name):
            lines.append(Line("", f"service {name[:40] or each.place}", Change.LEFT_OUT, why))
        elif len(of) > 1:
            why = f"it would be of {' and of '.join(sorted(of))}, who are strangers"
            lines.append(Line("", f"service {name}", Change.AMBIGUOUS, why))
        elif not of:
            lines.append(Line("", f"service {name}", Change.LEFT_OUT, "nothing says whose it is"))
        else:
            yield _Named(each, min(of), name)


def _customers(
    found: Iterable[FoundService], customers: Sequence[Customer], ground: Ground
) -> dict[str, set[str]]:
    """Whose each is: as it says itself, else as its hosts are, else as what it needs is."""
    whose: dict[str, set[str]] = {}
    left = []
    for each in found:
        hosts = {
            ground.identities[host].customer for host in each.hosts if host in ground.identities
        }
        whose[each.id] = set(owners(each, ground.whose, customers)) or hosts
        if not whose[each.id]:
            left.append(each)
    for _ in left:
        for each in left:
            needed = (whose.get(one, set()) for one in each.depends_on)
            whose[each.id] = set().union(*needed)
    for each in left:
        if not whose[each.id] and ground.whose.customer:
            whose[each.id] = {ground.whose.customer}
    return whose


def _alone(named: Sequence[_Named], lines: list[Line]) -> list[_Named]:
    """Those that share their name with no other of their customer."""
    by_key: dict[_Key, list[_Named]] = defaultdict(list)
    for each in named:
        by_key[each.key].append(each)
    for (customer, name), several in by_key.items():
        if len(several) > 1:
            places = few(each.found.place for each in several)
            why = f"{len(several)} services have this name ({places}): none is taken over"
            lines.append(Line(customer, f"service {name}", Change.AMBIGUOUS, why))
    return [several[0] for several in by_key.values() if len(several) == 1]


def _entry(named: _Named, keys: Mapping[str, _Key], ground: Ground, old: Service | None) -> Service:
    """What would be written; a criticality of 0 stands for none. What people said of an entry of
    ours is kept: how critical it is where nobody else says so, its title, owners, customers,
    hours and SLA.
    """
    machines = (ground.identities.get(host) for host in named.found.hosts)
    hosts = {each.name for each in machines if each and each.customer == named.customer}
    needs = (keys.get(one) for one in named.found.depends_on)
    said = named.found.criticality or criticality(named.found.tags)
    kept = old or Service(named.customer, named.name, 0)
    return replace(
        kept,
        criticality=said or kept.criticality or ground.rated or 0,
        hosts=tuple(sorted(hosts)),
        depends_on=tuple(sorted({key[1] for key in needs if key and key[0] == named.customer})),
    )


def _strangers(named: _Named, identities: Identities) -> Iterator[Line]:
    machines = (identities.get(host) for host in named.found.hosts)
    others = [each.name for each in machines if each and each.customer != named.customer]
    if others:
        why = f"{few(others)} under it are another customer's: they are not taken over into it"
        yield Line(named.customer, f"service {named.name}", Change.AMBIGUOUS, why)


def _unrated(service: Service) -> Line:
    return Line(service.customer, f"service {service.name}", Change.UNRATED, _told(service))


def _untold(service: Service, described: Described[Service], who: str) -> Iterator[Line]:
    """What somebody else knows of a service that is described by hand, and we do not."""
    ours = described.thing
    lower = {each.lower() for each in ours.hosts}
    hosts = [each for each in service.hosts if each.lower() not in lower]
    needs = sorted({*service.depends_on} - {*ours.depends_on})
    parts = [f"on {few(hosts)}"] if hosts else []
    parts += [f"depending on {few(needs)}"] if needs else []
    if parts:
        why = f"{described.place} describes it; {who} also has it {' and '.join(parts)}"
        yield Line(ours.customer, f"service {ours.name}", Change.BY_HAND, why)


def _differences(
    old: Mapping[_Key, Service], new: Iterable[Service], seen: set[_Key], who: str
) -> Iterator[Line]:
    left = dict(old)
    for service in new:
        before = left.pop(_key(service), None)
        what = f"service {service.name}"
        if before is None:
            why = f"criticality {service.criticality}, {_told(service)}"
            yield Line(service.customer, what, Change.NEW, why)
        elif why := _changes(before, service):
            yield Line(service.customer, what, Change.CHANGED, why)
    for key, service in left.items():
        why = "it is taken over no more, see below" if key in seen else f"{who} has it no more"
        yield Line(service.customer, f"service {service.name}", Change.GONE, why)


def _told(service: Service) -> str:
    parts = [f"on {few(service.hosts)}" if service.hosts else "on no host of its own"]
    if service.depends_on:
        parts.append(f"depends on {few(service.depends_on)}")
    return ", ".join(parts)


def _changes(old: Service, new: Service) -> str:
    parts = []
    if old.criticality != new.criticality:
        parts.append(f"criticality {old.criticality} -> {new.criticality}")
    for before, after, words in (
        (old.hosts, new.hosts, ("on", "not on")),
        (old.depends_on, new.depends_on, ("depends on", "does not depend on")),
    ):
        more, less = {*after} - {*before}, {*before} - {*after}
        parts += [f"{words[0]} {few(more)}"] if more else []
        parts += [f"{words[1]} {few(less)} any more"] if less else []
    return ", ".join(parts)
