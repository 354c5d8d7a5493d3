"""Impact x urgency, one row a sentence of the policy."""

import pytest

from tests.decide.given import RULES
from watcher.decide.priority import prioritise
from watcher.model.event import Severity
from watcher.model.incident import Priority


@pytest.mark.parametrize(
    ("severity", "criticality", "hosts", "expected"),
    [
        (Severity.DISASTER, 4, 1, Priority.P1),
        (Severity.HIGH, 4, 1, Priority.P1),
        (Severity.AVERAGE, 4, 1, Priority.P2),
        (Severity.WARNING, 4, 1, Priority.P3),
        (Severity.DISASTER, 2, 1, Priority.P2),
        (Severity.DISASTER, 2, 5, Priority.P1),
        (Severity.INFORMATION, 1, 1, Priority.P5),
        (Severity.DISASTER, None, 1, Priority.P2),
        (Severity.HIGH, 4, 9, Priority.P1),
    ],
)
def test_priority_follows_the_matrix(
    severity: Severity, criticality: int | None, hosts: int, expected: Priority
) -> None:
    """Criticality and breadth make the impact, severity the urgency, the matrix the priority."""
    priority, _ = prioritise(RULES, severity=severity, criticality=criticality, hosts=hosts)

    assert expected == priority


def test_every_term_says_what_made_it_so() -> None:
    """The terms name the criticality, the number of hosts and the severity behind them."""
    _, (impact, urgency) = prioritise(RULES, severity=Severity.HIGH, criticality=2, hosts=7)

    assert ("impact", "significant") == (impact.name, impact.value)
    assert "criticality of the service is 2; 7 hosts affected" == impact.because
    assert ("urgency", "high") == (urgency.name, urgency.value)
    assert "highest severity seen is high" == urgency.because


def test_an_unknown_service_is_said_to_be_unknown() -> None:
    """Where the catalogue knows no service, the assumed criticality is named."""
    _, (impact, _) = prioritise(RULES, severity=Severity.HIGH, criticality=None, hosts=1)

    assert "no service known, criticality 2 assumed" == impact.because
