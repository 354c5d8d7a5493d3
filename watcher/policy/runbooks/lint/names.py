"""R03 again: a value chooses neither what runs, nor which variable is meant, nor where a program
looks for what it runs.
"""

import re
from collections.abc import Iterator

from watcher.policy.runbooks.lint.findings import Fault, Text, table
from watcher.policy.runbooks.shell import Command, references

# Their arguments are names of variables, which may hold commands in brackets, or shell text.
_NAMING = table(
    "alias coproc declare enable export getopts hash let local mapfile read readarray readonly "
    "trap typeset unset bind complete compgen"
)
_ASSIGNING = table("export local readonly declare typeset")
# What they are told they run, whatever stands before it.
_RUNNING = table(
    "at batch crontab expect osascript parallel runuser script socat start-stop-daemon "
    "systemd-run tclsh watch wish"
)
# Options whose word is a program, or a statement in the language of the command.
_STATEMENTS = {
    **dict.fromkeys(("psql", "clickhouse-client"), re.compile(r"-c|--command|-q|--query")),
    **dict.fromkeys(("mysql", "mariadb"), re.compile(r"-\w*e|--execute")),
    **dict.fromkeys(("sqlcmd", "osql"), re.compile(r"-[qQ]")),
    **dict.fromkeys(("vi", "vim", "view", "ex"), re.compile(r"-c|--cmd|-S")),
    **dict.fromkeys(("nc", "ncat", "netcat"), re.compile(r"-[ce]|--(?:sh-)?exec")),
    "cqlsh": re.compile("-e|--execute"),
    "gdb": re.compile("-i?ex?|-{1,2}(?:init-)?eval-command|-x|--command"),
    "git": re.compile("-c|--exec-path"),
    "lua": re.compile("-e"),
    "man": re.compile("-[PHX]|--pager"),
    "redis-cli": re.compile("eval|--eval", re.IGNORECASE),
    "rsync": re.compile("-e|--rsh|--rsync-path"),
    "tar": re.compile("-I|--to-command|--use-compress-program|--checkpoint-action"),
}
_SEARCHED = re.compile(
    r"PATH|IFS|ENV|BASH_ENV|PS[0-4]|PROMPT_COMMAND|SHELL|SHELLOPTS|PAGER|MANPAGER|EDITOR|VISUAL"
    r"|BROWSER|LD_\w+|GIT_\w+|PERL5\w+|PYTHON\w+|RUBY\w+|NODE_\w+|JAVA_TOOL_OPTIONS|LESSOPEN"
)
_TESTS = frozenset(("[", "test", "printf"))
_ASSIGNMENT = re.compile(r"\w+=.*", re.DOTALL)


def check_names(given: Text) -> Iterator[Fault]:
    """Values that stand bare and are dangerous all the same."""
    for command in given.shell.commands:
        if what := _what(command):
            advice = "name it in the runbook; with several, write a variant for each"
            yield Fault("R03", command.row, f"{what}: there it could be executed", advice)
    for name, value, row in given.shell.assignments:
        if _SEARCHED.fullmatch(name) and references(value):
            what = f"a value becomes {name}, which chooses what runs"
            yield Fault("R03", row, what, "use a variable of another name")


def _what(command: Command) -> str:
    """What is wrong with a command; "" if nothing is."""
    if not command.words or not any(map(references, command.words)):
        return ""
    runner = next((name for name in (command.name, *command.into) if name in _RUNNING), "")
    wrong = {
        "a value is the name of a command": bool(references(command.words[0])),
        f"`{runner}` runs what it is told": bool(runner),
        f"a value is an argument of `{command.name}`": _names_variable(command),
        "a value is the name of a variable": command.name in _TESTS and _asks_for(command),
        f"a value is a statement of `{command.name}`": _is_statement(command),
    }
    return next((what for what, holds in wrong.items() if holds), "")


def _names_variable(command: Command) -> bool:
    """A plain assignment is as good as one without `export`, unless it is to a number."""
    if command.name not in _NAMING:
        return False
    reckons = any(re.fullmatch(r"-\w*[in]\w*", word) for word in command.arguments)
    plain = command.name in _ASSIGNING and not reckons
    return any(
        references(word) and not (plain and _ASSIGNMENT.fullmatch(word))
        for word in command.arguments
    )


def _asks_for(test: Command) -> bool:
    words = test.arguments
    return any(word == "-v" and references(words[at + 1]) for at, word in enumerate(words[:-1]))


def _is_statement(command: Command) -> bool:
    options = _STATEMENTS.get(command.name)
    if options is None:
        return command.name == "sqlite3" and any(map(references, command.arguments[1:]))
    before = ""
    for word in command.arguments:
        option = word.partition("=")[0] if word.startswith("-") else ""
        if references(word) and (options.fullmatch(before) or options.fullmatch(option)):
            return True
        before = word
    return False
