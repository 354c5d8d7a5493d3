"""Grafana is asked what fires and what is at rest, and takes silences and marks."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import orjson
import pytest

from tests.fakes import FakeClock
from tests.monitors.given import NOW, access, answer, held, read
from tests.monitors.grafana_alerts import BEGUN, Instance, Rule
from tests.monitors.grafana_api import GrafanaServer, Request, running_grafana
from tests.peers import closed_port
from watcher.kit.http import Limits
from watcher.model.action import Verdict
from watcher.model.answer import Verb
from watcher.model.event import Event, Kind
from watcher.model.survey import Held, Survey
from watcher.monitors._json_api import JsonApi
from watcher.monitors.base import Monitor, MonitorError, Trouble
from watcher.monitors.grafana import monitor, options

ALERTS = "/api/alertmanager/grafana/api/v2/alerts"
RULES = "/api/prometheus/grafana/api/v1/rules"
SILENCES = "/api/alertmanager/grafana/api/v2/silences"
LATER = BEGUN + timedelta(minutes=40)


@pytest.fixture(params=[10, 11, 12, 13])
def grafana(request: pytest.FixtureRequest) -> Iterator[GrafanaServer]:
    """A Grafana of every version that answers otherwise."""
    with running_grafana(request.param) as server:
        yield server


@pytest.fixture
def newest() -> Iterator[GrafanaServer]:
    """The newest Grafana, for what is the same in all."""
    with running_grafana(13) as server:
        yield server


def _asked(
    server: GrafanaServer,
    role: str = "Viewer",
    clock: FakeClock | None = None,
    *,
    receiver: str = "Watcher",
) -> Monitor:
    return monitor(
        access("grafana", server.url, server.token(role), receiver=receiver),
        clock or FakeClock(NOW),
    )


def _survey(server: GrafanaServer, *spans: Held, receiver: str = "Watcher") -> Survey:
    return _asked(server, receiver=receiver).survey(spans, "", NOW)


def _down(server: GrafanaServer) -> tuple[Rule, Instance]:
    rule = server.rule("uid-down", "BillingDown", labels={"severity": "critical"})
    rule.evaluated_at = BEGUN
    return rule, rule.fires(since=BEGUN.replace(microsecond=123_456))


def _span(instance: Instance) -> Held:
    """The span as the webhook of this instance told of it."""
    (event,) = read("grafana", [instance.webhook()])
    return held(event)


def _slow(clock: FakeClock) -> Callable[[Request], None]:
    """Every change takes forty seconds."""

    def before(request: Request) -> None:
        if request.method == "POST":
            clock.advance(timedelta(seconds=40))

    return before


def _event(survey: Survey, span: Held) -> Event:
    (event,) = read("grafana", [survey.endings[span.occurrence].body])
    return event


def test_a_survey_names_alerts_as_the_webhook_does(grafana: GrafanaServer) -> None:
    """The same alert has the same keys both ways, though the API gives milliseconds only."""
    _, instance = _down(grafana)
    (told,) = read("grafana", [instance.webhook()])

    survey = _survey(grafana)

    (event,) = read("grafana", survey.bodies)
    shown = replace(event, started_at=told.started_at, at=told.at, url=told.url)
    assert told == shown
    assert frozenset({told.occurrence}) == survey.open
    assert (True, "") == (survey.complete, survey.problem)


@pytest.mark.parametrize("state", ["NoData", "Error"])
def test_a_stand_in_for_a_rule_is_the_same_both_ways(newest: GrafanaServer, state: str) -> None:
    """An alert about a rule that cannot be evaluated keeps its own name and keys."""
    rule = newest.rule("uid-queue", "BillingQueue", health=state.lower(), evaluated_at=LATER)
    series = {"datasource_uid": "prometheus", "ref_id": "A"}
    instance = rule.fires(series, state=state)

    survey = _survey(newest, _span(instance))

    (event,) = read("grafana", survey.bodies)
    assert _span(instance).key == event.key
    assert "BillingQueue: " in event.name
    assert {} == survey.endings


def test_only_what_goes_to_our_contact_point_is_taken_in(newest: GrafanaServer) -> None:
    """Alerts of others are not ours, unless Watcher holds them already or wants everything."""
    rule = newest.rule("uid-down", "BillingDown")
    rule.fires({"instance": "a"}, receiver="Pager")
    kept = rule.fires({"instance": "b"}, receiver="Pager")
    ours = rule.fires({"instance": "c"})

    assert {_span(ours).occurrence} == _survey(newest).open
    both = {_span(kept).occurrence, _span(ours).occurrence}
    assert both == _survey(newest, _span(kept)).open
    assert 3 == len(_survey(newest, receiver="").open)


@pytest.mark.parametrize("muted", [False, True])
def test_what_is_held_back_there_is_told_apart(newest: GrafanaServer, muted: bool) -> None:
    """A silence, an inhibition and a mute time keep an alert from people; it fires all the same."""
    rule = newest.rule("uid-down", "BillingDown")
    instance = rule.fires(muted=muted, silenced=not muted)

    survey = _survey(newest)

    assert frozenset({_span(instance).occurrence}) == survey.suppressed == survey.open


def test_an_alert_at_rest_ends_when_its_series_did(grafana: GrafanaServer) -> None:
    """The end is dated by Grafana, is proven by the rule, and was recorded by nobody."""
    rule, instance = _down(grafana)
    span = _span(instance)
    rule.rests(instance, LATER)

    survey = _survey(grafana, span)

    event = _event(survey, span)
    assert (Kind.RESOLVED, LATER) == (event.kind, event.at)
    assert (span.key, span.occurrence) == (event.key, event.occurrence)
    assert span.labels == event.labels
    assert not survey.endings[span.occurrence].recorded
    assert survey.complete


def test_a_series_that_is_gone_ends_with_the_evaluation(newest: GrafanaServer) -> None:
    """A rule that was evaluated well and lacks the series has nothing more to say of it."""
    rule, instance = _down(newest)
    span = _span(instance)
    rule.instances.clear()
    rule.evaluated_at = LATER

    assert LATER == _event(_survey(newest, span), span).at


@pytest.mark.parametrize(
    "change",
    [
        {"health": "error"},
        {"health": "nodata"},
        {"paused": True},
        {"evaluated_at": BEGUN},
    ],
)
def test_a_rule_that_says_nothing_ends_nothing(
    newest: GrafanaServer, change: dict[str, Any]
) -> None:
    """A query that fails, a pause or an evaluation from before prove nothing about the alert."""
    rule, instance = _down(newest)
    span = _span(instance)
    rule.rests(instance, LATER)
    for name, value in change.items():
        setattr(rule, name, value)

    survey = _survey(newest, span)

    assert {} == survey.endings
    assert survey.complete


@pytest.mark.parametrize("state", ["Alerting", "Recovering"])
def test_an_instance_that_still_fires_ends_nothing(newest: GrafanaServer, state: str) -> None:
    """The Alertmanager in Grafana may forget what the rule still knows."""
    rule, instance = _down(newest)
    span = _span(instance)
    instance.state, instance.shown = state, False
    rule.evaluated_at = LATER

    survey = _survey(newest, span)

    assert (frozenset(), {}) == (survey.open, survey.endings)


def test_a_stand_in_ends_when_its_rule_is_well_again(newest: GrafanaServer) -> None:
    """What fired because no data came is over when data comes, even if the rule fires then."""
    rule = newest.rule("uid-queue", "BillingQueue", evaluated_at=BEGUN)
    instance = rule.fires({"datasource_uid": "prometheus", "ref_id": "A"}, state="NoData")
    span = _span(instance)
    rule.instances.clear()
    rule.fires({"instance": "10.0.0.5:9100"}, since=LATER)
    rule.evaluated_at = LATER

    assert LATER == _event(_survey(newest, span), span).at


def test_a_grafana_that_has_just_started_is_no_complete_answer(grafana: GrafanaServer) -> None:
    """Before the first evaluation there are no alerts, and rules that look well."""
    rule, instance = _down(grafana)
    span = _span(instance)
    rule.instances.clear()
    rule.evaluated_at = None

    survey = _survey(grafana, span)

    assert ({}, False) == (survey.endings, survey.complete)
    if grafana.version >= 11:
        assert "1 rules are not evaluated yet: Grafana has just started" == survey.problem


@pytest.mark.parametrize("answer", [(500, "{}"), (200, "<html>"), (200, '{"status": "error"}')])
def test_without_the_rules_nothing_ends(newest: GrafanaServer, answer: tuple[int, str]) -> None:
    """What fires is still taken in, and the answer says that it is not complete."""
    rule, instance = _down(newest)
    other = rule.fires({"instance": "other"})
    span = _span(instance)
    rule.rests(instance, LATER)
    newest.failing[RULES] = answer

    survey = _survey(newest, span)

    assert ({}, False) == (survey.endings, survey.complete)
    assert frozenset({_span(other).occurrence}) == survey.open
    assert survey.problem


def test_a_deleted_rule_ends_its_alerts(grafana: GrafanaServer) -> None:
    """Grafana says itself that there is no such rule."""
    rule, instance = _down(grafana)
    span = _span(instance)
    grafana.rules.remove(rule)

    survey = _survey(grafana, span)

    assert NOW == _event(survey, span).at
    assert "its rule was deleted in Grafana" == survey.endings[span.occurrence].why


def test_a_rule_that_is_hidden_from_the_token_ends_nothing(grafana: GrafanaServer) -> None:
    """Neither it nor others of its folder are listed, or others are: it exists all the same."""
    rule, instance = _down(grafana)
    span = _span(instance)
    instance.shown = False
    rule.visible = False
    alone = _survey(grafana, span)
    grafana.rule("uid-other", "Other", folder=rule.folder).fires()

    assert ({}, {}) == (alone.endings, _survey(grafana, span).endings)


def _of_another(server: GrafanaServer) -> Monitor:
    """Asks with the token of organisation 2."""
    return monitor(access("grafana", server.url, server.token("Editor", org=2)), FakeClock(NOW))


@pytest.mark.parametrize("there", [False, True])
def test_a_token_of_another_organisation_ends_nothing(grafana: GrafanaServer, there: bool) -> None:
    """There the rule looks deleted, or a namesake with the same uid at rest: it says nothing."""
    _, instance = _down(grafana)
    if there:
        grafana.rule("uid-down", "BillingDown", org=2, evaluated_at=LATER)

    with pytest.raises(MonitorError) as caught:
        _of_another(grafana).survey([_span(instance)], "1", NOW)

    assert Trouble.TOKEN is caught.value.trouble
    assert str(caught.value).startswith(
        "the token (or login) is of organisation 2 (Billing), but alerts of this source are of "
        "organisation 1: nothing is taken in and nothing ends"
    )


def test_the_organisation_is_remembered_where_no_alert_tells_it(newest: GrafanaServer) -> None:
    """What one survey learned holds for the next, whether or not anything fires."""
    _, instance = _down(newest)
    untold = replace(_span(instance), url="https://grafana.example.org/alerting/uid-down/edit")
    cursor = _survey(newest).cursor

    assert "1" == cursor
    for spans in ([], [untold]):
        with pytest.raises(MonitorError, match="organisation 2"):
            _of_another(newest).survey(spans, cursor, NOW)
    assert "2" == _of_another(newest).survey([], "", NOW).cursor


def test_alerts_tell_when_a_source_is_of_another_organisation_now(newest: GrafanaServer) -> None:
    """What is posted counts for more than what was learned once; two at a time are one too many."""
    _, old = _down(newest)
    moved = newest.rule("uid-moved", "BillingDown", org=2).fires({"instance": "b"})

    survey = _of_another(newest).survey([_span(moved)], "1", NOW)

    assert (frozenset({_span(moved).occurrence}), "2") == (survey.open, survey.cursor)
    with pytest.raises(MonitorError, match="are of organisation 1:"):
        _of_another(newest).survey([_span(moved), _span(old)], "2", NOW)


def test_what_a_survey_takes_in_says_its_organisation(newest: GrafanaServer) -> None:
    """As a post does, so that it is known of spans that nobody posted, too."""
    _down(newest)

    (event,) = read("grafana", _survey(newest).bodies)

    assert "https://grafana.example.org/alerting/grafana/uid-down/view?orgId=1" == event.url


@pytest.mark.parametrize(
    ("answer", "word"),
    [
        ((403, '{"message": "no"}'), "orgs:read (role Viewer)"),
        ((200, '{"name": "Main Org."}'), "an organisation without a number"),
    ],
)
def test_without_knowing_the_organisation_nothing_is_concluded(
    newest: GrafanaServer, answer: tuple[int, str], word: str
) -> None:
    """The message names the right that is missing."""
    newest.failing["/api/org"] = answer

    with pytest.raises(MonitorError) as caught:
        _survey(newest)

    assert word in str(caught.value)


def test_nothing_is_silenced_in_another_organisation(newest: GrafanaServer) -> None:
    """A silence there would hold nothing back, and look as if it did."""
    _, instance = _down(newest)
    wish = answer(Verb.SILENCE, _span(instance), until=NOW + timedelta(hours=2))

    outcome = _of_another(newest).answer(wish)

    assert Verdict.GAVE_UP is outcome.verdict
    assert "is of organisation 2 (Billing)" in outcome.reason
    assert [] == newest.silences


def test_where_rules_may_not_be_asked_for_nothing_is_known_of_them() -> None:
    """Before Grafana 10 a viewer may not ask for one rule: it may have gone to a hidden folder."""
    with running_grafana(9) as server:
        rule, instance = _down(server)
        span = _span(instance)
        server.rules.remove(rule)
        server.rule("uid-other", "Other", folder="Billing").fires()

        survey = _survey(server, span)

    assert ({}, True) == (survey.endings, survey.complete)


def test_a_rule_without_a_uid_is_known_by_name_and_folder() -> None:
    """Before Grafana 11 only instances tell the uid, and a rule may have none."""
    with running_grafana(10) as server:
        rule, instance = _down(server)
        span = _span(instance)
        rule.instances.clear()
        rule.evaluated_at = LATER
        server.rules.insert(0, Rule(10, "uid-twin", rule.name, "Elsewhere"))

        assert LATER == _event(_survey(server, span), span).at


def test_rules_are_read_page_by_page(newest: GrafanaServer) -> None:
    """A rule on the last page is found as well."""
    newest.page = 2
    for number in range(60):
        newest.rule(f"uid-{number}", f"Rule {number}", evaluated_at=LATER)
    spans = [_span(rule.fires({"n": str(i)})) for i, rule in enumerate(newest.rules)]
    for rule in newest.rules:
        rule.instances.clear()

    assert 60 == len(_survey(newest, *spans).endings)


def test_too_many_rules_that_are_not_listed_are_asked_for_bit_by_bit(
    newest: GrafanaServer,
) -> None:
    """Fifty rules are asked for one by one; beyond them the answer is not complete."""
    rules = [newest.rule(f"uid-{number}", f"Rule {number}") for number in range(51)]
    spans = [_span(rule.fires()) for rule in rules]
    newest.rules.clear()

    survey = _survey(newest, *spans)

    assert (50, False) == (len(survey.endings), survey.complete)
    assert "more than 50 rules are not listed" == survey.problem


def test_what_has_no_uid_or_fingerprint_ends_by_nothing_here(newest: GrafanaServer) -> None:
    """Alerts of the old alerting and of foreign senders cannot be found again."""
    _, instance = _down(newest)
    span = _span(instance)
    strange = replace(span, key="v1:src:rule:1:7", occurrence="v1:x", labels={})

    assert {} == _survey(newest, strange).endings


@pytest.mark.parametrize(
    ("role", "failing", "trouble", "word"),
    [
        ("", None, Trouble.TOKEN, "the token is wrong, expired or revoked"),
        ("Viewer", (403, '{"message": "no"}'), Trouble.RIGHTS, "alert.instances:read"),
        ("Viewer", (403, "no {token}"), Trouble.RIGHTS, "Forbidden: no ***"),
        ("Viewer", (503, "busy"), Trouble.UNREACHABLE, "503 Service Unavailable: busy"),
        ("Viewer", (302, ""), Trouble.STRANGE, "redirects are not followed"),
        ("Viewer", (404, "[]"), Trouble.STRANGE, "404 Not Found: []"),
        ("Viewer", (200, "<html>"), Trouble.STRANGE, "is no JSON"),
        ("Viewer", (200, "{}"), Trouble.STRANGE, "no list"),
        ("Viewer", (200, "[7]"), Trouble.STRANGE, "no object"),
        ("Viewer", (200, '[{"status": {}, "startsAt": "now"}]'), Trouble.STRANGE, "fingerprint"),
        (
            "Viewer",
            (200, '[{"status": {}, "fingerprint": "a", "startsAt": "now"}]'),
            Trouble.STRANGE,
            "a time that cannot be read",
        ),
        (
            "Viewer",
            (200, '[{"status": {}, "fingerprint": "a", "startsAt": "2026-11-22T09:00:00"}]'),
            Trouble.STRANGE,
            "a time without a zone",
        ),
    ],
)
def test_why_grafana_could_not_be_asked_is_said(
    newest: GrafanaServer, role: str, failing: tuple[int, str] | None, trouble: Trouble, word: str
) -> None:
    """Whoever can mend it reads what is wrong, and never the token."""
    token = newest.token(role) if role else "glsa_unknown"
    if failing:
        newest.failing[ALERTS] = failing[0], failing[1].replace("{token}", token)
    asked = monitor(access("grafana", newest.url, token), FakeClock(NOW))

    with pytest.raises(MonitorError) as caught:
        asked.survey([], "", NOW)

    assert trouble is caught.value.trouble
    assert word in str(caught.value)
    assert token not in str(caught.value)


def test_a_grafana_that_is_not_there_is_unreachable() -> None:
    """Nobody listens: that may pass."""
    url = f"http://127.0.0.1:{closed_port()}"

    with pytest.raises(MonitorError) as caught:
        monitor(access("grafana", url, "x"), FakeClock(NOW)).survey([], "", NOW)

    assert Trouble.UNREACHABLE is caught.value.trouble


def test_a_silence_is_for_this_alert_alone(grafana: GrafanaServer) -> None:
    """It is bound to the rule and all labels, says who set it, why and until when, and is set
    once.
    """
    _, instance = _down(grafana)
    span = _span(instance)
    asked = _asked(grafana, "Editor")
    until = NOW + timedelta(hours=2, microseconds=5)
    wish = answer(Verb.SILENCE, span, until=until)

    first, second = asked.answer(wish), asked.answer(wish)

    (silence,) = grafana.silences
    wanted = {
        name: value
        for name, value in instance.labels.items()
        if name != "__alert_rule_namespace_uid__"
    }
    assert wanted == {each["name"]: each["value"] for each in silence["matchers"]}
    assert {(False, True)} == {(each["isRegex"], each["isEqual"]) for each in silence["matchers"]}
    assert ("ann", "2026-11-22T12:00:00Z") == (silence["createdBy"], silence["endsAt"])
    assert (
        "Watcher: the disk is on its way · incident 12, https://watcher.example.org/incidents/12"
        == silence["comment"]
    )
    assert [Verdict.DONE, Verdict.DONE] == [first.verdict, second.verdict]
    assert ["1 silenced, 0 were already", "0 silenced, 1 were already"] == [
        first.reason,
        second.reason,
    ]


def test_a_longer_silence_is_set_beside_a_shorter_one(newest: GrafanaServer) -> None:
    """What ends too early does not count, nor what was ended or set by people."""
    _, instance = _down(newest)
    span = _span(instance)
    asked = _asked(newest, "Editor")
    asked.answer(answer(Verb.SILENCE, span, until=NOW + timedelta(hours=1)))
    asked.answer(answer(Verb.SILENCE, span, until=NOW + timedelta(hours=2)))
    newest.silences[1]["status"]["state"] = "expired"

    asked.answer(answer(Verb.SILENCE, span, until=NOW + timedelta(hours=2)))

    assert 3 == len(newest.silences)


@pytest.mark.parametrize(
    ("until", "verdict"), [(None, Verdict.GAVE_UP), (NOW - timedelta(hours=1), Verdict.DONE)]
)
def test_a_silence_without_time_is_not_set(
    newest: GrafanaServer, until: Any, verdict: Verdict
) -> None:
    """It needs an end, and one that is over already is none."""
    _, instance = _down(newest)

    outcome = _asked(newest, "Editor").answer(answer(Verb.SILENCE, _span(instance), until=until))

    assert (verdict, []) == (outcome.verdict, newest.silences)


def test_many_silences_are_set_in_turns(newest: GrafanaServer) -> None:
    """After a minute the rest is left to the next attempt, which does not begin anew."""
    rule = newest.rule("uid-down", "BillingDown")
    spans = [_span(rule.fires({"n": str(number)})) for number in range(3)]
    clock = FakeClock(NOW)
    asked = _asked(newest, "Editor", clock)
    newest.before = _slow(clock)
    wish = answer(Verb.SILENCE, *spans, until=NOW + timedelta(hours=2))

    first, second = asked.answer(wish), asked.answer(wish)

    assert (Verdict.RETRY, "2 of 3 silences are set") == (first.verdict, first.reason)
    assert (Verdict.DONE, 3) == (second.verdict, len(newest.silences))


@pytest.mark.parametrize(
    ("failing", "verdict", "word"),
    [
        (None, Verdict.GAVE_UP, "the token lacks the right alert.instances:create (role Editor)"),
        ((503, "busy"), Verdict.RETRY, "503"),
        ((429, "slowly"), Verdict.RETRY, "429"),
        ((400, "odd"), Verdict.GAVE_UP, "400 Bad Request: odd"),
    ],
)
def test_what_grafana_refuses_is_said(
    newest: GrafanaServer, failing: tuple[int, str] | None, verdict: Verdict, word: str
) -> None:
    """A right that lacks is named; what may pass is tried again."""
    _, instance = _down(newest)
    if failing:
        newest.failing[SILENCES] = failing
    wish = answer(Verb.SILENCE, _span(instance), until=NOW + timedelta(hours=2))

    outcome = _asked(newest, "Viewer").answer(wish)

    assert verdict is outcome.verdict
    assert word in outcome.reason


@pytest.mark.parametrize("panel", ["3", "", "odd"])
def test_an_incident_is_marked_on_the_dashboard(grafana: GrafanaServer, panel: str) -> None:
    """First as a moment; once it is over the same mark becomes a region."""
    rule, instance = _down(grafana)
    rule.annotations |= {"__dashboardUid__": "board", "__panelId__": panel}
    span = _span(instance)
    asked = _asked(grafana, "Editor")

    first = asked.answer(answer(Verb.ANNOTATE, span))
    second = asked.answer(answer(Verb.ANNOTATE, span, ended_at=LATER))

    (mark,) = grafana.annotations
    assert [Verdict.DONE, Verdict.DONE] == [first.verdict, second.verdict]
    assert ("board", 3 if panel == "3" else 0) == (mark["dashboardUID"], mark["panelId"])
    assert ["watcher", "incident:12"] == mark["tags"]
    assert (span.started_at.timestamp() * 1000 // 1, LATER.timestamp() * 1000) == (
        mark["time"],
        mark["timeEnd"],
    )
    assert mark["text"].startswith("Watcher: ")


def test_an_alert_without_a_dashboard_is_marked_nowhere(newest: GrafanaServer) -> None:
    """There is nothing to mark, and nothing to try again; a rule that is gone has none either."""
    rule, instance = _down(newest)
    span = _span(instance)
    asked = _asked(newest, "Editor")

    first = asked.answer(answer(Verb.ANNOTATE, span))
    newest.rules.remove(rule)
    second = asked.answer(answer(Verb.ANNOTATE, replace(span, labels={})))

    assert "no rule of these alerts is linked to a dashboard" == first.reason == second.reason
    assert [Verdict.DONE, Verdict.DONE] == [first.verdict, second.verdict]


def test_many_panels_are_marked_in_turns(newest: GrafanaServer) -> None:
    """After a minute the rest is left to the next attempt."""
    rules = [
        newest.rule(f"uid-{number}", "Down", annotations={"__dashboardUid__": f"board-{number}"})
        for number in range(3)
    ]
    clock = FakeClock(NOW)
    asked = _asked(newest, "Editor", clock)
    newest.before = _slow(clock)

    outcome = asked.answer(answer(Verb.ANNOTATE, *(_span(rule.fires()) for rule in rules)))

    assert (Verdict.RETRY, "2 of 3 panels are marked") == (outcome.verdict, outcome.reason)


@pytest.mark.parametrize("verb", [Verb.ACKNOWLEDGE, Verb.COMMENT, Verb.SEVERITY, Verb.CLOSE])
def test_what_grafana_has_no_place_for_is_given_up(newest: GrafanaServer, verb: Verb) -> None:
    """It cannot be told, and says so without being asked."""
    asked = _asked(newest)

    outcome = asked.answer(answer(verb))

    assert verb not in asked.verbs
    assert (Verdict.GAVE_UP, f"Grafana has no way to {verb} an alert") == (
        outcome.verdict,
        outcome.reason,
    )
    assert [] == newest.calls


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"receivers": "x"}, "unknown option receivers; there are: receiver"),
        ({"receiver": 7}, "receiver must be the name of a contact point"),
    ],
)
def test_odd_options_are_refused(given: dict[str, object], words: str) -> None:
    """The message says what there is."""
    with pytest.raises(ValueError, match=words):
        options(given)


def test_a_long_value_is_left_out_of_a_silence(newest: GrafanaServer) -> None:
    """A label whose value was cut on its way to Watcher would match nothing."""
    rule = newest.rule("uid-down", "BillingDown")
    instance = rule.fires({"instance": "a", "query": "x" * 5000, "empty": ""})
    wish = answer(Verb.SILENCE, _span(instance), until=NOW + timedelta(hours=2))

    _asked(newest, "Editor").answer(wish)

    names = {each["name"] for each in newest.silences[0]["matchers"]}
    assert {"instance", "alertname", "grafana_folder", "__alert_rule_uid__"} == names


def test_a_label_that_is_named_like_ours_misleads_nobody(newest: GrafanaServer) -> None:
    """The rule is known by Grafana's own link, whatever labels an alert has."""
    rule = newest.rule("uid-down", "BillingDown", labels={"rule_uid": "../other"})
    instance = rule.fires()
    span = _span(instance)
    instance.shown = False
    rule.evaluated_at = LATER

    assert {} == _survey(newest, span).endings
    rule.rests(instance, LATER)
    assert 1 == len(_survey(newest, span).endings)


def test_an_answer_that_is_too_long_is_no_answer() -> None:
    """What breaks off may lack alerts: nothing is concluded from it."""
    with running_grafana(13) as server:
        server.failing[ALERTS] = (200, "[" + " " * 2000 + "]")
        api = JsonApi(server.url, limits=Limits(size=1000))

        with pytest.raises(MonitorError, match="broke off or is too long"):
            api.get(ALERTS)
        with pytest.raises(MonitorError, match="must begin with http"):
            JsonApi("grafana:3000").get(ALERTS)


def test_rules_without_end_are_no_answer(newest: GrafanaServer) -> None:
    """A page that names itself as the next one would be read for ever."""
    rule, instance = _down(newest)
    span = _span(instance)
    newest.rules.remove(rule)
    page = '{"status": "success", "data": {"groups": null, "groupNextToken": "again"}}'
    newest.failing[RULES] = (200, page)

    survey = _survey(newest, span)

    assert (False, f"{RULES}: its pages have no end; is that its API?") == (
        survey.complete,
        survey.problem,
    )


def test_recording_rules_are_no_alerts(newest: GrafanaServer) -> None:
    """They are listed among the others and never fire; and a rule may tell no time at all."""
    rule, instance = _down(newest)
    span = _span(instance)
    listed = {"uid": rule.uid, "health": "ok", "lastEvaluation": LATER.isoformat()}
    recording = {**listed, "type": "recording"}
    untimed = {**listed, "uid": "other", "type": "alerting", "lastEvaluation": None}
    data = {"groups": [{"file": "x", "rules": [recording, untimed]}]}
    newest.failing[RULES] = (200, orjson.dumps({"status": "success", "data": data}).decode())
    instance.shown = False

    assert {} == _survey(newest, span).endings


def test_where_one_rule_cannot_be_asked_for_nothing_ends(newest: GrafanaServer) -> None:
    """A fault is not a deletion."""
    rule, instance = _down(newest)
    span = _span(instance)
    newest.rules.remove(rule)
    newest.failing["/api/v1/provisioning/alert-rules"] = (500, "")

    survey = _survey(newest, span)

    assert ({}, False) == (survey.endings, survey.complete)
