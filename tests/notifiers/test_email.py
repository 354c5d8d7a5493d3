"""Mails to a real SMTP server, over TLS and with logins, kind and unkind."""

import smtplib
import socket
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from tests.notifiers.given import AT, INCIDENT, RESOLVED, SECRET, aimed, written
from tests.peers import (
    Certificate,
    SmtpPeer,
    make_certificate,
    raw_peer,
)
from watcher.decide.lifecycle import News
from watcher.model.action import Outcome, Verdict
from watcher.notifiers import Message, email

LOGIN = ("watcher", SECRET)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """A certificate for localhost that only those trust who are told to."""
    return make_certificate(tmp_path_factory.mktemp("tls"))


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
