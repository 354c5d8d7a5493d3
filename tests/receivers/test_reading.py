"""Details of single receivers that a golden file would not say plainly."""

import json
from datetime import UTC, datetime

import pytest

from watcher.kit.plugins import adapter
from watcher.model.answer import MARK
from watcher.model.event import Event, Kind, Reading
from watcher.receivers import base

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def _read(kind: str, body: object, **given: object) -> Reading:
    receiver = adapter("watcher.receivers", kind)
    context = base.Context("src", NOW, receiver.options(given))
    reading = receiver.parse(json.dumps(body).encode(), context)
    assert isinstance(reading, Reading)
    return reading


def _event(kind: str, body: object, **given: object) -> Event:
    (event,) = _read(kind, body, **given).events
    return event


@pytest.mark.parametrize(
    ("kind", "body", "reason"),
    [
        ("zabbix", [], "the body is a list, not an object"),
        ("zabbix", {"event_id": "x", "event_value": "1"}, "event_id is 'x', not a number"),
        ("zabbix", {"event_value": "1"}, "event_id is '', not a number"),
        ("zabbix", {"event_id": "1"}, "event_value is nothing, neither 0 nor 1"),
        ("zabbix", {"event_id": "1", "event_name": {}}, "event_name is an object, not a text"),
        ("grafana", {"alerts": {}}, "alerts is an object, not a list"),
        ("grafana", {"alerts": [7]}, "alerts[0] is a number, not an object"),
        (
            "grafana",
            {"alerts": [{"status": "firing"}, {"status": "gone"}]},
            "alerts[1].status is 'gone', not firing or resolved",
        ),
        ("grafana", {"alerts": [{}]}, "alerts[0].status is nothing, not firing or resolved"),
        (
            "grafana",
            {"alerts": [{"status": "firing", "labels": "a=b"}]},
            "alerts[0].labels is a text, not an object",
        ),
        (
            "grafana",
            {"text": "custom"},
            "alerts is missing: this is no standard body of a Grafana webhook; "
            "without a custom payload template it will be",
        ),
        ("grafana", {"evalMatches": []}, "ruleId is missing"),
        (
            "grafana",
            {"ruleId": 1, "state": "odd"},
            "state is 'odd', none of alerting, no_data, ok, paused, pending",
        ),
        (
            "grafana",
            {"ruleId": 1, "state": "ok", "evalMatches": [True]},
            "evalMatches[0] is a truth value, not an object",
        ),
        (
            "alertmanager",
            {"version": "4"},
            "alerts is missing: this is no body of an Alertmanager webhook",
        ),
        ("alertmanager", {"alerts": [], "version": "5"}, "version is '5', neither 3 nor 4"),
        ("generic", 7, "the body is a number, not an object"),
        ("generic", [{"name": "a"}, None], "body[1] is nothing, not an object"),
        (
            "generic",
            {"host": "a"},
            "the body has no name: map one with `fields: {name: …}`",
        ),
        ("generic", {"name": ["a"]}, "the body: name is a list, not a text"),
        ("generic", {"name": "a", "labels": [1]}, "the body: labels is a list, not an object"),
    ],
)
def test_the_reason_names_the_field_that_is_wrong(kind: str, body: object, reason: str) -> None:
    """Whoever reads the dead letter learns what to mend, in a plain sentence."""
    with pytest.raises(base.Unparsable) as caught:
        _read(kind, body)

    assert reason == caught.value.reason


def test_an_unknown_status_of_a_plain_body_names_the_known_ones() -> None:
    """A word that the source uses for a status is mended by mapping it."""
    with pytest.raises(base.Unparsable, match=r"status is 'purple', none of firing, update"):
        _read("generic", {"name": "a", "status": "purple"})


def test_a_missing_list_of_items_is_named_by_its_path() -> None:
    """With `items` the body must hold that list."""
    with pytest.raises(base.Unparsable, match=r"^\$\.data\.alerts is nothing, not a list$"):
        _read("generic", {"data": {}}, items="$.data.alerts")


def test_one_wrong_alert_spoils_the_whole_body() -> None:
    """A body with several alerts is read whole or not at all."""
    with pytest.raises(base.Unparsable, match=r"^body\[1\] has no name"):
        _read("generic", [{"name": "a"}, {}])


def test_a_test_alert_among_others_is_left_out() -> None:
    """The alert of a contact point's test button never becomes an incident."""
    test = {"status": "firing", "labels": {"alertname": "TestAlert", "instance": "Grafana"}}
    real = {"status": "firing", "labels": {"alertname": "Real"}}

    assert _event("grafana", {"alerts": [test, real]}).name == "Real"


def test_a_legacy_rule_that_waits_is_no_alert() -> None:
    """`pending` says that a rule may fire soon, which nobody can act upon."""
    reading = _read("grafana", {"ruleId": 1, "state": "pending"})

    assert Reading((), "the rule waits before it fires: that is no alert yet") == reading


def test_an_alert_that_resolved_at_no_known_time_resolved_now() -> None:
    """Without a readable end the time of the delivery is the best that is known."""
    event = _event("alertmanager", {"alerts": [{"status": "resolved", "endsAt": "soon"}]})

    assert (event.kind, event.at) == (Kind.RESOLVED, NOW)


def test_a_stand_in_without_the_name_of_its_rule_keeps_its_own() -> None:
    """DatasourceError of a rule that is not named is still told apart by its mark."""
    labels = {"alertname": "DatasourceError", "datasource_uid": "d"}
    event = _event("grafana", {"alerts": [{"status": "firing", "labels": labels}]})

    assert event.name == "DatasourceError: error"
    assert event.labels["grafana_twin"] == "error"


def test_an_update_that_says_nothing_is_still_noted() -> None:
    """The truncated body of an update names neither user nor action."""
    body = {"event_id": "1", "event_value": "1", "event_update_status": "1"}

    assert _event("zabbix", body).note == "updated in Zabbix"


def test_a_closing_update_without_dates_counts_from_its_arrival() -> None:
    """An update on a resolved event resolves it even where no date came along."""
    body = {"event_id": "1", "event_value": "0", "event_update_status": "1"}

    assert [(event.kind, event.at) for event in _read("zabbix", body).events] == [
        (Kind.RESOLVED, NOW),
        (Kind.UPDATE, NOW),
    ]


def test_lost_tags_and_a_cut_are_both_remarked() -> None:
    """Neither loses the alert."""
    body = {"event_id": "1", "event_value": "1", "truncated": "1", "event_tags_json": "[7]"}

    assert _read("zabbix", body).note == (
        "the tags cannot be read and are missing; "
        "Zabbix cut the message at its limit: long texts are missing"
    )


@pytest.mark.parametrize(
    ("body", "parts"),
    [
        ({"trigger_id": "24117", "host_id": "10684"}, "24117:10684"),
        ({"trigger_id": "24117", "host_host": "10684"}, "24117:host:10684"),
        ({"event_name": "24117", "host_id": "10684"}, "name:24117:10684"),
        ({"event_name": "CPU is at 97 %", "host_name": "db1"}, "name:CPU is at <measure>:host:db1"),
    ],
)
def test_a_name_in_a_key_is_never_taken_for_an_id(body: dict[str, str], parts: str) -> None:
    """Where Zabbix sends no ids, names stand in for them and say so."""
    event = _event("zabbix", {"event_id": "1", "event_value": "1"} | body)

    assert f"v1:src:{parts}" == event.key


def test_volatile_values_are_masked_in_the_key_only() -> None:
    """Without an id of the sender the same check is one condition, whatever it measured."""
    one, other = (_event("generic", {"name": f"CPU is at {value} %"}) for value in (91.5, 97))
    given = _event("generic", {"key": "CPU is at 97 %", "name": "CPU"})

    assert one.key == other.key == "v1:src::CPU is at <measure>"
    assert ("CPU is at 91.5 %", "CPU is at 97 %") == (one.name, other.name)
    assert "v1:src:CPU is at 97 %25" == given.key


@pytest.mark.parametrize("kind", ["zabbix", "grafana", "alertmanager", "generic"])
def test_the_same_trigger_on_two_hosts_is_two_conditions(kind: str) -> None:
    """Whatever else they share."""
    trigger = {"event_id": "1", "event_value": "1", "trigger_id": "9", "name": "Disk is full"}
    keys = set()
    for host in ("db1", "db2"):
        labels = {"alertname": "Disk is full", "instance": host}
        alert = {"status": "firing", "labels": labels, "ruleUID": "r1"}
        group = {"alerts": [alert]}
        body = group if kind in {"grafana", "alertmanager"} else trigger
        keys |= {
            event.key for event in _read(kind, body | {"host": host, "host_host": host}).events
        }

    assert 2 == len(keys)


def test_a_text_beyond_its_limit_is_marked_where_it_was_cut() -> None:
    """Nobody takes a cut text for the whole of it."""
    assert base.clean("ab\x00cdef", 5) == "abcd…"
    assert base.clean("ab\x00cde", 5) == "abcde"


def test_links_that_are_no_web_addresses_are_dropped() -> None:
    """A link out of an alert is shown to people: only http and https may be followed."""
    assert not base.link("javascript:alert(1)")
    assert not base.link("https://example.org/" + "x" * 3000)
    assert not base.link(None)
    assert base.link("http://example.org/a") == "http://example.org/a"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1795338840, "2026-11-22T09:14:00+00:00"),
        (1795338840.5, "2026-11-22T09:14:00.500000+00:00"),
        (1795338840000, "2026-11-22T09:14:00+00:00"),
        ("1795338840", "2026-11-22T09:14:00+00:00"),
        ("1795338840000", "2026-11-22T09:14:00+00:00"),
        ("2026-11-22T12:14:00+03:00", "2026-11-22T09:14:00+00:00"),
        ("2026-11-22 09:14:00", "2026-11-22T09:14:00+00:00"),
        ("2026-11-22T09:14:00.123456789Z", "2026-11-22T09:14:00.123456+00:00"),
        ("2026-11-23T13:59:00Z", "2026-11-23T13:59:00+00:00"),
        ("2026-11-23T14:01:00Z", None),
        ("0001-01-01T00:00:00Z", None),
        ("yesterday", None),
        ("9" * 400, None),
        (1e300, None),
        (-(10**18), None),
        (True, None),
        (None, None),
        ({}, None),
    ],
)
def test_times_are_read_in_every_form_or_not_at_all(value: object, expected: str | None) -> None:
    """ISO 8601 and epochs become UTC; zero, far and unreadable times count as none."""
    read = base.moment(value, NOW)

    assert expected == (read.isoformat() if read else None)


@pytest.mark.parametrize(
    ("action", "acknowledged"),
    [
        ("acknowledged", True),
        ("acknowledged and commented", True),
        ("acknowledged, commented and changed severity from Average to Disaster", True),
        ("unacknowledged", False),
        ("unacknowledged and commented", False),
        ("commented and closed", None),
        ("", None),
    ],
)
def test_what_zabbix_says_was_done_tells_whether_somebody_took_it_on(
    action: str, acknowledged: bool | None
) -> None:
    """The action is prose; who did it is named only where it is about that."""
    body = {
        "event_id": "7",
        "event_value": "1",
        "event_update_status": "1",
        "event_update_action": action,
        "user_fullname": "Anna Orlova (anna)",
    }

    event = _event("zabbix", body)

    named = "" if acknowledged is None else "Anna Orlova (anna)"
    assert (acknowledged, named) == (event.acknowledged, event.by)


def test_what_watcher_did_in_zabbix_itself_is_no_news() -> None:
    """Our own message comes back as an update: nobody took anything on, and nothing was said."""
    body = {
        "event_id": "7",
        "event_value": "1",
        "event_nseverity": "4",
        "event_update_status": "1",
        "event_update_action": "acknowledged and commented",
        "event_update_message": f"{MARK}acknowledged by ivan",
        "user_fullname": "Watcher (watcher)",
    }

    event = _event("zabbix", body)

    assert (Kind.UPDATE, "", None, "") == (event.kind, event.note, event.acknowledged, event.by)
