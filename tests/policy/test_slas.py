"""SLAs in the catalogue: what they may say, and what is said of those that are wrong."""

from datetime import timedelta
from pathlib import Path

import pytest

from tests.policy.test_calendars import OFFICE, load
from watcher.model.catalogue import Sla
from watcher.model.incident import Priority

GOLD = """\
slas:
  - name: gold
    acknowledge: {P1: 15m, P2: 30m}
    resolve: {P1: 4h, P2: 8h, P3: 3d}
"""
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def test_services_and_customers_refer_to_slas(tmp_path: Path) -> None:
    """One may run by a calendar; one that says no times promises nothing."""
    catalogue, problems = load(
        tmp_path,
        OFFICE
        + GOLD
        + "  - {name: office-hours, calendar: office, resolve: {P1: 8h}}\n"
        + "  - {name: none}\n"
        + "customers: [{name: acme, sla: gold}]\n"
        + "services:\n"
        + "  - {name: shop, customer: acme, criticality: 3, sla: office-hours}\n"
        + "  - {name: lab, customer: acme, criticality: 3, sla: none}\n"
        + "  - {name: crm, customer: acme, criticality: 3}\n",
    )
    shop, lab, crm = (catalogue.services["acme", name].sla for name in ("shop", "lab", "crm"))

    assert not problems
    assert catalogue.customers["acme"].sla == Sla(
        "gold",
        {Priority.P1: 15 * MINUTE, Priority.P2: 30 * MINUTE},
        {Priority.P1: 4 * HOUR, Priority.P2: 8 * HOUR, Priority.P3: 72 * HOUR},
    )
    assert shop is not None
    assert (8 * HOUR, "office") == (
        shop.resolve[Priority.P1],
        shop.calendar and shop.calendar.name,
    )
    assert (Sla("none"), None) == (lab, crm)


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("resolve: {P9: 4h}", "'P1', 'P2', 'P3', 'P4' or 'P5'"),
        ("resolve: {P1: 4}", "4 is no duration; write a number with its unit"),
        ("resolve: {P1: 0s}", "should be longer than 0s"),
        ("acknowledge: {P1: 5h}", "P1 would be resolved before it has to be acknowledged"),
        (
            "acknowledge: {P1: 1h, P3: 30m}",
            "warning: P3 has less time than P1, which is then due as soon as P3",
        ),
        ("resolve: {P1: 4h, P2: 2h}", "warning: P2 has less time than P1"),
        ("calendar: offce", "there is no calendar 'offce'; did you mean 'office'?"),
        ("respond: {P1: 4h}", "unknown key"),
    ],
)
def test_what_is_wrong_with_an_sla_is_said(tmp_path: Path, line: str, complaint: str) -> None:
    """At its line, and whoever refers to it is not blamed."""
    key = line.partition(":")[0]
    lines = {"name": "name: gold", "resolve": "resolve: {P1: 4h}"} | {key: line}
    text = "slas:\n  -\n" + "".join(f"    {each}\n" for each in lines.values())
    text += "services: [{name: s, criticality: 1, sla: gold}]\n"
    _, problems = load(tmp_path, text + OFFICE)

    assert 1 == len(problems), problems
    number, _, message = problems[0].partition(": ")
    assert complaint in message
    assert f"    {line}" == text.splitlines()[int(number) - 1]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (
            "services: [{name: s, criticality: 1, sla: gild}]\n",
            "there is no SLA 'gild'; did you mean 'gold'?",
        ),
        ("customers: [{name: acme, sla: silver}]\n", "there is no SLA 'silver'"),
        (GOLD.removeprefix("slas:\n"), "SLA 'gold' is described twice"),
    ],
)
def test_names_of_slas_must_exist(tmp_path: Path, text: str, complaint: str) -> None:
    """Once each: a misspelt one would be found out when it is too late."""
    _, problems = load(tmp_path, GOLD + text)

    assert [complaint] == [each.partition(": ")[2] for each in problems]
