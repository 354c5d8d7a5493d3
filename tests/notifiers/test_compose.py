"""What a message says: for a phone, at three in the morning."""

from dataclasses import replace

import pytest

from tests.decide.problems import problem
from tests.notifiers.given import ALERT, AT, DIAGNOSIS, INCIDENT, RESOLVED, written
from watcher.decide.lifecycle import News
from watcher.model.alert import AlertStatus
from watcher.model.evidence import Highlight, Level, StepResult, StepStatus
from watcher.model.incident import Incident, Status, Term
from watcher.model.problem import Cost, Problem, ProblemStatus
from watcher.model.reason import Reason


def test_a_message_reads_well_at_three_in_the_morning() -> None:
    """What, where, how bad and why, the suspect, the diagnosis, the link: in this order."""
    message = written(diagnosis=DIAGNOSIS)

    assert message.subject == "[P1] billing: CPU is high on db01 (opened #42)"
    assert message.text == (
        "billing: CPU is high on db01\n"
        "P1 incident #42 was opened.\n"
        "\n"
        "Hosts:    db01, db02\n"
        "Alerts:   3, 2 still firing\n"
        "Since:    2026-03-14 03:04 UTC\n"
        "Suspect:  CPU is high on db01 (the first alert to fire)\n"
        "Customer: acme\n"
        "\n"
        "Why P1:\n"
        "- impact high: billing has criticality 4\n"
        "- urgency high: severity disaster\n"
        "\n"
        "Load of a Linux host on db01: 1 of 2 steps ran well. Nothing wrong was found. "
        "Not seen: Killed processes (exit code 1).\n"
        "\n"
        "https://watcher.example.com/incidents/42\n"
    )


def test_what_is_wrong_with_watcher_itself_says_who_mends_it() -> None:
    """Its own alerts tell it; those of others are told of by name, and no markup counts."""
    own = replace(
        ALERT, source="watcher", summary="It <b>fell</b>\nsilent: look at its media type."
    )
    over = replace(own, status=AlertStatus.RESOLVED, summary="Over.")
    message = written(alerts=(own, over, replace(ALERT, summary="Hot.")))

    said = "It <b>fell</b> silent: look at its media type."
    assert f"#42 was opened.\n\n{said}\n\nHosts:" in message.text
    assert not [each for each in ("Over.", "Hot.") if each in message.text]
    assert "It &lt;b&gt;fell&lt;/b&gt; silent" in (message.html or "")


@pytest.mark.parametrize(
    ("event", "incident", "line"),
    [
        (News.OPENED, INCIDENT, "P1 incident #42 was opened."),
        (News.OPENED, RESOLVED, "P1 incident #42 was opened and is over again after 3 min."),
        (
            News.OPENED,
            replace(INCIDENT, acknowledged_by="olga"),
            "P1 incident #42 was opened; olga is on it.",
        ),
        (News.RAISED, INCIDENT, "Incident #42 was raised to P1."),
        (News.RAISED, RESOLVED, "Incident #42 was raised to P1 and is over again after 3 min."),
        (News.REOPENED, INCIDENT, "Incident #42 is back: it had been over."),
        (News.REOPENED, RESOLVED, "Incident #42 is back: it had been over and is over again."),
        (
            News.RESOLVED,
            RESOLVED,
            "Incident #42 is resolved: it lasted 3 min, until 2026-03-14 03:07 UTC.",
        ),
        (News.RESOLVED, INCIDENT, "Incident #42 was resolved, but has come back meanwhile."),
        (News.EVIDENCE, INCIDENT, "What the first diagnoses of P1 incident #42 found:"),
        (
            News.CAUSE_RESOLVED,
            replace(INCIDENT, problem=3),
            "The cause of incident #42 is gone: problem 3 is resolved."
            " See whether the incident is over, too.",
        ),
    ],
)
def test_late_news_is_told_as_it_is_now(event: News, incident: Incident, line: str) -> None:
    """A message that had to wait says what has become of the incident meanwhile."""
    message = written(incident, event)

    assert line == message.text.splitlines()[1]
    assert line in message.html.replace("<b>", "").replace("</b>", "")
    assert f"({event.replace('_', ' ')} #42)" in message.subject


def test_the_end_of_a_cause_says_what_ended_it() -> None:
    """What was done, else what it was."""
    known = problem(3, fix="rotate the log", root_cause="no rotation")
    messages = [
        written(replace(INCIDENT, problem=3), News.CAUSE_RESOLVED, problem=each)
        for each in (known, replace(known, fix=""))
    ]

    assert "problem 3 is resolved (rotate the log)." in messages[0].text
    assert "problem 3 is <b>resolved</b> (no rotation)." in messages[1].html


KNOWN = problem(
    3,
    status="known_error",
    service="billing",
    workaround="logrotate -f\n<b>now</b>",
    runbook="linux-disk",
    owner="vera",
    worked=3,
    failed=1,
    cost=Cost(incidents=4),
)


def test_a_known_error_says_first_what_helps() -> None:
    """And how often it did; to whom the problem belongs, and where it is."""
    message = written(event=News.KNOWN_ERROR, problem=KNOWN, likeness=("the same alert",))

    assert "Known error: billing: disk full (problem 3)" == message.subject
    assert (
        "billing: disk full\n"
        "Problem 3 is a known error now.\n"
        "\n"
        "What helps until its cause is gone:\n"
        "\n"
        "logrotate -f\n"
        "<b>now</b>\n"
        "\n"
        "It helped 3 of 4 times.\n"
        "\n"
        "Runbook:   linux-disk\n"
        "Incident:  #42 CPU is high on db01 (P1, open)\n"
        "In all:    4 incidents\n"
        "Owner:     vera\n"
        "Customer:  acme\n"
        "\n"
        "https://watcher.example.com/problems/3\n"
    ) == message.text
    assert "logrotate -f\n&lt;b&gt;now&lt;/b&gt;" in message.html
    assert message.problem is not None
    assert ("https://watcher.example.com/problems/3", "known_error", "vera") == tuple(
        message.problem[name] for name in ("url", "status", "owner")
    )
    assert "https://watcher.example.com/incidents/42" == message.incident["url"]


@pytest.mark.parametrize(
    ("event", "given", "subject", "line"),
    [
        (
            News.PROBLEM_PROPOSED,
            replace(KNOWN, status=ProblemStatus.PROPOSED, workaround=""),
            "Is this a problem? billing: disk full (problem 3)",
            "Watcher thinks that 4 incidents have one cause, and proposes problem 3. Confirm or "
            "refuse it on its page.",
        ),
        (
            News.PROBLEM_OPENED,
            replace(KNOWN, status=ProblemStatus.NEW, workaround=""),
            "New problem: billing: disk full (problem 3)",
            "Watcher opened problem 3: 4 incidents seem to have one cause.",
        ),
        (
            News.PROBLEM_BACK,
            replace(KNOWN, fix="rotate daily", returns=1),
            "It is back: billing: disk full (problem 3)",
            "Problem 3 is back: incident #42 opened after it was resolved (rotate daily).",
        ),
    ],
)
def test_news_of_a_problem_says_why(event: News, given: Problem, subject: str, line: str) -> None:
    """What the machine saw, so that people can judge."""
    message = written(event=event, problem=given, likeness=("the same alert", "the same host"))

    assert (subject, line) == (message.subject, message.text.splitlines()[1])
    assert line in message.html.replace("<b>", "").replace("</b>", "")
    assert "Why #42 is one of them:\n- the same alert\n- the same host\n" in message.text
    assert "<li>the same host</li>" in message.html
    assert "by now" not in message.text


def test_late_news_of_a_problem_says_what_became_of_it() -> None:
    """Somebody was quicker than the message; without more, there is little in it."""
    bare = problem(3, status="investigating")
    message = written(event=News.PROBLEM_PROPOSED, problem=bare)

    assert "\nIt is investigating by now.\n\nIncident:  #42" in message.text
    assert "It is <b>investigating</b> by now." in message.html
    assert not [word for word in ("helps", "Runbook", "Owner", "Why") if word in message.text]


def test_a_message_about_a_problem_is_of_bounded_size() -> None:
    """Whatever people wrote."""
    long = replace(KNOWN, title="x" * 5000, workaround="y\n" * 5000, fix="z" * 5000)
    message = written(event=News.PROBLEM_BACK, problem=long, likeness=("w" * 5000,) * 50)

    assert len(message.subject) < 250
    assert len(message.text) < 6000
    assert "y\n…" in message.text


def test_a_merged_incident_says_where_it_went() -> None:
    """Whoever reads the message late finds the incident that people work on."""
    message = written(replace(INCIDENT, status=Status.CLOSED, closed_at=AT, merged_into=40))

    assert "It has been merged into #40 meanwhile." in message.text
    assert "merged into #40" in message.html


def test_a_bare_incident_can_be_told_of() -> None:
    """Without service, hosts, suspect or terms there is still a message."""
    bare = replace(INCIDENT, service=None, hosts=(), suspect=None, terms=())

    message = written(bare)

    assert message.subject == "[P1] CPU is high on db01 (opened #42)"
    assert "Suspect" not in message.text + message.html
    assert "Hosts" not in message.text + message.html


def test_a_suspect_whose_alert_is_gone_is_named_by_its_key() -> None:
    """An alert that was deleted meanwhile is no reason to hide the suspect."""
    assert INCIDENT.suspect is not None
    lost = replace(INCIDENT, suspect=replace(INCIDENT.suspect, key="z:9", host=None))

    assert "Suspect:  z:9 (the first alert to fire)" in written(lost).text


def test_a_suspect_without_an_alert_is_named_by_its_host() -> None:
    """A switch that is down often cannot say so."""
    assert INCIDENT.suspect is not None
    reason = Reason("likely-cause", "it has no alert of its own")
    silent = replace(INCIDENT.suspect, key="", host="switch2", reason=reason)

    assert (
        "Suspect:  switch2 (it has no alert of its own)"
        in written(replace(INCIDENT, suspect=silent)).text
    )


def test_a_diagnosis_that_failed_says_why() -> None:
    """No evidence is news, too."""
    failed = replace(DIAGNOSIS, steps=(), problem="db01:22 does not answer")

    message = written(diagnosis=failed)

    assert "nothing could be seen. db01:22 does not answer" in message.text
    assert "db01:22 does not answer" in message.html


def test_what_is_bad_comes_before_what_is_new() -> None:
    """Three diagnoses are told of; the one that found something is among them, first."""
    bad = Highlight("load", Level.BAD, "the load is 48")
    telling = replace(DIAGNOSIS, steps=(replace(DIAGNOSIS.steps[0], highlights=(bad,)),))
    quiet = [replace(DIAGNOSIS, title=f"Look {number}") for number in range(5)]
    text = written(earlier=(telling, *quiet)).text

    assert "Wrong: the load is 48." in text
    assert text.index("the load is 48") < text.index("Look 4") < text.index("Look 3")
    assert "Look 2" not in text


def test_a_message_is_of_bounded_size() -> None:
    """However large the disaster, the message stays readable and under the limits."""
    flood = replace(
        INCIDENT,
        title="x" * 5000,
        hosts=tuple(f"host{number:05}" for number in range(5000)),
        terms=tuple(Term("impact", "high", "y" * 5000) for _ in range(2)),
    )
    steps = tuple(
        StepResult(f"s{number}", "t" * 5000, StepStatus.OK, ("<" * 5000 + "\n") * 100)
        for number in range(50)
    )

    message = written(flood, diagnosis=replace(DIAGNOSIS, title="d" * 5000, steps=steps))

    assert len(message.subject) < 250
    assert len(message.text) < 10_000
    assert len(message.html) < 60_000
    assert "and 4992 more" in message.text


def test_alert_text_stays_text_in_html() -> None:
    """Markup in a title or in evidence is shown, not obeyed."""
    evil = "<img src=x onerror=alert(1)>"
    said = (Highlight("bad", Level.BAD, evil),)
    steps = (StepResult("a", evil, StepStatus.OK, evil, highlights=said),)

    html = written(replace(INCIDENT, title=evil), diagnosis=replace(DIAGNOSIS, steps=steps)).html

    assert "<img" not in html
    assert "&lt;img" in html
