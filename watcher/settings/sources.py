"""Reads the sources: who posts alerts, for which customer, and what proves it."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_address

from watcher.kit.plugins import adapter, kinds
from watcher.kit.secrets import Secret
from watcher.model.answer import Verb
from watcher.monitors.base import Access
from watcher.policy.customers import check_customers
from watcher.policy.endpoints import Auth, Basic, Header, Heartbeat, Hmac, Source
from watcher.policy.problems import Place, Problems, entries
from watcher.policy.yamlfile import Document
from watcher.settings.schema import MONITORS, RECEIVERS, AuthEntry, SourceEntry


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a source must fit into: the customers there are, and the address that is listened on."""

    customers: Collection[str]
    host: str

    @property
    def private(self) -> bool:
        """Whether only this machine can reach the hooks."""
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


def read_sources(
    document: Document, context: Mapping[str, object], around: Surroundings, problems: Problems
) -> tuple[Source, ...]:
    """The sound sources of a configuration; what is wrong with the others is noted."""
    check_customers(document, "sources", around.customers, problems)
    found: dict[str, Source] = {}
    for place, entry in entries(document, "sources", SourceEntry, context):
        for where, message in _complaints(place, entry, around):
            problems.error(where, message)
        if entry.name in found:
            problems.error(place / "name", f"there is another source {entry.name!r}")
        found[entry.name] = _source(place, entry, problems)
    return tuple(found.values())


def _complaints(
    place: Place, entry: SourceEntry, around: Surroundings
) -> Iterator[tuple[Place, str]]:
    auth = entry.auth or AuthEntry()
    proofs = [auth.bearer, auth.basic, auth.header, auth.hmac]
    if auth.none and any(proofs):
        yield place / "auth", "`none` and a proof exclude each other"
    elif auth.none and not around.private:
        message = f"source {entry.name!r} may go without `auth` only where `listen` is a loopback"
        yield place / "auth", f"{message} address"
    elif not auth.none and not any(proofs):
        message = f"source {entry.name!r} needs `auth`: bearer, basic, header or hmac"
        yield place / "auth", message


def _source(place: Place, entry: SourceEntry, problems: Problems) -> Source:
    options: object = None
    try:
        options = adapter(RECEIVERS, entry.kind).options(entry.options)
    except ValueError as error:
        problems.error(place / "options", f"source {entry.name!r}: {error}")
    return Source(
        entry.name,
        entry.kind,
        entry.customer,
        _auth(entry.auth),
        entry.max_body,
        options,
        _monitor(place / "monitor", entry, problems),
        _heartbeat(entry.heartbeat),
    )


def _monitor(place: Place, entry: SourceEntry, problems: Problems) -> Access | None:
    given = entry.monitor
    if given is None:
        return None
    options: object = None
    able: Collection[Verb] = ()
    try:
        module = adapter(MONITORS, entry.kind)
        able = module.VERBS
        options = module.options(given.options)
    except LookupError:
        known = ", ".join(kinds(MONITORS))
        problems.error(place, f"a source of kind {entry.kind} cannot be asked; {known} can")
        return None
    except ValueError as error:
        problems.error(place / "options", f"source {entry.name!r}: {error}")
    if given.token is None and not getattr(module, "OPEN", False):
        problems.error(place, f"a source of kind {entry.kind} is asked with a `token`")
    return Access(
        entry.name,
        entry.customer,
        given.url,
        given.token or Secret(""),
        given.every,
        _answers(place / "answers", entry, able, problems),
        str(given.ca_file or ""),
        options,
    )


def _answers(
    place: Place, entry: SourceEntry, able: Collection[Verb], problems: Problems
) -> frozenset[Verb]:
    """What it is told: all that can be told to such a system, unless somebody chose."""
    given = entry.monitor.answers if entry.monitor else None
    if given is None:
        return frozenset(able)
    for verb in sorted(set(given).difference(able)):
        known = ", ".join(sorted(able))
        message = f"a source of kind {entry.kind} cannot be told to {verb}; it can be told: {known}"
        problems.error(place, message)
    return frozenset(given)


def _heartbeat(given: timedelta | str | None) -> Heartbeat | None:
    if given is None:
        return None
    return Heartbeat(given if isinstance(given, timedelta) else None)


def _auth(entry: AuthEntry | None) -> Auth:
    if entry is None:
        return Auth()
    return Auth(
        bearer=entry.bearer,
        basic=Basic(entry.basic.user, entry.basic.password) if entry.basic else None,
        header=Header(entry.header.name, entry.header.value) if entry.header else None,
        hmac=Hmac(**dict(entry.hmac)) if entry.hmac else None,
    )
