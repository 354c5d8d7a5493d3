"""How urgent an incident is: impact x urgency, each term with what made it so (ITIL).

Everything that is at stake is rated by itself, and the most urgent of it makes the priority.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from watcher.decide.hours import hours_at, next_change
from watcher.decide.rules import NONE, Effects
from watcher.model.alert import Alert
from watcher.model.catalogue import Calendar, Catalogue
from watcher.model.change import replace
from watcher.model.event import Severity
from watcher.model.incident import (
    Incident,
    Judgement,
    Override,
    OverrideKind,
    Priority,
    Stake,
    Term,
)
from watcher.model.policy import OutsideHours, PriorityRules


@dataclass(frozen=True, slots=True)
class Scale:
    """What a priority is measured by: the rules, and what the catalogue says of the services."""

    rules: PriorityRules
    catalogue: Catalogue


@dataclass(frozen=True, slots=True)
class Share:
    """A stake with what the catalogue says of its service: nothing where it knows none."""

    severity: Severity
    service: str | None = None
    criticality: int | None = None
    calendar: Calendar | None = None
    overrides: tuple[Override, ...] = ()


@dataclass(frozen=True, slots=True)
class Breadth:
    """How much is affected by the whole of a disruption; `customers` includes its own."""

    hosts: int = 1
    services: int = 1
    customers: int = 1


@dataclass(frozen=True, slots=True)
class Assessment:
    """A priority, its terms as they are shown, and when the clock may change it, if ever."""

    priority: Priority
    terms: tuple[Term, ...]
    review_at: datetime | None = None


def staked(alert: Alert, severity: Severity, effects: Effects) -> Stake:
    """What an alert of that severity puts at stake."""
    if effects is NONE:
        return Stake(alert.service, severity)
    found = [
        Override(kind, effect.value, effect.rule)
        for kind, effect in (
            (OverrideKind.IMPACT, effects.impact),
            (OverrideKind.URGENCY, effects.urgency),
        )
        if effect is not None
    ]
    if effects.priority is not None:
        bounds, rule = effects.priority.value, effects.priority.rule
        # In the order in which they count: nothing is higher than what it may be at most.
        if bounds.at_least is not None:
            found.append(Override(OverrideKind.AT_LEAST, bounds.at_least, rule))
        if bounds.at_most is not None:
            found.append(Override(OverrideKind.AT_MOST, bounds.at_most, rule))
    return Stake(alert.service, severity, tuple(found))


def pooled(stakes: Iterable[Stake]) -> tuple[Stake, ...]:
    """The same stakes in a lasting order, each service once for what rules say of it."""
    worst: dict[tuple[str | None, tuple[Override, ...]], Stake] = {}
    for stake in stakes:
        known = worst.setdefault((stake.service, stake.overrides), stake)
        if stake.severity.rank > known.severity.rank:
            worst[stake.service, stake.overrides] = stake
    return tuple(sorted(worst.values(), key=_order))


def prioritise(scale: Scale, incident: Incident, now: datetime) -> Assessment:
    """The priority that the facts give an incident, or that a person has set."""
    shares, breadth = _measured(scale.catalogue, incident)
    found = assess(scale.rules, shares, breadth, now)
    if incident.judgement is not None:
        found = _judged(found, incident.judgement, basis(scale, incident, now))
    return found if incident.living else replace(found, review_at=None)


def basis(scale: Scale, incident: Incident, now: datetime) -> Priority:
    """What the rules make of the facts, whatever the time is and whatever anybody has set."""
    rules = replace(scale.rules, outside_hours=None)
    return assess(rules, *_measured(scale.catalogue, incident), now).priority


def assess(
    rules: PriorityRules, shares: Iterable[Share], breadth: Breadth, now: datetime
) -> Assessment:
    """The most urgent of the shares, each of which has the breadth of the whole."""
    ratings = [_rate(rules, share, breadth, now) for share in shares]
    worst = min(ratings, key=lambda each: each.order)
    reviews = [each.review_at for each in ratings if each.review_at is not None]
    return Assessment(worst.order[0], worst.terms, min(reviews, default=None))


def _measured(catalogue: Catalogue, incident: Incident) -> tuple[list[Share], Breadth]:
    customer = incident.customer
    whose = catalogue.customers.get(customer)
    usual = whose.calendar if whose is not None else None
    shares, services, customers = [], set(), {customer}
    for stake in incident.stakes or (Stake(incident.service, incident.severity),):
        service = catalogue.services.get((customer, stake.service or ""))
        if service is None:
            shares.append(Share(stake.severity, stake.service, None, usual, stake.overrides))
            continue
        services.add(service.name)
        customers.update(service.used_by)
        shares.append(
            Share(
                stake.severity,
                service.name,
                service.criticality,
                service.calendar or usual,
                stake.overrides,
            )
        )
    return shares, Breadth(len(incident.hosts), len(services), len(customers))


@dataclass(frozen=True, slots=True)
class _Rating:
    """What one share makes of it; `order` puts the most urgent first, however shares are listed."""

    order: tuple[Priority, int, int, str]
    terms: tuple[Term, ...]
    review_at: datetime | None


def _rate(rules: PriorityRules, share: Share, breadth: Breadth, now: datetime) -> _Rating:
    impact = _impact(rules, share, breadth)
    urgency, review_at = _urgency(rules, share, now)
    priority, bounds = _bounded(rules.matrix[impact.value, urgency.value], share.overrides)
    width = rules.impacts.index(impact.value)
    order = (priority, width, rules.urgencies.index(urgency.value), share.service or "")
    return _Rating(order, (impact, urgency, *bounds), review_at)


def _impact(rules: PriorityRules, share: Share, breadth: Breadth) -> Term:
    by_rule = _by_rule(share, OverrideKind.IMPACT, rules.impacts)
    if by_rule is not None:
        return by_rule
    said = [_importance(rules, share)]
    place = rules.impacts.index(rules.impact[share.criticality or rules.unknown])
    for text, is_wide in _breadths(rules, breadth):
        wider = is_wide and place > 0
        place -= wider
        said.append(f"{text}: one step wider" if wider else text)
    return Term("impact", rules.impacts[place], "; ".join(said))


def _importance(rules: PriorityRules, share: Share) -> str:
    if share.criticality is not None:
        return f"criticality of {share.service or 'the service'} is {share.criticality}"
    who = f"{share.service} is not in the catalogue" if share.service else "no service known"
    return f"{who}, criticality {rules.unknown} assumed"


def _breadths(rules: PriorityRules, breadth: Breadth) -> Iterator[tuple[str, bool]]:
    """What is worth saying of how much is affected, and whether that makes the impact wider."""
    hosts, services, customers = breadth.hosts, breadth.services, breadth.customers
    many = [f"{hosts} hosts"] if hosts >= rules.wide.hosts else []
    if services >= rules.wide.services:
        many.append(f"{services} services")
    if many:
        yield f"{' and '.join(many)} affected", True
    if customers > 1:
        yield f"{customers} customers affected", customers >= rules.wide.customers


def _urgency(rules: PriorityRules, share: Share, now: datetime) -> tuple[Term, datetime | None]:
    """The urgency, and when the clock may change it."""
    by_rule = _by_rule(share, OverrideKind.URGENCY, rules.urgencies)
    if by_rule is not None:
        return by_rule, None
    level = rules.urgency[share.severity]
    because = f"highest severity seen is {share.severity}"
    outside, calendar = rules.outside_hours, share.calendar
    if outside is None or calendar is None:
        return Term("urgency", level, because), None
    hours = hours_at(calendar, now)
    because = f"{because}; {hours.because}"
    always = _always(rules.unknown, share, outside)
    if always:
        text = because if hours.within else f"{because}, but {always} counts at all hours"
        return Term("urgency", level, text), None
    place = rules.urgencies.index(level)
    eased = min(place + outside.down, len(rules.urgencies) - 1) - place
    if eased and not hours.within:
        because += f": {eased} step{'s' if eased > 1 else ''} less urgent"
        level = rules.urgencies[place + eased]
    return Term("urgency", level, because), next_change(calendar, now)


def _always(unknown: int, share: Share, outside: OutsideHours) -> str:
    """What makes it as urgent outside of business hours as within, if anything does."""
    criticality = share.criticality or unknown
    if criticality in outside.criticalities:
        return f"criticality {criticality}"
    return share.severity if share.severity in outside.severities else ""


def _by_rule(share: Share, kind: OverrideKind, known: Sequence[str]) -> Term | None:
    """The term as a rule sets it; what no table knows any more says nothing."""
    for override in share.overrides:
        if override.kind is kind and override.value in known:
            return Term(kind.value, override.value, f"the rule {override.rule!r} says so")
    return None


def _bounded(
    priority: Priority, overrides: Iterable[Override]
) -> tuple[Priority, tuple[Term, ...]]:
    """The priority within the bounds that rules set, and each that moved it."""
    terms = []
    for override in overrides:
        if override.kind is OverrideKind.AT_LEAST and priority > override.value:
            text = f"the rule {override.rule!r} makes it {override.value} at least"
        elif override.kind is OverrideKind.AT_MOST and priority < override.value:
            text = f"the rule {override.rule!r} makes it {override.value} at most"
        else:
            continue
        priority = Priority(override.value)
        terms.append(Term("rule", priority, text))
    return priority, tuple(terms)


def _judged(found: Assessment, judgement: Judgement, facts: Priority) -> Assessment:
    """What a person set counts, unless the facts are worse than when he did and ask for more."""
    said = f"{judgement.by}: {judgement.text}; by the rules it is {found.priority}"
    priority = judgement.priority
    if facts < judgement.basis:
        priority = min(priority, found.priority)
        said += ", since things are worse than they were then"
    term = Term("set by hand", judgement.priority, said)
    return replace(found, priority=priority, terms=(*found.terms, term))


def _order(stake: Stake) -> tuple[str, tuple[tuple[str, str, str], ...]]:
    return stake.service or "", tuple(
        (override.kind, override.value, override.rule) for override in stake.overrides
    )
