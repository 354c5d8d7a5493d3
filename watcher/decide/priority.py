"""How urgent an incident is: impact x urgency, each term with what made it so (ITIL)."""

from watcher.model.event import Severity
from watcher.model.incident import Priority, Term
from watcher.model.policy import PriorityRules


def prioritise(
    rules: PriorityRules, *, severity: Severity, criticality: int | None, hosts: int
) -> tuple[Priority, tuple[Term, ...]]:
    """The priority of a disruption, and its terms as they are shown.

    `criticality` is that of the service (1 to 4), None where the catalogue knows no service;
    `hosts` is how many are affected.
    """
    impact = _impact(rules, criticality, hosts)
    urgency = Term("urgency", rules.urgency[severity], f"highest severity seen is {severity}")
    return rules.matrix[impact.value, urgency.value], (impact, urgency)


def _impact(rules: PriorityRules, criticality: int | None, hosts: int) -> Term:
    because = (
        f"criticality of the service is {criticality}"
        if criticality is not None
        else f"no service known, criticality {rules.unknown} assumed"
    )
    level = rules.impact[rules.unknown if criticality is None else criticality]
    if hosts < rules.wide:
        return Term("impact", level, because)
    raised = rules.impacts[max(0, rules.impacts.index(level) - 1)]
    return Term("impact", raised, f"{because}; {hosts} hosts affected")
