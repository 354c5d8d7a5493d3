"""Which of the hosts that others describe become ours, under which names."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from watcher.decide.estate.words import address, aliases, few, owners, tidy, unfit
from watcher.model.catalogue import Customer, Host
from watcher.model.change import replace
from watcher.model.estate import Change, Described, FoundHost, Identity, Known, Line, Whose

_Key = tuple[str, str]
"""A customer, and a name in lower case."""


@dataclass(slots=True)
class Hosts:
    """What becomes of them: entries to write, whom each one found is, and what is said of it."""

    entries: list[Host] = field(default_factory=list)
    identities: dict[str, Identity] = field(default_factory=dict)
    lines: list[Line] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Named:
    """A host found, whose it is, and its name in our words."""

    found: FoundHost
    customer: str
    name: str

    @property
    def key(self) -> _Key:
        return self.customer, self.name.lower()

    @property
    def names(self) -> dict[str, str]:
        """All else by which it goes, as written, by what tells them apart."""
        named = {each.lower(): each for each in aliases(self.found)}
        named.pop(self.name.lower(), None)
        return named


def take(found: Iterable[FoundHost], known: Known, whose: Whose, who: str) -> Hosts:
    """Decides about each host; what is written by hand is left as it is."""
    taken = Hosts()
    customers = [each.thing for each in known.customers]
    named = list(_named(found, whose, customers, taken.lines))
    alone = _alone(named, who, taken.lines)
    by_hand = _by_alias(each for each in known.hosts if not each.own)
    old = {(each.thing.customer, each.thing.name): each.thing for each in known.hosts if each.own}
    contested = _contested(alone, by_hand, taken.lines)
    _say_of_tags(alone, taken.lines)
    for each in alone:
        described = by_hand.get(each.key)
        if described is None:
            host = _entry(each, contested, old.get((each.customer, each.name)))
            taken.entries.append(host)
            taken.identities[each.found.id] = Identity(host.customer, host.name)
        else:
            taken.identities[each.found.id] = Identity(each.customer, described.thing.name)
            taken.lines.extend(_untold(each, described, contested, who))
    taken.lines.extend(_differences(old, taken.entries, {each.key for each in named}, who))
    return taken


def _named(
    found: Iterable[FoundHost], whose: Whose, customers: Sequence[Customer], lines: list[Line]
) -> Iterator[_Named]:
    for each in sorted(found, key=lambda one: (one.name, one.id)):
        name = tidy(each.name)
        said = owners(each, whose, customers)
        customer = said[0] if said else whose.customer
        if why := unfit(name):
            lines.append(Line(customer, f"host {name[:40] or each.place}", Change.LEFT_OUT, why))
        elif len(said) > 1:
            why = f"it is said to be of {' and of '.join(said)}"
            lines.append(Line("", f"host {name}", Change.AMBIGUOUS, why))
        elif not customer:
            lines.append(Line("", f"host {name}", Change.LEFT_OUT, "nothing says whose it is"))
        else:
            yield _Named(each, customer, name)


def _alone(named: Iterable[_Named], who: str, lines: list[Line]) -> list[_Named]:
    """Those that share their name with no other."""
    by_key: dict[_Key, list[_Named]] = defaultdict(list)
    for each in named:
        by_key[each.key].append(each)
    for several in by_key.values():
        if len(several) > 1:
            first = several[0]
            places = few(each.found.place for each in several)
            why = f"{len(several)} hosts in {who} have this name ({places}): none is taken over"
            lines.append(Line(first.customer, f"host {first.name}", Change.AMBIGUOUS, why))
    return [several[0] for several in by_key.values() if len(several) == 1]


def _by_alias(described: Iterable[Described[Host]]) -> dict[_Key, Described[Host]]:
    return {
        (each.thing.customer, alias.lower()): each
        for each in described
        for alias in (*each.thing.aliases, each.thing.name)
    }


def _contested(
    named: Iterable[_Named], by_hand: Mapping[_Key, Described[Host]], lines: list[Line]
) -> set[_Key]:
    """The names by which several machines go: none may have one but as its very name."""
    holders: dict[_Key, set[str]] = defaultdict(set)
    spelled: dict[_Key, str] = {}
    for each in named:
        machine = by_hand.get(each.key)
        for lower, text in {each.key[1]: each.name, **each.names}.items():
            key = each.customer, lower
            spelled[key] = text
            holders[key].add(_holder(machine) if machine else each.name)
            if key in by_hand:
                holders[key].add(_holder(by_hand[key]))
    contested = {key for key, machines in holders.items() if len(machines) > 1}
    for key in contested:
        why = f"{' and '.join(sorted(holders[key]))} go by it: none gets it as an alias"
        lines.append(Line(key[0], f"name {spelled[key]}", Change.AMBIGUOUS, why))
    return contested


def _holder(described: Described[Host]) -> str:
    return f"{described.thing.name} ({described.place})"


def _say_of_tags(named: Iterable[_Named], lines: list[Line]) -> None:
    """Names the tags of which a host has several values: ours have one."""
    several: dict[_Key, list[_Named]] = defaultdict(list)
    for each in named:
        for tag, values in _values(each.found).items():
            if len(values) > 1:
                several[each.customer, tag].append(each)
    for (customer, tag), hosts in several.items():
        why = f"{few(each.name for each in hosts)}: several values, so none is taken over"
        lines.append(Line(customer, f"tag {tag}", Change.AMBIGUOUS, why))


def _values(found: FoundHost) -> dict[str, set[str]]:
    values: dict[str, set[str]] = defaultdict(set)
    for name, value in found.tags:
        if tidy(name):
            values[tidy(name)].add(tidy(value))
    return values


def _entry(named: _Named, contested: set[_Key], old: Host | None) -> Host:
    """What is written of a host; how one logs in to it is only ever said by people."""
    tags = {name: min(values) for name, values in _values(named.found).items() if len(values) == 1}
    if named.found.os:
        tags.setdefault("os", named.found.os)
    free = (text for key, text in named.names.items() if (named.customer, key) not in contested)
    host = Host(
        customer=named.customer,
        name=named.name,
        aliases=tuple(sorted(free)),
        address=address(named.found),
        tags=dict(sorted(tags.items())),
    )
    return replace(host, ssh=old.ssh, port=old.port) if old is not None else host


def _untold(
    named: _Named, described: Described[Host], contested: set[_Key], who: str
) -> Iterator[Line]:
    """What somebody else knows of a host that is described by hand, and we do not."""
    host = described.thing
    ours = {each.lower() for each in (*host.aliases, host.name, host.address or "")}
    missing = [
        text
        for key, text in named.names.items()
        if key not in ours and (named.customer, key) not in contested
    ]
    if missing:
        why = f"{described.place} describes it; {who} also calls it {few(missing)}"
        yield Line(named.customer, f"host {host.name}", Change.BY_HAND, why)


def _differences(
    old: Mapping[tuple[str, str], Host], new: Iterable[Host], seen: set[_Key], who: str
) -> Iterator[Line]:
    left = dict(old)
    for host in new:
        before = left.pop((host.customer, host.name), None)
        what = f"host {host.name}"
        if before is None:
            yield Line(host.customer, what, Change.NEW, _told(host))
        elif why := _changes(before, host):
            yield Line(host.customer, what, Change.CHANGED, why)
    for host in left.values():
        there = (host.customer, host.name.lower()) in seen
        why = "it is taken over no more, see below" if there else f"{who} has no such host any more"
        yield Line(host.customer, f"host {host.name}", Change.GONE, why)


def _told(host: Host) -> str:
    parts = [f"at {host.address}"] if host.address else []
    if others := [each for each in host.aliases if each != host.address]:
        parts.append(f"also called {few(others)}")
    if "os" in host.tags:
        parts.append(f"os {host.tags['os']}")
    return ", ".join(parts) or "nothing else is known of it"


def _changes(old: Host, new: Host) -> str:
    parts = []
    if old.address != new.address:
        parts.append(f"address {old.address or 'none'} -> {new.address or 'none'}")
    parts += [f"also called {each}" for each in sorted({*new.aliases} - {*old.aliases})]
    parts += [f"not called {each} any more" for each in sorted({*old.aliases} - {*new.aliases})]
    for name in sorted(old.tags.keys() | new.tags.keys()):
        before, after = old.tags.get(name), new.tags.get(name)
        if before != after:
            said = ("none" if each is None else each or '""' for each in (before, after))
            parts.append(f"tag {name} {' -> '.join(said)}")
    return ", ".join(parts)
