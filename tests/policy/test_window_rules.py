"""Maintenance and inhibition in files: what is read, what is refused, and their examples."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.policy.test_rules import PRIORITY, read, rules
from watcher.decide.match import parse
from watcher.model.silence import Inhibition, Window, WindowKind

NIGHTLY = """\
maintenance:
  - name: backups
    customer: acme
    when: host=~"db.*"
    starts: 2026-03-01 02:00
    duration: 2h
    repeat: FREQ=DAILY
    timezone: Europe/Berlin
    comment: nightly backups
    examples:
      - name: load of the database at night is expected
        given: {host: db1, at: 2026-07-01 03:59}
        expect: {matches: true}
      - given: {host: db1, at: 2026-07-01 04:00}
        expect: {matches: false}
      - given: {host: web1, at: 2026-07-01 03:00}
        expect: {matches: false}
"""
SWITCH = """\
inhibit:
  - name: switch-down
    source: ['name="Switch is down"', severity=disaster]
    target: severity!="disaster"
    equal: [site]
    at_most: 8h
    examples:
      - given:
          source: {name: Switch is down, severity: disaster, labels: {site: msk}}
          target: {name: Ping is lost, severity: high, labels: {site: msk}}
        expect: {matches: true}
      - given:
          source: {name: Switch is down, severity: disaster, labels: {site: msk}}
          target: {name: Ping is lost, severity: high, labels: {site: spb}}
        expect: {matches: false}
"""


def test_a_window_is_read_by_the_clocks_of_its_place(tmp_path: Path) -> None:
    """With all that its file says; every example holds."""
    policy, complaints = read(rules(tmp_path / "rules", priority=PRIORITY, night=NIGHTLY))

    assert [] == complaints
    assert policy is not None
    assert (
        Window(
            WindowKind.MAINTENANCE,
            "acme",
            parse('host=~"db.*"'),
            datetime(2026, 3, 1, 1, tzinfo=UTC),
            timedelta(hours=2),
            "FREQ=DAILY",
            "Europe/Berlin",
            "backups",
            "nightly backups",
        ),
    ) == policy.maintenance
    assert "maintenance:backups" == policy.maintenance[0].name


def test_an_inhibition_is_read(tmp_path: Path) -> None:
    """With all that its file says; every example holds."""
    policy, complaints = read(rules(tmp_path / "rules", priority=PRIORITY, switch=SWITCH))

    assert [] == complaints
    assert policy is not None
    assert (
        Inhibition(
            "switch-down",
            parse('name="Switch is down", severity=disaster'),
            parse('severity!="disaster"'),
            ("site",),
            timedelta(hours=8),
        ),
    ) == policy.inhibit


def test_a_window_may_say_when_it_ends(tmp_path: Path) -> None:
    """Instead of how long it is; without a customer it is everybody's."""
    once = """\
    maintenance:
      - {name: move, when: 'host=db1', starts: 2026-03-01 22:00, ends: 2026-03-02 02:30}
    """
    policy, complaints = read(rules(tmp_path / "rules", priority=PRIORITY, once=once))

    assert [] == complaints
    assert policy is not None
    [window] = policy.maintenance
    assert (timedelta(hours=4.5), None, "UTC") == (window.length, window.customer, window.zone)


@pytest.mark.parametrize(
    ("changed", "into", "said"),
    [
        ("name: backups", "name: 7", "night.yaml:2: "),
        ("2026-03-01 02:00", "tomorrow", "no time; write it like 2026-03-01 02:00"),
        ("2026-03-01 02:00", "2026-03-01T02:00Z", "stands in `timezone`"),
        ("duration: 2h", "duration: 0s", "it ends before it has begun"),
        ("duration: 2h", "length: 2h", "length"),
        ("duration: 2h", "ends: 2026-03-01 01:00", "it ends before it has begun"),
        ("duration: 2h", "ends: 2026-03-01 03:00\n    duration: 1h", "either `ends` or `duration`"),
        ("FREQ=DAILY", "FREQ=SECONDLY", "FREQ=SECONDLY is no part"),
        ("Europe/Berlin", "Europe/Belrin", "no time zone 'Europe/Belrin'"),
        ("03:59}", "04:59}", "but the window does not hold the alert back"),
        ("2026-07-01 04:00}", "2026-07-01 03:00}", "but the window does hold the alert back"),
        ('host=~"db.*"', 'hosts=~"db.*"', "'hosts' is taken for a label"),
    ],
)
def test_a_window_that_cannot_be_is_named_by_its_line(
    tmp_path: Path, changed: str, into: str, said: str
) -> None:
    """What is wrong, and where."""
    night = NIGHTLY.replace(changed, into, 1)
    _, complaints = read(rules(tmp_path / "rules", priority=PRIORITY, night=night))

    assert any(said in each for each in complaints), complaints


def test_an_inhibition_that_does_not_do_what_its_example_says_is_named(tmp_path: Path) -> None:
    """The complaint names the line of the example."""
    switch = SWITCH.replace("site: spb", "site: msk")
    _, complaints = read(rules(tmp_path / "rules", priority=PRIORITY, switch=switch))

    assert [
        "rules/switch.yaml:12: "
        "this example expects otherwise, but the rule does hold the alert back"
    ] == complaints
