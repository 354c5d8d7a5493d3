"""Alertmanager is asked what fires and takes silences; what ended only Prometheus can prove."""

from base64 import b64encode
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from tests.fakes import FakeClock
from tests.monitors.alertmanager_api import AlertmanagerServer, running_alertmanager
from tests.monitors.given import NOW, access, answer, held, read
from watcher.model.action import Verdict
from watcher.model.answer import Verb
from watcher.model.event import Kind
from watcher.model.survey import Held, Survey
from watcher.monitors.alertmanager import monitor, options
from watcher.monitors.base import Monitor, MonitorError, Trouble

BEGUN = NOW - timedelta(hours=1) + timedelta(microseconds=325_695)
LATER = NOW - timedelta(minutes=1)


@pytest.fixture
def server() -> Iterator[AlertmanagerServer]:
    """An Alertmanager that has run for days."""
    with running_alertmanager() as made:
        yield made


def _asked(server: AlertmanagerServer, token: str = "", **given: object) -> Monitor:
    return monitor(access("alertmanager", server.url, token, **given), FakeClock(NOW))


def _survey(server: AlertmanagerServer, *spans: Held, **given: object) -> Survey:
    return _asked(server, "", **given).survey(spans, "", NOW)


def _span(alert: dict[str, Any]) -> Held:
    """The span as the webhook told of it."""
    (event,) = read("alertmanager", [{"version": "4", "status": "firing", "alerts": [alert]}])
    return held(event)


def _down(server: AlertmanagerServer) -> Held:
    alert = server.fires(BEGUN, alertname="Down", instance="a", severity="critical", dc="north")
    return _span(alert)


def _rule(**given: object) -> dict[str, Any]:
    """A rule of Prometheus that is at rest."""
    return {
        "name": "Down",
        "labels": {"severity": "critical", "team": "{{ $labels.team }}"},
        "health": "ok",
        "lastEvaluation": f"{LATER:%Y-%m-%dT%H:%M:%S}.123456789Z",
        "state": "inactive",
        "type": "alerting",
        "alerts": [],
        **given,
    }


def test_a_survey_names_alerts_as_the_webhook_does(server: AlertmanagerServer) -> None:
    """The keys are the same both ways, though the API cuts times off after the milliseconds."""
    span = _down(server)

    survey = _survey(server)

    (event,) = read("alertmanager", survey.bodies)
    assert (span.key, span.occurrence) == (event.key, event.occurrence)
    assert (span.labels, "it is down") == (event.labels, event.summary)
    assert (frozenset({span.occurrence}), True) == (survey.open, survey.complete)


def test_only_what_goes_to_our_receiver_is_taken_in(server: AlertmanagerServer) -> None:
    """Alerts of others are not ours, unless Watcher holds them already or wants everything."""
    kept = _span(server.fires(BEGUN, "pager", alertname="Kept"))
    server.fires(BEGUN, "pager", alertname="Other")

    assert frozenset() == _survey(server).open
    assert frozenset({kept.occurrence}) == _survey(server, kept).open
    assert 2 == len(_survey(server, receiver="").open)


def test_a_receiver_that_is_not_there_is_trouble(server: AlertmanagerServer) -> None:
    """Asked about a receiver of another name, it would seem that nothing ever fires."""
    with pytest.raises(MonitorError, match="no receiver 'Watcher'") as caught:
        _survey(server, receiver="Watcher")

    assert Trouble.STRANGE is caught.value.trouble


def test_what_is_not_shown_is_not_over(server: AlertmanagerServer) -> None:
    """Alertmanager forgets: without Prometheus there is no proof of any end."""
    span = _down(server)
    server.alerts.clear()

    survey = _survey(server, span)

    assert (frozenset(), {}, True) == (survey.open, survey.endings, survey.complete)


def test_an_alertmanager_that_has_just_started_is_no_complete_answer(
    server: AlertmanagerServer,
) -> None:
    """Until those who send alerts have repeated them, they are missing."""
    span = _down(server)
    server.alerts.clear()
    server.rules.append(_rule())
    server.started_at = NOW - timedelta(minutes=2)

    survey = _survey(server, span, prometheus_url=server.url)

    assert ({}, False) == (survey.endings, survey.complete)
    assert "Alertmanager has just started and does not know of all alerts yet" == survey.problem


def test_a_rule_at_rest_proves_an_end(server: AlertmanagerServer) -> None:
    """With the address of Prometheus, its rule says when the alert was over at the latest."""
    span = _down(server)
    server.alerts.clear()
    server.rules += [_rule(), _rule(name="Other"), _rule(labels={"severity": "warning"})]

    survey = _survey(server, span, prometheus_url=f"{server.url}/")

    ending = survey.endings[span.occurrence]
    (event,) = read("alertmanager", [ending.body])
    assert (Kind.RESOLVED, span.key, span.occurrence) == (event.kind, event.key, event.occurrence)
    assert LATER.replace(microsecond=123_456) == event.at
    assert ("its rule in Prometheus is at rest", False) == (ending.why, ending.recorded)


@pytest.mark.parametrize(
    "rule",
    [
        _rule(health="err"),
        _rule(lastEvaluation="0001-01-01T00:00:00Z"),
        _rule(alerts=[{"labels": {"alertname": "Down", "instance": "a"}, "state": "firing"}]),
        _rule(name="Other"),
    ],
)
def test_a_rule_that_may_still_fire_proves_nothing(
    server: AlertmanagerServer, rule: dict[str, Any]
) -> None:
    """A fault, no evaluation, an alert like it or another rule leave the span open."""
    span = _down(server)
    server.alerts.clear()
    server.rules.append(rule)

    survey = _survey(server, span, prometheus_url=server.url)

    assert ({}, True) == (survey.endings, survey.complete)


def test_without_prometheus_the_answer_is_not_complete(server: AlertmanagerServer) -> None:
    """Where it is to be asked and does not answer, that is said."""
    span = _down(server)
    server.alerts.clear()
    server.rules_status = "error"

    survey = _survey(server, span, prometheus_url=server.url)

    assert ({}, False) == (survey.endings, survey.complete)
    assert "/api/v1/rules: no success" in survey.problem


def test_a_silence_is_for_this_alert_alone(server: AlertmanagerServer) -> None:
    """It has all labels of the alert and none that Watcher added."""
    alert = server.fires(BEGUN, alertname="DatasourceNoData", datasource_uid="p", rulename="Down")
    alert["generatorURL"] = "https://grafana.example.org/alerting/grafana/uid-1/view"
    wish = answer(Verb.SILENCE, _span(alert), until=NOW + timedelta(hours=2))
    asked = _asked(server)

    outcomes = [asked.answer(wish), asked.answer(wish)]

    (silence,) = server.silences
    assert ["alertname", "datasource_uid", "rulename"] == [
        each["name"] for each in silence["matchers"]
    ]
    assert [Verdict.DONE, Verdict.DONE] == [each.verdict for each in outcomes]
    assert {"silences": "1-2"} == outcomes[0].details


def test_nothing_but_silences_can_be_told(server: AlertmanagerServer) -> None:
    """It has no acknowledgement, no comment and no dashboard."""
    outcome = _asked(server).answer(answer(Verb.ANNOTATE))

    assert (Verdict.GAVE_UP, "Alertmanager has no way to annotate an alert") == (
        outcome.verdict,
        outcome.reason,
    )


@pytest.mark.parametrize(
    ("user", "shown"),
    [("", "Bearer s3cret"), ("ann", f"Basic {b64encode(b'ann:s3cret').decode()}")],
)
def test_a_proxy_before_it_is_shown_who_asks(
    server: AlertmanagerServer, user: str, shown: str
) -> None:
    """As a bearer token, or as the password of a user."""
    server.authorization = shown

    assert _asked(server, "s3cret", user=user).survey([], "", NOW).complete
    wish = answer(Verb.SILENCE, until=NOW + timedelta(hours=1))
    refused = _asked(server, "other", user=user).answer(wish)
    assert (Verdict.GAVE_UP, True) == (refused.verdict, "401" in refused.reason)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"tokens": "x"}, "unknown option tokens; there are: receiver, user, prometheus_url"),
        ({"user": 7}, "user must be a text"),
        ({"prometheus_url": "prometheus:9090"}, "prometheus_url: the URL must begin with http"),
    ],
)
def test_odd_options_are_refused(given: dict[str, object], words: str) -> None:
    """The message says what there is."""
    with pytest.raises(ValueError, match=words):
        options(given)
