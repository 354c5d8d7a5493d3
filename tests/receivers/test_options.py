"""What a source may configure about its receiver, and how a mistake is named."""

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from watcher.kit.plugins import adapter
from watcher.model.event import Kind, Severity
from watcher.receivers import generic, grafana, zabbix
from watcher.receivers._mapping import Path

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def test_zabbix_dates_are_in_utc_unless_a_zone_is_named() -> None:
    """The option `timezone` is that of the Zabbix user whose media sends."""
    assert zabbix.Options(timezone=UTC) == zabbix.options({})
    assert zabbix.Options(timezone=ZoneInfo("Europe/Moscow")) == zabbix.options(
        {"timezone": "Europe/Moscow"}
    )


def test_own_words_for_severities_are_added_to_the_known_ones() -> None:
    """A source's own severity overrides, in any case of letters; the rest keep their meaning."""
    severities = grafana.options({"severities": {"Ужас": "high", "critical": "high"}}).severities

    assert severities["ужас"] == Severity.HIGH
    assert severities["critical"] == Severity.HIGH
    assert severities["page"] == Severity.DISASTER


def test_a_path_may_be_dotted_indexed_or_begin_at_the_top() -> None:
    """`a.b[0]` and `a.b.0` are one place in the alert, `$.a` is one in the whole body."""
    fields = generic.options({"fields": {"name": "a.b[0]", "host": "$.a", "key": "a.b.0"}}).fields

    assert (Path(("a", "b", "0")),) == fields["name"] == fields["key"]
    assert (Path(("a",), rooted=True),) == fields["host"]


def test_own_statuses_keep_the_known_ones() -> None:
    """What is mapped is added: `ok` still means resolved."""
    statuses = generic.options({"statuses": {"Broken": "firing"}}).statuses

    assert statuses["broken"] == Kind.FIRING
    assert statuses["ok"] == Kind.RESOLVED


@pytest.mark.parametrize(
    ("kind", "given", "complaint"),
    [
        ("zabbix", {"timezone": "Mars/Olympus"}, "timezone 'Mars/Olympus' is no IANA time zone"),
        ("zabbix", {"timezone": "/etc/passwd"}, "timezone '/etc/passwd' is no IANA time zone"),
        ("zabbix", {"timezone": 3}, "timezone '3' is no IANA time zone"),
        ("grafana", {"host_labels": "host"}, "host_labels must be a list of names"),
        ("grafana", {"service_labels": [1]}, "service_labels must be a list of names"),
        ("grafana", {"severities": ["x"]}, "severities must be a mapping whose keys are texts"),
        (
            "alertmanager",
            {"severities": {"bad": "awful"}},
            "severities: 'bad' must be one of: information, warning, average, high, disaster; "
            "not 'awful'",
        ),
        ("generic", {"statuses": {1: "firing"}}, "statuses must be a mapping whose keys are texts"),
        ("generic", {"fields": {"colour": "a"}}, "fields: unknown colour; there are: key, "),
        ("generic", {"fields": {"name": []}}, "fields.name must be a path, a list of paths or "),
        ("generic", {"labels": {"a": 1}}, "labels.a must be a path, a list of paths or {value: …}"),
        ("generic", {"items": ["a"]}, "items must be the path of a list"),
    ],
)
def test_a_wrong_option_is_named_with_what_is_wrong(
    kind: str, given: dict[str, object], complaint: str
) -> None:
    """The message is for whoever wrote the configuration."""
    with pytest.raises(ValueError, match=re.escape(complaint)):
        adapter("watcher.receivers", kind).options(given)
