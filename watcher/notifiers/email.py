"""Sends each message as a mail with text and HTML; all mails of one incident are one thread."""

import smtplib
import ssl
from contextlib import suppress
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from enum import StrEnum
from hashlib import sha256
from socket import gethostname, socket

from watcher.decide.lifecycle import News
from watcher.kit.net import Deadline, check_times, connect, plainly, resolve
from watcher.kit.redact import redact
from watcher.kit.secrets import Secret
from watcher.kit.text import cut, one_line
from watcher.model.action import Outcome, Verdict
from watcher.notifiers.base import Message

LIMIT = 20_000
_HTML_LIMIT = 60_000
_SUBJECT_LIMIT = 250
_CUT = "\n… (cut; the rest is on the page of the incident)"
_PERMANENT = 500


class Security(StrEnum):
    """How the connection to the mail server is kept private."""

    STARTTLS = "starttls"
    TLS = "tls"
    PLAIN = "plain"


def _bare(address: str) -> str:
    return parseaddr(address)[1]


def _is_address(address: str) -> bool:
    name, _, domain = _bare(address).rpartition("@")
    return bool(name and domain and address.isprintable())


_PORTS = {Security.STARTTLS: 587, Security.TLS: 465, Security.PLAIN: 25}


@dataclass(frozen=True, slots=True)
class Options:
    """The mail server and who writes to whom. `port` 0 is the usual one for that `security`.

    A login is sent over TLS only. `ca_file` replaces the public authorities.
    """

    host: str
    sender: str
    to: tuple[str, ...]
    port: int = 0
    security: Security = Security.STARTTLS
    username: str = ""
    password: Secret | None = None
    ca_file: str = ""
    timeout: float = 10.0
    deadline: float = 60.0

    def __post_init__(self) -> None:
        if not self.to:
            raise ValueError("name at least one address in `to`")
        for address in (self.sender, *self.to):
            if not _is_address(address):
                raise ValueError(f"{address!r} is not a mail address")
        if self.username and self.security == Security.PLAIN:
            raise ValueError("a login needs `security: starttls` or `tls`")
        check_times(self)


SAMPLE = Options(
    host="mail.example.com",
    sender="Watcher <watcher@example.com>",
    to=("oncall@example.com",),
    username="watcher",
    password=Secret("sample-password"),
)


def render(message: Message, options: Options) -> bytes:
    """The mail, byte for byte as it is sent."""
    return _mail(message, options).as_bytes()


def send(message: Message, options: Options) -> Outcome:
    """Hands the mail to the server once; the server's faults are outcomes."""
    mail = _mail(message, options)
    peer = f"{options.host}:{options.port or _PORTS[options.security]}"
    with Deadline(options.deadline) as deadline:
        try:
            refused = _hand_over(mail, options, deadline)
        except (smtplib.SMTPException, OSError) as error:
            if deadline.expired:
                return Outcome(Verdict.RETRY, f"{peer}: not done within {deadline.seconds:g} s")
            return _failure(error, peer, options)
    told = ", ".join(each for each in options.to if _bare(each) not in refused)
    reason = f"{peer} took the mail for {told}"
    if refused:
        reason += f"; it refused {_refusals(refused, options)}"
    return Outcome(Verdict.DONE, reason, details={"message_id": str(mail["Message-ID"])})


def _mail(message: Message, options: Options) -> EmailMessage:
    mail = EmailMessage(policy=SMTP)
    # An encoded word in a title would be decoded into whatever somebody has hidden in it.
    mail["Subject"] = cut(one_line(message.subject).replace("=?", "= ?"), _SUBJECT_LIMIT)
    mail["From"] = options.sender
    mail["To"] = ", ".join(options.to)
    mail["Date"] = format_datetime(message.at)
    # The first mail is the root of the thread, so its id follows from the incident alone.
    root = _message_id(f"thread:{message.thread}", options.sender)
    if message.event == News.OPENED:
        mail["Message-ID"] = root
    else:
        mail["Message-ID"] = _message_id(message.key, options.sender)
        mail["In-Reply-To"] = root
        mail["References"] = root
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(cut(message.text, LIMIT, _CUT))
    if message.html and len(message.html) <= _HTML_LIMIT:
        mail.add_alternative(message.html, subtype="html")
    return mail


def _message_id(seed: str, sender: str) -> str:
    domain = _bare(sender).rpartition("@")[2]
    return f"<{sha256(seed.encode()).hexdigest()[:32]}@{domain}>"


class _Smtp(smtplib.SMTP):
    """A session over a connection that is made, and cut, in time."""

    def __init__(self, options: Options, deadline: Deadline) -> None:
        self._options = options
        self._deadline = deadline
        port = options.port or _PORTS[options.security]
        # Left to itself the library asks the DNS for our own name, however long that takes.
        name = gethostname()
        own = name if "." in name else "[127.0.0.1]"
        super().__init__(options.host, port, own, timeout=options.timeout)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket:
        sock = connect(resolve(host, port, timeout), timeout, self._deadline)
        if self._options.security == Security.TLS:
            return _trust(self._options).wrap_socket(sock, server_hostname=host)
        return sock


def _hand_over(
    mail: EmailMessage, options: Options, deadline: Deadline
) -> dict[str, tuple[int, bytes]]:
    """Returns who was refused, if anybody was accepted. Raises SMTPException or OSError."""
    smtp = _Smtp(options, deadline)
    try:
        if options.security == Security.STARTTLS:
            smtp.starttls(context=_trust(options))
        if options.username:
            password = options.password.reveal() if options.password else ""
            smtp.login(options.username, password)
        refused = smtp.send_message(mail, _bare(options.sender), [_bare(to) for to in options.to])
        # The mail is taken: a farewell that fails must not have it sent again.
        with suppress(smtplib.SMTPException, OSError):
            smtp.quit()
        return refused
    finally:
        smtp.close()


def _trust(options: Options) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=options.ca_file or None)


def _failure(error: smtplib.SMTPException | OSError, peer: str, options: Options) -> Outcome:
    """A 5xx answer is final; everything else may pass."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        final = all(code >= _PERMANENT for code, _ in error.recipients.values())
        said = f"refused {_refusals(error.recipients, options)}"
        return Outcome(Verdict.GAVE_UP if final else Verdict.RETRY, f"{peer} {said}")
    if isinstance(error, smtplib.SMTPResponseException):
        final = error.smtp_code >= _PERMANENT
        said = f"answered {error.smtp_code} {_said(error.smtp_error, options)}"
        if isinstance(error, smtplib.SMTPAuthenticationError):
            said = f"refused the login: {error.smtp_code} {_said(error.smtp_error, options)}"
        return Outcome(Verdict.GAVE_UP if final else Verdict.RETRY, f"{peer} {said}")
    if isinstance(error, ssl.SSLCertVerificationError):
        why = f"its certificate is not trusted: {error.verify_message}"
    elif isinstance(error, smtplib.SMTPServerDisconnected):
        why = "the connection broke off"
    elif isinstance(error, smtplib.SMTPException):
        return Outcome(Verdict.GAVE_UP, f"{peer} does not offer what is configured: {error}")
    else:
        why = plainly(error)
    return Outcome(Verdict.RETRY, f"{peer}: {why}")


def _refusals(refused: dict[str, tuple[int, bytes]], options: Options) -> str:
    return "; ".join(
        f"{address} ({code} {_said(text, options)})" for address, (code, text) in refused.items()
    )


def _said(text: bytes | str, options: Options) -> str:
    said = text.decode(errors="replace") if isinstance(text, bytes) else text
    secrets = [options.password.reveal()] if options.password else []
    return cut(one_line(redact(said, secrets)), 200)
