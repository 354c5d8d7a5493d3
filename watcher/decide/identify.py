"""Who is meant? One host identity for the many names that monitoring systems give a machine.

A name is an alias, whatever its case, or an alias with a port behind it. Short and full names are
never taken for each other: a diagnosis on the wrong machine is worse than none.
"""

import re

from watcher.model.catalogue import Catalogue, Host, Service

# `db01:9100` and `[fe80::1]:9100`, but not `fe80::1`, whose last group is no port.
_WITH_PORT = re.compile(r"(?:\[(?P<v6>[^\]]+)\]|(?P<name>[^:]+)):[0-9]{1,5}")


def resolve(catalogue: Catalogue, customer: str, raw_host: str) -> Host | None:
    """The host that a source means by this name; None when the customer's inventory has none."""
    name = raw_host.lower()
    if host := catalogue.by_alias.get((customer, name)):
        return host
    if bare := _WITH_PORT.fullmatch(name):
        return catalogue.by_alias.get((customer, bare["v6"] or bare["name"]))
    return None


def service_of(
    catalogue: Catalogue, customer: str, host: str | None, named_service: str | None
) -> Service | None:
    """The catalogue's service that an event is about: the one it names, else the most critical one
    on its host.

    Exporters and agents like to name themselves as the service: a name that the catalogue does not
    have says nothing. `host` is an inventory identity, or the raw name where there is none.
    """
    named = catalogue.services.get((customer, named_service or ""))
    if named is not None or host is None:
        return named
    services = catalogue.by_host.get((customer, host), ())
    return services[0] if services else None
