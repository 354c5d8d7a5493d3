"""What every notifier keeps, and what e-mail and webhook do besides."""

import hashlib
import hmac
import json
import logging
import smtplib
import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from threading import Event
from types import ModuleType
from typing import Any

import pytest

from tests.peers import (
    Answer,
    Certificate,
    HttpPeer,
    SmtpPeer,
    closed_port,
    make_certificate,
    raw_peer,
)
from watcher.decide.lifecycle import News
from watcher.kit.plugins import adapter, kinds
from watcher.kit.secrets import Secret
from watcher.model.action import Outcome, Verdict
from watcher.model.alert import Alert, AlertStatus
from watcher.model.event import Severity
from watcher.model.evidence import Diagnosis, Evidence, StepResult, StepStatus
from watcher.model.incident import Incident, Priority, Status, Suspect, Term
from watcher.model.reason import Reason
from watcher.notifiers import Briefing, Message, Outlet, compose, email, webhook

KINDS = kinds("watcher.notifiers")
AT = datetime(2026, 3, 14, 3, 7, tzinfo=UTC)
SECRET = "correct-horse-battery"
LOGIN = ("watcher", SECRET)

INCIDENT = Incident(
    number=42,
    customer="acme",
    title="CPU is high on db01",
    status=Status.OPEN,
    priority=Priority.P1,
    terms=(
        Term("impact", "high", "billing has criticality 4"),
        Term("urgency", "high", "severity disaster"),
    ),
    group="service:billing",
    severity=Severity.DISASTER,
    opened_at=AT - timedelta(minutes=3),
    burst_at=AT - timedelta(minutes=3),
    last_at=AT,
    service="billing",
    hosts=("db01", "db02"),
    suspect=Suspect("z:1", "db01", AT, Reason("first-to-fire", "the first alert to fire")),
    firing=2,
    alerts=3,
)
ALERT = Alert(
    customer="acme",
    key="z:1",
    source="zabbix",
    occurrence="1",
    status=AlertStatus.FIRING,
    severity=Severity.DISASTER,
    name="CPU is high",
    first_at=AT,
    last_at=AT,
    started_at=AT,
    host="db01",
)
DIAGNOSIS = Diagnosis(
    runbook="linux-load",
    title="Load of a Linux host",
    host="db01",
    started_at=AT,
    seconds=1.5,
    steps=(
        StepResult("load", "Load and uptime", StepStatus.OK, "03:07 up 9 days\n\nload 48.1\n"),
        StepResult("oom", "Killed processes", StepStatus.FAILED, "", reason="exit code 1"),
    ),
)


def written(
    incident: Incident = INCIDENT,
    event: News = News.OPENED,
    diagnosis: Diagnosis | None = None,
    key: str = "42/notify/night/opened/1",
) -> Message:
    """The message about that incident."""
    evidence = (Evidence(1, 42, diagnosis),) if diagnosis else ()
    url = "https://watcher.example.com/incidents/42"
    briefing = Briefing(event, incident, (ALERT,), evidence, url, AT)
    return compose(briefing, key, "watcher.example.com#42/night")


RESOLVED = replace(INCIDENT, status=Status.RESOLVED, resolved_at=AT)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """A certificate for localhost that only those trust who are told to."""
    return make_certificate(tmp_path_factory.mktemp("tls"))


# What every notifier keeps.


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> ModuleType:
    """Each notifier in turn."""
    return adapter("watcher.notifiers", request.param)


def aimed(kind: ModuleType, port: int, **changes: Any) -> Any:
    """The options of a notifier, with its secrets, for a peer on this machine."""
    if kind is email:
        plain = email.Security.PLAIN
        return email.Options(
            host="localhost",
            port=port,
            sender="watcher@example.com",
            to=("oncall@example.com",),
            security=plain,
            password=Secret(SECRET),
            **changes,
        )
    return webhook.Options(
        url=f"http://localhost:{port}/{SECRET}",
        token=Secret(SECRET),
        sign=Secret(SECRET),
        allow_private=True,
        **changes,
    )


def test_there_are_notifiers() -> None:
    """Nobody listed them: their files did."""
    assert {"email", "webhook"} <= set(KINDS)


@pytest.mark.parametrize("event", News)
def test_a_sample_renders(kind: ModuleType, event: News) -> None:
    """Every kind of news can be said with the sample options, and says which incident it is."""
    rendered = kind.render(written(event=event, diagnosis=DIAGNOSIS), kind.SAMPLE)

    assert b"42" in rendered


def test_secrets_are_not_in_what_is_shown(kind: ModuleType) -> None:
    """Options can be printed without giving a secret away."""
    assert SECRET not in repr(aimed(kind, 1))


def test_a_long_text_is_cut_with_a_mark(kind: ModuleType) -> None:
    """A text over the limit arrives shortened, and says so."""
    message = replace(written(), text="я" * (kind.LIMIT + 1000), html="")

    text = spoken(kind, kind.render(message, kind.SAMPLE))

    assert len(text.strip()) <= kind.LIMIT
    assert "(cut; the rest is on the page of the incident)" in text


def spoken(kind: ModuleType, rendered: bytes) -> str:
    """The text in what was rendered."""
    if kind is email:
        body = message_from_bytes(rendered, policy=policy.default).get_body(("plain",))
        assert isinstance(body, EmailMessage)
        return str(body.get_content()).replace("\r\n", "\n")
    return str(json.loads(rendered)["text"])


def silent(_: socket.socket, over: Event) -> None:
    """Takes a connection and says nothing."""
    over.wait(10)


def rude(connection: socket.socket, _: Event) -> None:
    """Hangs up at once."""
    connection.close()


def babble(connection: socket.socket, over: Event) -> None:
    """Never comes to an end."""
    while not over.wait(0.02):
        connection.sendall(b"2")


def echo(connection: socket.socket, _: Event) -> None:
    """Throws back at the caller what it was told, with an error before it."""
    connection.sendall(b"599 ")
    connection.sendall(connection.recv(4096))


@pytest.mark.parametrize("talk", [silent, rude, babble, echo])
def test_a_peer_that_is_not_well_is_tried_again(
    kind: ModuleType,
    talk: Callable[[socket.socket, Event], None],
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Silence, a broken line and babble are a retry, in time, and neither reason nor log nor output
    holds a secret.
    """
    caplog.set_level(logging.DEBUG)
    with raw_peer(talk) as port:
        outcome = kind.send(written(), aimed(kind, port, timeout=0.2, deadline=0.5))

    assert outcome.verdict is Verdict.RETRY
    assert SECRET not in outcome.reason + caplog.text + "".join(capfd.readouterr())
    assert "localhost" in outcome.reason


def test_nobody_there_is_tried_again(kind: ModuleType) -> None:
    """A refused connection may be accepted later; the reason is the system's."""
    outcome = kind.send(written(), aimed(kind, closed_port()))

    assert outcome.verdict is Verdict.RETRY
    assert "Connection refused" in outcome.reason
    assert SECRET not in outcome.reason


def test_the_same_key_twice_is_the_same_message_twice(kind: ModuleType) -> None:
    """What a receiver may recognise a repetition by is the same, although time has passed."""

    def mark(message: Message) -> str:
        rendered = kind.render(message, kind.SAMPLE)
        if kind is email:
            return str(message_from_bytes(rendered, policy=policy.default)["Message-ID"])
        return str(json.loads(rendered)["id"])

    first = written(event=News.RAISED, key="one")
    later = replace(
        written(event=News.RAISED, key="one", diagnosis=DIAGNOSIS), at=AT + timedelta(1)
    )
    other = written(event=News.RAISED, key="two")

    assert mark(first) == mark(later)
    assert mark(first) != mark(other)


def test_an_outlet_finds_its_adapter(kind: ModuleType) -> None:
    """A channel is a kind and its options; the rest is found."""
    outlet = Outlet(kind.__name__.rpartition(".")[2], aimed(kind, closed_port()))

    assert outlet.send(written()).verdict is Verdict.RETRY


def test_an_outlet_is_bounded_in_time(kind: ModuleType) -> None:
    """The longest that sending takes is known beforehand."""
    outlet = Outlet(kind.__name__.rpartition(".")[2], kind.SAMPLE)

    assert kind.SAMPLE.deadline < outlet.longest <= kind.SAMPLE.deadline + 30


@pytest.mark.parametrize(
    "times",
    [{"timeout": 0}, {"timeout": -1}, {"timeout": 20, "deadline": 10}, {"deadline": 601}],
)
def test_times_make_sense(kind: ModuleType, times: dict[str, float]) -> None:
    """No time at all, or hours of it, is an error of the configuration."""
    with pytest.raises(ValueError, match="are seconds, above 0 and up to 600"):
        replace(kind.SAMPLE, **times)


# What a message says.


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
        "Load of a Linux host on db01:\n"
        "- Load and uptime\n"
        "    03:07 up 9 days\n"
        "    load 48.1\n"
        "- Killed processes\n"
        "    exit code 1\n"
        "\n"
        "https://watcher.example.com/incidents/42\n"
    )


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
    ],
)
def test_late_news_is_told_as_it_is_now(event: News, incident: Incident, line: str) -> None:
    """A message that had to wait says what has become of the incident meanwhile."""
    message = written(incident, event)

    assert line == message.text.splitlines()[1]
    assert line in message.html.replace("<b>", "").replace("</b>", "")
    assert f"({event} #42)" in message.subject


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


def test_a_diagnosis_that_failed_says_why() -> None:
    """No evidence is news, too."""
    failed = replace(DIAGNOSIS, steps=(), problem="db01:22 does not answer")

    message = written(diagnosis=failed)

    assert "! db01:22 does not answer" in message.text
    assert "db01:22 does not answer" in message.html


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
    steps = (StepResult("a", evil, StepStatus.OK, evil),)

    html = written(replace(INCIDENT, title=evil), diagnosis=replace(DIAGNOSIS, steps=steps)).html

    assert "<img" not in html
    assert "&lt;img" in html


# Webhook.


@pytest.fixture
def hook() -> Iterator[HttpPeer]:
    """A receiver of webhooks that answers 200 until told otherwise."""
    with HttpPeer() as peer:
        yield peer


def posted(hook: HttpPeer, **changes: Any) -> Outcome:
    """What came of one message to that receiver."""
    options = replace(aimed(webhook, hook.port), **changes)
    return webhook.send(written(), options)


@pytest.mark.parametrize("status", [*range(200, 227), *range(300, 309), *range(400, 600)])
def test_every_status_has_its_verdict(hook: HttpPeer, status: int) -> None:
    """2xx is done; 408, 425, 429 and 5xx are tried again; everything else needs a person."""
    hook.answers = [Answer(status)]
    again = status >= 500 or status in {408, 425, 429}
    expected = Verdict.DONE if status < 300 else Verdict.RETRY if again else Verdict.GAVE_UP

    outcome = posted(hook)

    assert expected is outcome.verdict
    assert f"localhost:{hook.port} answered {status}" in outcome.reason
    assert SECRET not in outcome.reason


def test_the_peer_says_when() -> None:
    """Retry-After reaches the engine."""
    with HttpPeer(Answer(429, headers={"Retry-After": "77"})) as hook:
        assert posted(hook).after == 77.0


@pytest.mark.parametrize(
    ("status", "advice"),
    [(302, "redirects are not followed"), (401, "check the token"), (403, "check the token")],
)
def test_a_refusal_says_what_to_do(hook: HttpPeer, status: int, advice: str) -> None:
    """The reason is for the person who can mend it."""
    hook.answers = [Answer(status, headers={"Location": "http://localhost/"})]

    assert advice in posted(hook).reason


def test_the_peers_words_are_quoted_without_secrets(hook: HttpPeer) -> None:
    """An answer that repeats the token is quoted without it, on one line, and cut."""
    hook.answers = [Answer(400, f"bad\ntoken {SECRET} {'x' * 2000}".encode())]

    reason = posted(hook).reason

    assert "bad token" in reason
    assert SECRET not in reason
    assert len(reason) < 400


def test_a_path_is_a_secret_too(hook: HttpPeer) -> None:
    """An answer that repeats path or query of the URL is quoted without them."""
    hook.answers = [Answer(404, b"no route /T0/unlisted?sig=unguessable here")]
    url = f"http://localhost:{hook.port}/T0/unlisted?sig=unguessable"

    reason = posted(hook, url=url).reason

    assert "no route ***" in reason
    assert "unlisted" not in reason
    assert "unguessable" not in reason


def test_the_body_is_what_is_documented(hook: HttpPeer) -> None:
    """Event, text, link, and the incident under the names of the API."""
    assert posted(hook).verdict is Verdict.DONE

    body = json.loads(hook.calls[0].body)
    assert set(body) == {"id", "event", "subject", "text", "url", "incident"}
    assert body["event"] == "opened"
    assert body["incident"] == {
        "id": 42,
        "number": 42,
        "title": "CPU is high on db01",
        "status": "open",
        "priority": "P1",
        "customer": "acme",
        "service": "billing",
        "hosts": ["db01", "db02"],
        "opened_at": "2026-03-14T03:04:00Z",
        "acknowledged_at": None,
        "resolved_at": None,
        "alerts": 3,
        "evidence": 0,
        "problem": None,
        "ticket": None,
        "url": "https://watcher.example.com/incidents/42",
    }


def test_a_receiver_that_knows_keys_has_one_effect(hook: HttpPeer) -> None:
    """A repetition carries the same Idempotency-Key, so the receiver sees one message."""
    hook.answers = [Answer(500), Answer(200)]

    assert [posted(hook).verdict, posted(hook).verdict] == [Verdict.RETRY, Verdict.DONE]
    keys = {call.headers["idempotency-key"] for call in hook.calls}
    assert keys == {json.loads(hook.calls[0].body)["id"]}


def test_a_call_is_signed_with_its_time(hook: HttpPeer) -> None:
    """The receiver can check who wrote the body and when."""
    posted(hook)

    call = hook.calls[0]
    stamp = call.headers["x-watcher-timestamp"]
    signed = hmac.new(SECRET.encode(), f"{stamp}:".encode() + call.body, hashlib.sha256)
    assert str(int(AT.timestamp())) == stamp
    assert call.headers["x-watcher-signature"] == f"sha256={signed.hexdigest()}"


def test_a_token_goes_into_the_header_one_chooses(hook: HttpPeer) -> None:
    """As a bearer in Authorization, bare in any other header, and not at all if there is none."""
    posted(hook)
    posted(hook, token_header="X-Token")
    posted(hook, token=None, sign=None)

    assert hook.calls[0].headers["authorization"] == f"Bearer {SECRET}"
    assert hook.calls[1].headers["x-token"] == SECRET
    assert not {"authorization", "x-watcher-signature"} & set(hook.calls[2].headers)


def test_a_private_address_needs_leave(hook: HttpPeer) -> None:
    """Without `allow_private` a loopback receiver is refused, for good, and nothing is sent."""
    outcome = posted(hook, allow_private=False)

    assert outcome.verdict is Verdict.GAVE_UP
    assert "may not be called" in outcome.reason
    assert hook.calls == []


def test_a_private_network_can_be_named(hook: HttpPeer) -> None:
    """The operator opens the networks that are meant."""
    networks = ("127.0.0.0/8", "::1/128")

    assert posted(hook, allow_private=False, networks=networks).verdict is Verdict.DONE


@pytest.mark.parametrize(
    "wrong",
    [{"url": "mailto:x@example.com"}, {"url": "https://example.com/", "networks": ("10/99",)}],
)
def test_wrong_options_of_a_webhook_are_refused_at_once(wrong: dict[str, Any]) -> None:
    """A URL or network that cannot be is an error of the configuration."""
    with pytest.raises(ValueError, match=r"http://|10/99"):
        webhook.Options(**wrong)


# E-mail.


def mailed(peer: SmtpPeer, message: Message | None = None, **changes: Any) -> Outcome:
    """What came of one message to that mail server."""
    options = replace(aimed(email, peer.port), **changes)
    return email.send(message or written(), options)


def test_a_mail_arrives() -> None:
    """Text and HTML, from and to whom it should, and marked as written by a machine."""
    with SmtpPeer() as peer:
        outcome = mailed(peer, sender="Дежурный <watcher@example.com>")

    assert outcome.verdict is Verdict.DONE
    assert "took the mail for oncall@example.com" in outcome.reason
    mail = peer.mails[0]
    assert outcome.details["message_id"] == mail["Message-ID"]
    assert peer.recipients == [["oncall@example.com"]]
    assert mail["From"].addresses[0].display_name == "Дежурный"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Date"].datetime == AT
    types = [part.get_content_type() for part in mail.iter_parts()]
    assert types == ["text/plain", "text/html"]


@pytest.mark.parametrize(
    "title",
    [
        "Диск «/var» переполнен на узле база-01, свободно меньше пяти процентов места",
        "x\r\nBcc: everybody@example.com",
        "x\u2028Bcc: everybody@example.com\x00\x1b[31m",
        "=?utf-8?q?hidden=0D=0ABcc:_everybody@example.com?=",
        "длинное" * 100,
        "-",
    ],
)
def test_a_title_is_a_subject_and_nothing_else(title: str) -> None:
    """Any language fits into a subject, and no line break in a label makes a header of its own."""
    message = written(replace(INCIDENT, title=title))
    with SmtpPeer() as peer:
        assert mailed(peer, message).verdict is Verdict.DONE

    mail = peer.mails[0]
    assert "Bcc" not in mail
    assert peer.recipients == [["oncall@example.com"]]
    assert " ".join(str(mail["Subject"]).split()) == message.subject.replace("=?", "= ?")


def test_an_incident_is_one_thread() -> None:
    """The later mails answer the first, under ids of their own."""
    with SmtpPeer() as peer:
        mailed(peer, written())
        mailed(peer, written(RESOLVED, News.RESOLVED, key="other"))

    first, second = peer.mails
    assert second["In-Reply-To"] == first["Message-ID"]
    assert second["References"] == first["Message-ID"]
    assert second["Message-ID"] != first["Message-ID"]
    assert str(first["Message-ID"]).endswith("@example.com>")
    assert "In-Reply-To" not in first


def test_html_that_is_too_long_is_left_out() -> None:
    """Markup cannot be cut; the text is enough."""
    with SmtpPeer() as peer:
        mailed(peer, replace(written(), html="x" * 70_000))

    assert peer.mails[0].get_content_type() == "text/plain"


@pytest.mark.parametrize("implicit", [True, False])
def test_a_login_goes_over_tls(certificate: Certificate, implicit: bool) -> None:
    """With STARTTLS or TLS from the first byte, the login is made and the mail is taken."""
    security = email.Security.TLS if implicit else email.Security.STARTTLS
    with SmtpPeer(tls=certificate, implicit=implicit, login=LOGIN) as peer:
        outcome = mailed(peer, security=security, username=LOGIN[0], ca_file=str(certificate.cert))

    assert outcome.verdict is Verdict.DONE, outcome.reason
    assert len(peer.mails) == 1


def test_a_wrong_password_needs_a_person(certificate: Certificate) -> None:
    """A refused login is not tried again, which would lock the account."""
    with SmtpPeer(tls=certificate, login=("watcher", "other")) as peer:
        outcome = mailed(
            peer,
            security=email.Security.STARTTLS,
            username="watcher",
            ca_file=str(certificate.cert),
        )

    assert outcome.verdict is Verdict.GAVE_UP
    assert "refused the login: 535" in outcome.reason
    assert SECRET not in outcome.reason


@pytest.mark.parametrize("implicit", [True, False])
def test_a_stranger_is_not_trusted(certificate: Certificate, implicit: bool) -> None:
    """A certificate of an unknown authority gets neither login nor mail; it may be mended."""
    security = email.Security.TLS if implicit else email.Security.STARTTLS
    with SmtpPeer(tls=certificate, implicit=implicit, login=LOGIN) as peer:
        outcome = mailed(peer, security=security, username="watcher")

    assert outcome.verdict is Verdict.RETRY
    assert "its certificate is not trusted" in outcome.reason
    assert peer.mails == []


def test_there_is_no_fall_back_to_plain_text() -> None:
    """A server without STARTTLS gets nothing where STARTTLS is configured."""
    with SmtpPeer() as peer:
        outcome = mailed(peer, security=email.Security.STARTTLS)

    assert outcome.verdict is Verdict.GAVE_UP
    assert "does not offer what is configured" in outcome.reason
    assert peer.mails == []


@pytest.mark.parametrize("verb", ["MAIL", "DATA", "oncall@example.com"])
@pytest.mark.parametrize(
    ("reply", "verdict"),
    [
        ("421 too busy", Verdict.RETRY),
        ("450 mailbox busy", Verdict.RETRY),
        ("451 try later", Verdict.RETRY),
        ("550 no such user", Verdict.GAVE_UP),
        ("554 no", Verdict.GAVE_UP),
    ],
)
def test_4xx_is_tried_again_and_5xx_is_final(verb: str, reply: str, verdict: Verdict) -> None:
    """At every step of the talk the server's code decides, and its words are the reason."""
    with SmtpPeer(replies={verb: reply}) as peer:
        outcome = mailed(peer)

    assert outcome.verdict is verdict
    assert reply in outcome.reason
    assert peer.mails == []


def test_one_of_two_recipients_is_refused() -> None:
    """Who is accepted is told once; who was refused is named, and not a reason to tell again."""
    with SmtpPeer(replies={"gone@example.com": "550 no such user"}) as peer:
        outcome = mailed(peer, to=("oncall@example.com", "Gone <gone@example.com>"))

    assert outcome.verdict is Verdict.DONE
    assert "took the mail for oncall@example.com; it refused gone@example.com" in outcome.reason
    assert "(550 no such user)" in outcome.reason


def test_all_recipients_refused_some_for_now() -> None:
    """As long as one refusal may pass, it is tried again."""
    replies = {"a@example.com": "550 no", "b@example.com": "450 busy"}
    with SmtpPeer(replies=replies) as peer:
        assert mailed(peer, to=("a@example.com", "b@example.com")).verdict is Verdict.RETRY


def test_a_farewell_that_fails_does_not_send_twice() -> None:
    """Once the server has said 250 to the data, the mail is sent."""
    replies = iter([b"250 hi\r\n", b"250 ok\r\n", b"250 ok\r\n", b"354 go\r\n"])

    def talk(connection: socket.socket, _: Event) -> None:
        connection.sendall(b"220 here\r\n")
        for reply in replies:
            connection.recv(65536)
            connection.sendall(reply)
        text = b""
        while not text.endswith(b"\r\n.\r\n"):
            text += connection.recv(65536)
        connection.sendall(b"250 taken\r\n")
        connection.recv(65536)

    with raw_peer(talk) as port:
        outcome = email.send(written(), aimed(email, port))

    assert outcome.verdict is Verdict.DONE


def test_a_server_that_wants_nobody() -> None:
    """A greeting with 5xx is as final as any other 5xx."""
    with raw_peer(lambda connection, _: connection.sendall(b"554 go away\r\n")) as port:
        outcome = email.send(written(), aimed(email, port))

    assert outcome.verdict is Verdict.GAVE_UP
    assert "554 go away" in outcome.reason


def test_a_server_without_any_usable_login(certificate: Certificate) -> None:
    """Where a login is configured and the server takes none, a person has to look."""
    with SmtpPeer(tls=certificate) as peer:
        outcome = mailed(
            peer,
            security=email.Security.STARTTLS,
            username="watcher",
            ca_file=str(certificate.cert),
        )

    assert outcome.verdict is Verdict.GAVE_UP
    assert "does not offer" in outcome.reason


def test_a_missing_authority_file_is_said(tmp_path: Path, certificate: Certificate) -> None:
    """A path that leads nowhere is a reason, not a crash."""
    with SmtpPeer(tls=certificate) as peer:
        outcome = mailed(peer, security=email.Security.STARTTLS, ca_file=str(tmp_path / "none.pem"))

    assert outcome.verdict is Verdict.RETRY
    assert "No such file" in outcome.reason


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"to": ()}, "at least one address"),
        ({"to": ("nobody",)}, "'nobody' is not a mail address"),
        ({"to": ("a@example.com\r\nBcc: b@example.com",)}, "not a mail address"),
        ({"sender": "@example.com"}, "not a mail address"),
        ({"security": email.Security.PLAIN}, "a login needs"),
    ],
)
def test_wrong_options_of_a_mail_are_refused_at_once(wrong: dict[str, Any], why: str) -> None:
    """What cannot work is an error of the configuration."""
    with pytest.raises(ValueError, match=why):
        replace(email.SAMPLE, **wrong)


def test_the_usual_ports_are_known() -> None:
    """Where no port is given, the one of that kind of privacy is meant."""
    outcome = email.send(
        written(), replace(aimed(email, 0), host="256.256.256.256", timeout=2, deadline=3)
    )

    assert outcome.verdict is Verdict.RETRY
    assert outcome.reason.startswith("256.256.256.256:25:")
    assert smtplib.SMTP_PORT == 25
