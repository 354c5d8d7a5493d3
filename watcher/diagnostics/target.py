"""Writes the script with which an administrator lets Watcher in on a host: read first, then run."""

import math
import re
import shlex
from base64 import b64encode
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_network
from pathlib import Path

import paramiko
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    SSHCertificate,
    load_ssh_public_identity,
)

from watcher.diagnostics.identity import login_key, signing_key
from watcher.diagnostics.root import RootCommand, root_commands
from watcher.model.catalogue import SshProfile
from watcher.model.runbook import Runbook, Sudo

PLAIN, SUDO, SIGNED = 1, 2, 3
"""How far a host is prepared: a user of its own, some commands as root, signed scripts only."""

_SCRIPTS = Path(__file__).parent / "scripts"
_RUN = "/usr/local/bin/watcher-run"
_USER = re.compile(r"[a-z_][a-z0-9_-]{0,31}")
_COMMAND = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]{0,63}")
# What means something to sudoers; with a backslash in front it is a letter like any other.
_SPECIAL = re.compile(r"([,:=*?\[\]!#^ ])")
# Programs that run others by themselves, through a pager or a key: sudo keeps them from it.
_ESCAPES = re.compile(
    "[gm]?awk|ed|find|ftp|gdb|git|journalctl|less|lua|man|more|mysql|nano|perl|psql|python[0-9.]*"
    "|ruby|sed|sqlite3|strace|systemctl|tar|tcpdump|vim?|view|watch"
)
_RUNNERS = re.compile("(?:ba|da|k|z)?sh|busybox|doas|env|nice|nohup|setsid|sudo?|timeout|xargs")
# Where no step asks for root; and how much longer sudo waits than the step itself.
_USUAL_SECONDS = 10.0
_SPARE_SECONDS = 5


class NotPrepared(Exception):
    """No script can be written; the message says why."""


@dataclass(frozen=True, slots=True)
class Target:
    """What the script is to prepare; `sources` are the networks that Watcher comes from."""

    profile: SshProfile
    level: int
    sources: tuple[str, ...] = ()
    runbooks: tuple[Runbook, ...] = ()


def target_script(target: Target, now: datetime) -> str:
    """The script, for any POSIX shell. Raises NotPrepared, and Unreachable for an unusable key."""
    profile = target.profile
    if not _USER.fullmatch(profile.user):
        raise NotPrepared(f"the user {profile.user!r} of {profile.name} is no name for a new user")
    if profile.user == "root":
        raise NotPrepared("a host is prepared for a user without rights, and the profile says root")
    if target.level >= SIGNED and not profile.signing_key_file:
        raise NotPrepared(
            f"level {SIGNED} needs a `signing_key_file` in the profile {profile.name}"
        )
    commands = root_commands(target.runbooks) if target.level >= SUDO else ()
    parts = {
        "LEVEL": str(target.level),
        "USER": shlex.quote(profile.user),
        "SUMMARY": "\n".join(f"# {line}" for line in _summary(target, commands)),
        "KEYS": _authorized(target, now),
        "SIGNING": _signers(target),
        "LIMIT": str(_limit(target.runbooks)),
        "RULES": "\n".join(f"  {line}" for line in _rules(commands)),
        "RUNNER": (_SCRIPTS / "watcher-run.sh").read_text().rstrip("\n"),
    }
    text = (_SCRIPTS / "prepare.sh").read_text()
    return re.sub(r"@([A-Z]+)@", lambda name: parts[name[1]], text)


def _limit(runbooks: Iterable[Runbook]) -> int:
    """Seconds after which nothing that runs as root is waited for any more."""
    steps = (step for runbook in runbooks for step in runbook.steps)
    asking = (step.timeout for step in steps if step.sudo is not Sudo.NEVER)
    return math.ceil(max(asking, default=_USUAL_SECONDS)) + _SPARE_SECONDS


def _summary(target: Target, commands: Sequence[RootCommand]) -> Iterator[str]:
    profile = target.profile
    yield f"It makes the user {profile.user} of SSH profile {profile.name}, without a password and"
    yield "without rights, for one key, and lets it read the logs of systemd-journal and adm."
    if target.level >= SUDO:
        number = sum(1 for command in commands if not _left_out(command))
        yield f"With sudo it may run {number} commands as root, where they are on this host, with"
        yield "exactly these arguments."
    if target.level >= SIGNED:
        yield "It may run nothing but scripts that are signed with Watcher's signing key."
    if not target.sources:
        yield "The key is let in from everywhere: give --source-address to narrow that."


def _authorized(target: Target, now: datetime) -> str:
    """One line of authorized_keys; of a key with a certificate, its authority is let in."""
    options = ["restrict"]
    if target.sources:
        options.append(f'from="{",".join(_networks(target.sources))}"')
    if target.level >= SIGNED:
        options.append(f'command="{_RUN}"')
    key = login_key(target.profile, now)
    public = _line(key)
    if key.public_blob is not None:
        options = [f'cert-authority,principals="{target.profile.user}"', *options]
        public = _authority(key.public_blob.key_blob)
    return f"{','.join(options)} {public} watcher"


def _networks(sources: Iterable[str]) -> Iterator[str]:
    for source in sources:
        try:
            yield str(ip_network(source))
        except ValueError as error:
            raise NotPrepared(f"--source-address: {error}") from None


def _signers(target: Target) -> str:
    if target.level < SIGNED:
        return ""
    return f'watcher namespaces="watcher-runbook" {_line(signing_key(target.profile))}'


def _line(key: paramiko.PKey) -> str:
    return f"{key.get_name()} {key.get_base64()}"


def _authority(blob: bytes) -> str:
    """The public key of who signed this certificate."""
    kind = blob[4 : 4 + int.from_bytes(blob[:4], "big")]
    certificate = load_ssh_public_identity(kind + b" " + b64encode(blob))
    if not isinstance(certificate, SSHCertificate):
        raise NotPrepared("what lies beside the key is no certificate")
    authority = certificate.signature_key()
    return authority.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()


def _rules(commands: Iterable[RootCommand]) -> Iterator[str]:
    """Calls of `allow`, and what is left out as comments."""
    for command in commands:
        asked = ", ".join(command.steps)
        if why := _left_out(command):
            yield f"# Left out, since {why} ({asked}):"
            yield f"#   {_in_one_line(command.text)}"
        elif command.argv:
            name, *arguments = command.argv
            tag = ["NOEXEC:"] if _ESCAPES.fullmatch(name) else []
            yield f"# {asked}"
            yield shlex.join(["allow", name, _arguments(arguments), *tag])


def _left_out(command: RootCommand) -> str:
    """Why a command is not allowed; "" where it is."""
    if command.argv is None:
        return "its arguments are not always the same"
    if not command.argv or not _COMMAND.fullmatch(command.argv[0]):
        return "it is not called by its plain name"
    if _RUNNERS.fullmatch(command.argv[0]):
        return "it runs whatever it is told to"
    if not all(map(_is_plain, command.argv)) or _is_program(command.argv):
        return "sudo cannot tell its arguments exactly"
    return ""


def _is_plain(argument: str) -> bool:
    """Whether sudoers can name it: what it does with quotes and backslashes depends."""
    return argument.isprintable() and argument != "" and not {'"', "\\"} & set(argument)


def _is_program(argv: Sequence[str]) -> bool:
    """Whether an argument could be two: sudo compares them all as one text with blanks."""
    return bool(_ESCAPES.fullmatch(argv[0])) and any(" " in argument for argument in argv)


def _arguments(arguments: Sequence[str]) -> str:
    """As sudoers writes them; without any, `""` says that there may be none."""
    return " ".join(_SPECIAL.sub(r"\\\1", argument) for argument in arguments) or '""'


def _in_one_line(text: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in text)
