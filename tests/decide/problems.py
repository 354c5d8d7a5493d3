"""Short ways to say what is given in tests of decisions about problems."""

from typing import Any

from tests.decide.given import at
from watcher.decide.lifecycle import Moment
from watcher.model.event import Severity
from watcher.model.incident import Incident, Priority, Status
from watcher.model.problem import Bond, Problem, ProblemStatus, Tie
from watcher.model.reason import Reason

WHY = Reason("test", "because the test says so")


def moment(minutes: float = 60, actor: str = "olga") -> Moment:
    """A moment so many minutes into the test, and who acts then."""
    return Moment(at(minutes), WHY, actor)


BY_MACHINE = moment(actor="watcher")


def problem(number: int = 1, status: str = "new", **changes: Any) -> Problem:
    """A problem of acme."""
    given: dict[str, Any] = {
        "customer": "acme",
        "title": "disk full",
        "priority": Priority.P5,
        "opened_at": at(0),
        "opened_by": "olga",
        "last_at": at(0),
        **changes,
    }
    return Problem(number, status=ProblemStatus(status), **given)


def incident(number: int = 7, minutes: float = 0, **changes: Any) -> Incident:
    """An incident of acme that opened so many minutes into the test."""
    given: dict[str, Any] = {
        "customer": "acme",
        "title": "disk full on db1",
        "status": Status.OPEN,
        "priority": Priority.P3,
        "terms": (),
        "group": "host:db1",
        "severity": Severity.HIGH,
        "opened_at": at(minutes),
        "last_at": at(minutes),
        **changes,
    }
    return Incident(number, **given)


def tie(incident: int = 7, problem: int = 1, bond: Bond = Bond.SURE, **changes: Any) -> Tie:
    """A tie of acme, which the machine made unless a person can only have done so."""
    person = bond in {Bond.CONFIRMED, Bond.REFUSED}
    given: dict[str, Any] = {
        "customer": "acme",
        "at": at(0),
        "by": "olga" if person else "watcher",
        **changes,
    }
    return Tie(incident, problem, bond=bond, **given)
