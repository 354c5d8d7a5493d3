"""Calendars in the catalogue: what they may say, and what is said of those that are wrong."""

from datetime import UTC, datetime
from pathlib import Path
from textwrap import dedent, indent

import pytest

from watcher.decide.hours import hours_at
from watcher.model.catalogue import Catalogue
from watcher.policy.catalogue import load_catalogue
from watcher.policy.problems import Problems

OFFICE = """\
calendars:
  - name: office
    timezone: Europe/Moscow
    hours: {mon-thu: 09:00-18:00, fri: [09:00-13:00, 14:00-16:45], sat - sun: closed}
    holidays: RU
    dates: {2026-12-30: 09:00-12:00, 2026-12-28: closed}
"""


def load(folder: Path, text: str) -> tuple[Catalogue, list[str]]:
    """The catalogue of that text, and what is wrong with it, by line."""
    file = folder / "catalogue.yaml"
    file.write_text(dedent(text))
    problems = Problems()
    catalogue = load_catalogue([file], [], problems)
    return catalogue, [str(each).removeprefix(f"{file}:") for each in problems]


def test_services_and_customers_refer_to_calendars(tmp_path: Path) -> None:
    """A service keeps its own, a customer has one for all that has none."""
    catalogue, problems = load(
        tmp_path,
        OFFICE
        + "customers: [{name: acme, calendar: office}]\n"
        + "services: [{name: shop, customer: acme, criticality: 3, calendar: office}]\n",
    )
    calendar = catalogue.services["acme", "shop"].calendar

    assert [] == problems
    assert calendar is not None
    assert calendar is catalogue.customers["acme"].calendar


@pytest.mark.parametrize(
    ("at", "within"),
    [
        ("2026-03-02T09:00+03:00", True),
        ("2026-03-06T13:30+03:00", False),
        ("2026-03-06T14:30+03:00", True),
        ("2026-03-07T14:30+03:00", False),
        ("2026-01-07T14:30+03:00", False),
        ("2026-12-30T11:30+03:00", True),
        ("2026-12-30T12:30+03:00", False),
        ("2026-12-28T12:30+03:00", False),
    ],
)
def test_a_calendar_knows_days_holidays_and_dates(tmp_path: Path, at: str, within: bool) -> None:
    """By the clock of its zone."""
    text = OFFICE + "services: [{name: shop, criticality: 3, calendar: office}]\n"
    calendar = load(tmp_path, text)[0].services["default", "shop"].calendar

    assert calendar is not None
    assert within is hours_at(calendar, datetime.fromisoformat(at).astimezone(UTC)).within


def test_a_part_of_a_country_has_holidays_of_its_own(tmp_path: Path) -> None:
    """In Bavaria Epiphany is one."""
    text = OFFICE.replace("RU", "DE-BY").replace("Moscow", "Berlin")
    text += "services: [{name: shop, criticality: 3, calendar: office}]\n"
    calendar = load(tmp_path, text)[0].services["default", "shop"].calendar

    assert calendar is not None
    assert "Epiphany" in hours_at(calendar, datetime(2026, 1, 6, 12, tzinfo=UTC)).because


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("timezone: Moscow", "'Moscow' is no time zone; write a name such as Europe/Moscow"),
        ("hours: 09:00-18:00", "should be hours by day, as in {mon-fri: 09:00-18:00}"),
        ("hours: {monday: 09:00-18:00}", "'monday' is no day of the week; write mon, or mon-fri"),
        ("hours: {mon: 9-18}", "'9-18' is no span of hours; write 09:00-18:00 or `closed`"),
        (
            "hours: {mon: 22:00-06:00}",
            "'22:00-06:00' ends before it begins: hours past midnight are two spans",
        ),
        ("hours: {mon: [09:00-12:00, 11:00-18:00]}", "these hours overlap"),
        ("hours: {mon-wed: 09:00-12:00, tue: closed}", "the hours of tue are given twice"),
        (
            "holidays: Russia",
            "the holidays of 'Russia' are not known; write a code such as RU or DE-BY",
        ),
    ],
)
def test_what_is_wrong_with_a_calendar_is_said(tmp_path: Path, line: str, complaint: str) -> None:
    """At its line, and whoever refers to it is not blamed."""
    key = line.partition(":")[0]
    sound = {"timezone": "timezone: UTC", "hours": "hours: {mon-fri: 09:00-18:00}"}
    lines = "\n".join(["name: office", *(sound | {key: line}).values()])
    text = f"calendars:\n  -\n{indent(lines, '    ')}\n"
    text += "services: [{name: s, criticality: 1, calendar: office}]\n"
    _, problems = load(tmp_path, text)

    assert 1 == len(problems), problems
    assert problems[0].endswith(complaint)


def test_days_may_go_round_the_end_of_the_week(tmp_path: Path) -> None:
    """Friday to Monday is four days."""
    text = "calendars: [{name: c, timezone: UTC, hours: {fri-mon: 10:00-12:00}}]\n"
    text += "services: [{name: s, criticality: 1, calendar: c}]\n"
    calendar = load(tmp_path, text)[0].services["default", "s"].calendar

    assert calendar is not None
    assert [0, 4, 5, 6] == sorted(calendar.hours)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (
            "services: [{name: s, criticality: 1, calendar: offce}]\n",
            "there is no calendar 'offce'; did you mean 'office'?",
        ),
        (
            "customers: [{name: acme, calendar: nights}]\n",
            "there is no calendar 'nights'",
        ),
        (
            "services: [{name: s, criticality: 1, used_by: globx}]\ncustomers: [{name: globex}]",
            "there is no customer 'globx'; did you mean 'globex'?",
        ),
        (OFFICE.removeprefix("calendars:\n"), "calendar 'office' is described twice"),
    ],
)
def test_names_must_exist(tmp_path: Path, text: str, complaint: str) -> None:
    """A misspelt one would be found out at night."""
    _, problems = load(tmp_path, OFFICE + text)

    assert [complaint] == [each.partition(": ")[2] for each in problems]
