"""What the incidents of a problem have cost, and how urgent that makes it to remove the cause."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from watcher.decide.hours import hours_at
from watcher.decide.route import hears
from watcher.decide.sla import broken
from watcher.model.catalogue import Catalogue
from watcher.model.incident import Incident, Priority, Term
from watcher.model.policy import Costs, Policy
from watcher.model.problem import Cost


@dataclass(frozen=True, slots=True)
class Bill:
    """What incidents are counted by: whom the channels tell, when people are at work, and what was
    promised.
    """

    policy: Policy
    catalogue: Catalogue


_LEVELS = (Priority.P1, Priority.P2, Priority.P3, Priority.P4)
_HOUR = timedelta(hours=1)


def counted(incidents: Iterable[Incident], bill: Bill, now: datetime) -> Cost:
    """What these incidents have cost until now. Those that went into others count there; one that
    is not over has not lasted yet, but may have broken a promise.
    """
    mine = [each for each in incidents if each.merged_into is None]
    return Cost(
        incidents=len(mine),
        lasted=sum(map(_lasted, mine), timedelta()),
        breaches=sum(broken(each, bill.catalogue, now) for each in mine),
        woken=sum(_woke(each, bill) for each in mine),
    )


def priority(cost: Cost, costs: Costs) -> tuple[Priority, tuple[Term, ...]]:
    """The most urgent of what each part of the cost makes of it, and all parts with why."""
    hours = cost.lasted // _HOUR
    terms = [
        _term("incidents", cost.incidents, costs.incidents, "incidents"),
        _term("lasted", hours, costs.hours, "hours in all"),
        _term("breaches", cost.breaches, costs.breaches, "that broke a promise"),
        _term("woken", cost.woken, costs.woken, "told outside business hours"),
    ]
    return min(level for level, _ in terms), tuple(term for _, term in terms)


def _term(name: str, value: int, levels: tuple[int, ...], what: str) -> tuple[Priority, Term]:
    for level, least in zip(_LEVELS, levels, strict=True):
        if value >= least:
            return level, Term(name, str(value), f"{level} from {least} {what} on")
    return Priority.P5, Term(name, str(value), f"P5 below {levels[-1]} {what}")


def _lasted(incident: Incident) -> timedelta:
    """How long it went on, if it does no more; not while it was over until it was reopened."""
    end = incident.resolved_at or incident.closed_at or incident.opened_at
    over = sum((back - gone for gone, back in incident.course.breaks), timedelta())
    return max(end - incident.opened_at - over, timedelta())


def _woke(incident: Incident, bill: Bill) -> bool:
    """Whether somebody was told of it while those who need the service were not at work."""
    if incident.course.history:
        return False
    about = bill.catalogue.about(incident.customer, incident.service)
    calendar = next((each.calendar for each in about if each.calendar is not None), None)
    if calendar is None or hours_at(calendar, incident.opened_at).within:
        return False
    return any(hears(channel, incident) for channel in bill.policy.channels)
