"""How an explanation looks: on a screen, and as JSON."""

from collections.abc import Iterator
from dataclasses import asdict, fields
from datetime import timedelta

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from watcher.cli.rules._shared import said
from watcher.decide.rules import Effect, Effects, Verdict
from watcher.engine.explain import Explanation
from watcher.model.policy import Bounds
from watcher.policy.rules.rules import KEYS, spoken


def as_text(explained: Explanation) -> RenderableType:
    """For people: what it is, what the rules say, and what comes of it."""
    event = explained.news.event
    title = Text.assemble("── ", said(event.name, "bold"), " ", said(event.kind, "dim"))
    parts: list[RenderableType] = [title, _identity(explained)]
    if explained.verdicts:
        parts += [said("rules", "bold"), _rules(explained.verdicts)]
    if any(_found(explained.effects)):
        parts += [said("effects", "bold"), _effects(explained.effects)]
    return Group(*parts, *_outcome(explained), "")


def _grid(*rows: tuple[RenderableType, ...]) -> RenderableType:
    grid = Table.grid(padding=(0, 2))
    for row in rows:
        grid.add_row(*row)
    return Padding(grid, (0, 0, 0, 2), expand=False)


def _identity(explained: Explanation) -> RenderableType:
    alert, who = explained.alert, explained.news.who
    labels = ", ".join(f"{name}={value}" for name, value in sorted(alert.labels.items()))
    rows = {
        "customer": said(who.customer),
        "host": _known(who.host, who.host_known, "the inventory"),
        "service": _known(who.service, who.service_known, "the catalogue"),
        "severity": said(alert.severity),
        "source": said(alert.source),
        "labels": said(labels or "none", "" if labels else "dim"),
        "key": said(alert.key),
        "occurrence": said(alert.occurrence),
        "group": said(explained.news.group),
    }
    return _grid(*((said(name, "dim"), text) for name, text in rows.items()))


def _known(name: str | None, known: bool, place: str) -> Text:
    if name is None:
        return said("none", "dim")
    note = said(f"in {place}", "green") if known else said(f"not in {place}", "yellow")
    return Text.assemble(said(name), "  ", note)


def _rules(verdicts: tuple[Verdict, ...]) -> RenderableType:
    return _grid(*(_verdict(each) for each in verdicts))


def _verdict(verdict: Verdict) -> tuple[RenderableType, ...]:
    failed, name = verdict.failed, verdict.rule.name
    if failed is None:
        return said("✓", "green"), said(name, "bold"), said("every matcher holds", "green")
    seen = f"it is {verdict.value!r}" if verdict.value else "there is none"
    return said("✗", "dim"), said(name), Text.assemble(said(failed), "  ", said(seen, "dim"))


def _found(effects: Effects) -> Iterator[tuple[str, Effect[object]]]:
    for each in fields(effects):
        effect = getattr(effects, each.name)
        if effect is not None:
            yield KEYS.get(each.name, each.name), effect


def _effects(effects: Effects) -> RenderableType:
    return _grid(
        *(
            (said(key, "dim"), said(spoken(effect.value), "bold"), said(f"by {effect.rule}"))
            for key, effect in _found(effects)
        )
    )


def _outcome(explained: Explanation) -> Iterator[RenderableType]:
    incident, held = explained.incident, explained.withheld
    if held is not None:
        until = f"until {held.until.isoformat(timespec='seconds')} at most"
        yield Text.assemble(said("held back", "bold yellow"), " by ", said(f"{held.by}, {until}"))
        yield _grid((said(held.reason.text),))
        yield Text.assemble(
            "would otherwise open an incident with ", said(incident.priority, "bold")
        )
    else:
        yield Text.assemble("opens an incident with ", said(incident.priority, "bold"))
    yield _grid(
        *((said(term.name, "dim"), said(term.value), said(term.because)) for term in incident.terms)
    )


def as_json(explained: Explanation) -> dict[str, object]:
    """For programs."""
    alert, news, held = explained.alert, explained.news, explained.withheld
    return {
        "event": {
            "kind": news.event.kind,
            "name": alert.name,
            "source": alert.source,
            "severity": alert.severity,
            "key": alert.key,
            "occurrence": alert.occurrence,
            "labels": dict(alert.labels),
        },
        "identity": asdict(news.who),
        "group": news.group,
        "rules": [
            {
                "name": each.rule.name,
                "matches": each.failed is None,
                "failed": str(each.failed) if each.failed else None,
                "value": each.value if each.failed else None,
            }
            for each in explained.verdicts
        ],
        "effects": {
            key: {"value": _plain(effect.value), "rule": effect.rule}
            for key, effect in _found(explained.effects)
        },
        "withheld": asdict(held) if held else None,
        "priority": explained.incident.priority,
        "terms": [asdict(term) for term in explained.incident.terms],
    }


def _plain(value: object) -> object:
    """The value of an effect; durations are in seconds."""
    if isinstance(value, timedelta):
        return value.total_seconds()
    return asdict(value) if isinstance(value, Bounds) else value
