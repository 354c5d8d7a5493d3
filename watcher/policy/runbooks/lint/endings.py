"""R05, R06, R07, R12: every command ends by itself, soon, and without filling the evidence."""

import re
from collections.abc import Callable, Iterator, Sequence

from watcher.policy.runbooks.lint.findings import Fault, Grade, Text, table
from watcher.policy.runbooks.shell import Command

_PAGERS = frozenset(("less", "more", "most", "man", "vi", "vim", "nano", "view", "htop", "atop"))
_HEAVY = table("du find lsof strace perf gdb jmap pstack eu-stack py-spy ncdu smartctl fsck hbase")
_ENDING = frozenset(("head", "tail", "wc"))
_READERS = table("cat zcat grep egrep fgrep zgrep awk sed bzcat xzcat strings")
_SAMPLERS = table("vmstat iostat mpstat sar pidstat dstat jstat nfsiostat")
_LOG = re.compile(r"(?:/var/log/|\S+\.log(?:\.\d+)?$)\S*")
_SHORT = re.compile(r"-[A-Za-z]+")
_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?")


def check_endings(given: Text) -> Iterator[Fault]:
    """Commands that go on for ever, wait for a reader, take long, or print without end."""
    for command in given.shell.commands:
        if "timeout" not in command.under and (end := _endless(command)):
            what = f"`{_short(command)}` never ends"
            yield Fault("R05", command.row, what, f"write {end}")
        if advice := _paged(command):
            what = f"`{_short(command)}` may wait for a reader"
            yield Fault("R06", command.row, what, advice, Grade.WARNING)
        if command.name in _HEAVY and not _bounded(command, given):
            advice = "give the step a `timeout` that suits it, and perhaps `weight: heavy`"
            what = f"{command.name} can take long"
            yield Fault("R07", command.row, what, advice, Grade.WARNING)
        if advice := _unbounded_log(command):
            what = f"`{_short(command)}` reads a whole log"
            yield Fault("R12", command.row, what, advice, Grade.WARNING)


def _bounded(command: Command, given: Text) -> bool:
    if given.own_timeout or "timeout" in command.under:
        return True
    shallow = {"-maxdepth", "-d", "--max-depth", "-s"} & set(command.arguments)
    return command.name == "find" and bool(shallow)


def _endless(command: Command) -> str:
    """What to write so that a command ends; "" if it does."""
    find = _ENDLESS.get(command.name)
    if command.name in _SAMPLERS:
        return _sampling(command)
    return find(command.arguments) if find is not None else ""


def _has(words: Sequence[str], letters: str, *long: str) -> bool:
    """Whether an option is among the words, also together with others: `-fn`."""
    return any(
        word.partition("=")[0] in long
        or (_SHORT.match(word) is not None and bool(set(_letters(word)) & set(letters)))
        for word in words
    )


def _letters(word: str) -> str:
    match = _SHORT.match(word)
    return match[0][1:] if match else ""


def _following(words: Sequence[str]) -> str:
    return "it without -f" if _has(words, "fF", "--follow", "--retry") else ""


def _logs(words: Sequence[str]) -> str:
    logs = "logs" in words and _has(words[words.index("logs") :], "f", "--follow")
    if logs:
        return "it without -f"
    if "events" in words and "docker" not in words and "--watch" in words:
        return "it without --watch"
    return "it without -w" if _has(words, "w", "--watch", "--watch-only") else ""


def _containers(words: Sequence[str]) -> str:
    verb = next((word for word in words if not word.startswith("-")), "")
    if verb == "stats" and "--no-stream" not in words:
        return "--no-stream"
    if verb == "events" and not _has(words, "", "--until"):
        return "--until 0s"
    return "it without -f" if verb == "logs" and _has(words, "f", "--follow") else ""


def _without(advice: str, letters: str, *long: str) -> Callable[[Sequence[str]], str]:
    """A command that ends only with one of these options."""
    return lambda words: "" if _has(words, letters, *long) else advice


def _with(advice: str, letters: str, *long: str) -> Callable[[Sequence[str]], str]:
    """A command that does not end with one of these options."""
    return lambda words: advice if _has(words, letters, *long) else ""


def _top(words: Sequence[str]) -> str:
    return "" if _has(words, "b") and _has(words, "n") else "top -b -n 1"


def _word(verb: str, advice: str) -> Callable[[Sequence[str]], str]:
    return lambda words: advice if verb in [word.lower() for word in words] else ""


def _sampling(command: Command) -> str:
    """An interval without a count goes on for ever."""
    numbers = [word for word in command.arguments if _NUMBER.fullmatch(word)]
    if command.name == "jstat":
        numbers = [word for word in command.arguments[2:] if re.fullmatch(r"[0-9]+m?s?", word)]
    if command.name == "dstat" and not numbers:
        return "dstat 1 3"
    return f"an interval and a count: {command.name} 1 3" if len(numbers) == 1 else ""


_ENDLESS: dict[str, Callable[[Sequence[str]], str]] = {
    "tail": _following,
    "journalctl": _with("it without -f", "f", "--follow"),
    "dmesg": _with("it without -w", "wW", "--follow", "--follow-new"),
    "docker": _containers,
    "podman": _containers,
    "kubectl": _logs,
    "oc": _logs,
    "watch": lambda _: "the command itself",
    "yes": lambda _: "something else",
    "top": _top,
    "iotop": _without("iotop -b -n 2", "n", "--iter"),
    "ping": _without("ping -c 2 -W 1", "cw"),
    "ping6": _without("ping6 -c 2 -W 1", "cw"),
    "tcpdump": _without("tcpdump -c 50", "c"),
    "strace": lambda _: "timeout 5 in front of it",
    "ltrace": lambda _: "timeout 5 in front of it",
    "inotifywait": _without("inotifywait -t 5", "t", "--timeout"),
    "redis-cli": _word("monitor", "SLOWLOG GET 10 for MONITOR"),
    "gitlab-ctl": _word("tail", "tail -n 100 of the log file"),
    "pm2": _word("logs", "pm2 logs --nostream"),
    "nc": _with("it without -l", "l"),
}


def _paged(command: Command) -> str:
    """What to write so that no pager starts; "" if none does."""
    if command.name in _PAGERS:
        return "use cat, head or tail"
    if command.into:
        return ""
    words = command.arguments
    if command.name in {"journalctl", "systemctl", "coredumpctl"}:
        asks = command.name != "systemctl" or bool({"status", "cat"} & set(words))
        asks = asks and "--disk-usage" not in words
        return "" if "--no-pager" in words or not asks else "add --no-pager"
    text = " ".join(words)
    if command.name == "psql" and not re.search(r"pager[= ]off|-[a-zA-Z]*A|-[a-zA-Z]*t\b", text):
        return "add -P pager=off"
    return ""


def _unbounded_log(command: Command) -> str:
    """What to write so that only a part of a log is read; "" if that is so."""
    if set(command.into) & _ENDING:
        return ""
    words = command.arguments
    if command.name == "journalctl":
        part = _has(words, "nSb", "--lines", "--since", "--boot", "--disk-usage", "--list-boots")
        return "" if part else "add -n 100 or --since -30min"
    if command.name in {"docker", "podman", "kubectl", "oc"} and "logs" in words:
        return "" if _has(words, "n", "--tail", "--since") else "add --tail=100 or --since=30m"
    whole = command.name in _READERS and any(_LOG.match(word) for word in words)
    counts = _has(words, "cqlm", "--count", "--max-count", "--quiet")
    return (
        "put `tail -n 2000 FILE |` in front, or `| tail -n 50` behind"
        if whole and not counts
        else ""
    )


def _short(command: Command) -> str:
    return " ".join(command.words)[:40]
