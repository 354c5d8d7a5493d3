"""Writes a proposal as files: what Watcher would read, and what would change, for people.

The same proposal gives the same bytes. Nothing that people wrote is ever written anew.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from watcher.model.catalogue import Customer, Host, Service
from watcher.model.estate import Change, Line, Proposal

_SIGNS = {
    Change.NEW: "+",
    Change.CHANGED: "~",
    Change.GONE: "-",
    Change.AMBIGUOUS: "?",
    Change.UNRATED: "?",
    Change.BY_HAND: "=",
    Change.LEFT_OUT: "x",
}
_HEADINGS = {
    Change.NEW: "New",
    Change.CHANGED: "Changed",
    Change.GONE: "Gone",
    Change.AMBIGUOUS: "Ambiguous, and left to you: describe it in a file of your own",
    Change.UNRATED: "Nobody says how critical these are: tag them there with `criticality` "
    "(1 to 4), describe them\nin a file of your own, or rate all of them with --criticality",
    Change.BY_HAND: "Described by you, and left as it is",
    Change.LEFT_OUT: "Left out",
}
_HEADER = """\
# Taken over from {who} by `watcher catalogue propose`, which writes this file anew.
# {kept}
# Describe in a file of your own what you know better: what stands there wins, and is left out here.
"""
_KEPT_OF_HOSTS = "`ssh` and `port`, which you may add to a host here, are kept."
_KEPT_OF_SERVICES = (
    "`title`, `owners`, `used_by`, `calendar` and `sla`, which you may add to a service here, are "
    "kept."
)
_WIDE = 110


def inventory_text(proposal: Proposal, who: str) -> str:
    """The inventory file; "" where it would hold nothing."""
    hosts = [_host(each) for each in proposal.hosts]
    return _text({"hosts": hosts}, who, _KEPT_OF_HOSTS) if hosts else ""


def catalogue_text(proposal: Proposal, who: str) -> str:
    """The catalogue file; "" where it would hold nothing."""
    parts = {
        "customers": [_customer(each) for each in proposal.customers],
        "services": [_service(each) for each in proposal.services],
    }
    parts = {name: entries for name, entries in parts.items() if entries}
    return _text(parts, who, _KEPT_OF_SERVICES) if parts else ""


def changes_text(lines: Sequence[Line], notes: Iterable[str], who: str) -> str:
    """What would change and why, and what is left to people."""
    found = Counter(line.change for line in lines)
    counts = ", ".join(f"{found[change]} {change}" for change in Change if found[change])
    parts = [f"From {who}: {counts or 'nothing'}.\n"]
    for change, heading in _HEADINGS.items():
        mine = [line for line in lines if line.change is change]
        if mine:
            parts.append(f"\n{heading} ({len(mine)})\n")
            parts += [f"  {_SIGNS[change]} {_said(line)}\n" for line in mine]
    told = sorted(set(notes))
    if told:
        parts.append("\nWorth knowing\n")
        parts += [f"  ! {note}\n" for note in told]
    return "".join(parts)


def current(path: Path) -> str:
    """What stands in a file; "" where there is none. Raises OSError."""
    return path.read_text("utf-8") if path.exists() else ""


def _said(line: Line) -> str:
    whose = f"{line.customer}: " if line.customer else ""
    return f"{whose}{line.what}: {line.why}"


def _text(parts: Mapping[str, list[dict[str, Any]]], who: str, kept: str) -> str:
    written = yaml.safe_dump(
        dict(parts), allow_unicode=True, sort_keys=False, width=_WIDE, default_flow_style=None
    )
    return f"{_HEADER.format(who=who, kept=kept)}{written}"


def _customer(customer: Customer) -> dict[str, Any]:
    return _filled(name=customer.name, title=customer.title, **_terms(customer))


def _host(host: Host) -> dict[str, Any]:
    return _filled(
        name=host.name,
        customer=host.customer,
        aliases=list(host.aliases),
        address=host.address,
        port=host.port,
        ssh=host.ssh,
        tags=dict(host.tags),
    )


def _service(service: Service) -> dict[str, Any]:
    return _filled(
        name=service.name,
        customer=service.customer,
        title=service.title,
        criticality=service.criticality,
        hosts=list(service.hosts),
        depends_on=list(service.depends_on),
        owners=list(service.owners),
        used_by=list(service.used_by),
        **_terms(service),
    )


def _terms(of: Customer | Service) -> dict[str, str | None]:
    return {
        "calendar": of.calendar.name if of.calendar else None,
        "sla": of.sla.name if of.sla else None,
    }


def _filled(**entry: Any) -> dict[str, Any]:
    return {name: value for name, value in entry.items() if value}
