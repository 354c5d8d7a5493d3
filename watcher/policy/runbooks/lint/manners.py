"""R08 to R11: root, passwords, small systems, and what must not be printed."""

import re
from collections.abc import Iterator

from watcher.model.runbook import Sudo
from watcher.policy.runbooks.lint.findings import Fault, Grade, Text, table
from watcher.policy.runbooks.shell import Command

_BECOMING = frozenset(("sudo", "doas", "runuser", "pkexec"))
_ATTACHED = table(
    "mysql mariadb mysqldump mariadb-dump mysqladmin mariadb-admin mysqlcheck mariadb-check"
)
_SEPARATE = {
    "sqlcmd": "-P",
    "redis-cli": "-a",
    "sshpass": "-p",
    "mongosh": "-p",
    "mongo": "-p",
    "mongodump": "-p",
    "cqlsh": "-p",
    "nodetool": "-pw",
    "curl": "-u",
}
_VARIABLES = table(
    "PGPASSWORD MYSQL_PWD REDISCLI_AUTH SQLCMDPASSWORD MONGO_PASSWORD RABBITMQ_PASSWORD"
)
_LONG = re.compile(r"--(?:password|passwd|token|secret|api-key|auth)=(?!$)\S+")
_IN_URL = re.compile(r"[a-z][a-z0-9+.-]*://[^/\s:@]*:[^@\s/]+@")
_HEADER = re.compile(r"(?:authorization|x-api-key|private-token)\s*:", re.IGNORECASE)
_SECRET_FILES = re.compile(
    r"/proc/[^/]+/environ|/etc/g?shadow|id_(?:rsa|ed25519|ecdsa)\b(?!\.pub)|/ssl/private/"
    r"|\.pgpass|\.my\.cnf|\.netrc|\.aws/credentials|\.kube/config|\.bash_history|\.git-credentials"
)
_GNU = {
    "ps": (re.compile(r"--sort(?:=.*)?|--forest"), "pipe ps into sort"),
    "find": (re.compile(r"-printf|-regextype"), "use -exec ls -ld {} +"),
    "grep": (re.compile(r"-[a-zA-Z]*P|--perl-regexp"), "use grep -E"),
    "date": (re.compile(r"-d|--date.*"), "use seconds since the epoch"),
    "df": (re.compile(r"-[a-zA-Z]*x|--output.*|--exclude-type.*"), "use df -P and grep -v"),
    "du": (re.compile(r"--threshold.*|--time.*"), "sort what du -k prints"),
    "sort": (re.compile(r"-[a-z]*h[a-z]*|--human.*"), "use du -k and sort -n"),
    "last": (re.compile(r"-[a-z]*x[a-z]*"), "use who -b"),
}


def check_manners(given: Text) -> Iterator[Fault]:
    """How a step comes by root and passwords, what it expects of a host, and what it prints."""
    for command in given.shell.commands:
        yield from _root(command, given.step.sudo)
        yield from _password(command)
        if not given.step.redact and (what := _secrets(command)):
            advice = "print only the fields wanted, or mask the rest by `output.redact`"
            yield Fault("R11", command.row, f"{what} can print secrets", advice)
        yield from _portable(command, given)
    for name, value, row in given.shell.assignments:
        if name in _VARIABLES and value and "$" not in value:
            yield _in_sight(name, row)


def _root(command: Command, sudo: Sudo) -> Iterator[Fault]:
    if command.name in _BECOMING:
        advice = "write `as_root COMMAND` and `sudo: if-available` or `sudo: required`"
        yield Fault("R08", command.row, f"{command.name} is used directly", advice)
    if command.name == "as_root" and sudo is Sudo.NEVER:
        advice = "give it `sudo: if-available` or `sudo: required`"
        yield Fault("R08", command.row, "the step has no `sudo`, so there is no as_root", advice)


def _password(command: Command) -> Iterator[Fault]:
    words = command.arguments
    for at, word in enumerate(words):
        following = words[at + 1] if at + 1 < len(words) else ""
        if _LONG.match(word) or _IN_URL.search(word):
            yield _in_sight(f"a word of {command.name}", command.row)
        elif _takes_password(command.name, word, following):
            yield _in_sight(f"{word[:2]} of {command.name}", command.row)
        elif word in {"-H", "--header"} and _HEADER.match(following):
            yield _in_sight(f"a header of {command.name}", command.row)


def _takes_password(name: str, word: str, following: str) -> bool:
    if name in _ATTACHED and re.match(r"-p\S", word):
        return True
    if _SEPARATE.get(name) != word or not following:
        return False
    return name != "curl" or ":" in following


def _in_sight(what: str, row: int) -> Fault:
    advice = "let the command read it from a file that only its user can read"
    return Fault("R09", row, f"{what} is a password that everybody on the host can see", advice)


def _secrets(command: Command) -> str:
    """What of a command prints secrets; "" if nothing does."""
    name, words = command.name, command.arguments
    reads = name not in {"ls", "stat", "test", "[", "find", "wc", "echo", "printf"}
    if reads and (found := next(filter(None, map(_SECRET_FILES.search, words)), None)):
        return found[0]
    if name in {"env", "printenv"} and not words:
        return name
    if name in {"docker", "podman"} and "inspect" in words:
        shaped = any(word.startswith(("-f", "--format")) for word in words)
        return "" if shaped else f"{name} inspect"
    if name in {"kubectl", "oc"} and "get" in words:
        return _of_cluster(name, words)
    if name == "pm2" and "jlist" in words and "jq" not in command.into:
        return "pm2 jlist"
    return ""


def _of_cluster(name: str, words: tuple[str, ...]) -> str:
    whole = re.search(r"(?:-o ?|--output[= ])(?:yaml|json)(?:\s|$)", " ".join(words))
    secret = any(re.match(r"secrets?(?:$|[/,])", word) for word in words)
    return (
        f"{name} get -o {'yaml' if whole else '…'}" if whole or (secret and "-o" in words) else ""
    )


def _portable(command: Command, given: Text) -> Iterator[Fault]:
    """Options that busybox does not know, where nothing else is tried."""
    known = _GNU.get(command.name)
    if known is None or given.other_texts or "||" in given.text or "if " in given.text:
        return
    option, advice = known
    if found := next((word for word in command.arguments if option.fullmatch(word)), None):
        message = f"{command.name} {found} is unknown to small systems (busybox)"
        yield Fault("R10", command.row, message, f"{advice}, or add a variant", Grade.WARNING)
