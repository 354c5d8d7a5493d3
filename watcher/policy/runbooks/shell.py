"""The one door to the parser of shell text: which commands a text runs, and where values go."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

import tree_sitter_bash
from tree_sitter import Language, Node, Parser

_LANGUAGE = Language(tree_sitter_bash.language())
_REFERENCE = re.compile(r"\$\{W_(\w+)\}")
_NAMES = re.compile(r"\s-v\s")
_NUMBERS = re.compile(r"\s-(?:eq|ne|lt|le|gt|ge|v)\s")
_OUTPUT = frozenset((">", ">>", ">|", "&>", "&>>"))
_READERS = frozenset(("command", "pipeline", "list"))


UNSEEN = "$()"
"""What a command is piped into whose output goes to a file or becomes a part of another one."""


class Spot(StrEnum):
    """Where a value stands that does not stand bare."""

    QUOTES = "within quotes"
    HEREDOC = "within a here-document"
    COMMENT = "within a comment"
    ARITHMETIC = "within arithmetic"
    BACKTICKS = "within backticks"


_SPOTS = {
    "raw_string": Spot.QUOTES,
    "string": Spot.QUOTES,
    "ansi_c_string": Spot.QUOTES,
    "translated_string": Spot.QUOTES,
    "heredoc_body": Spot.HEREDOC,
    "comment": Spot.COMMENT,
    "arithmetic_expansion": Spot.ARITHMETIC,
    "subscript": Spot.ARITHMETIC,
}
_COMMANDS = frozenset(("command", "declaration_command", "unset_command"))
_OPENINGS = {
    "compound_statement": ("((", Spot.ARITHMETIC),
    "command_substitution": ("`", Spot.BACKTICKS),
}


@dataclass(frozen=True, slots=True)
class Command:
    """One command with all its words, quotes taken off; `row` counts the lines of the text from 0.

    `under` are the words of what runs it (`timeout 5`, `as_root`), outermost first; `into` are the
    names of what its output is piped to, and `stdin` is the here-document that it reads.
    """

    words: tuple[str, ...]
    row: int
    under: tuple[str, ...] = ()
    into: tuple[str, ...] = ()
    stdin: str = ""

    @property
    def name(self) -> str:
        """What is run, without its folder."""
        return base(self.words[0]) if self.words else ""

    @property
    def arguments(self) -> tuple[str, ...]:
        """All but the name."""
        return self.words[1:]


@dataclass(frozen=True, slots=True)
class Redirect:
    """A file that output is written to."""

    target: str
    row: int


@dataclass(frozen=True, slots=True)
class Misplaced:
    """A value that does not stand bare."""

    name: str
    spot: Spot
    row: int


@dataclass(slots=True)
class Shell:
    """What a shell text does; `broken` is the row of what the parser did not understand."""

    commands: list[Command] = field(default_factory=list)
    redirects: list[Redirect] = field(default_factory=list)
    assignments: list[tuple[str, str, int]] = field(default_factory=list)
    misplaced: list[Misplaced] = field(default_factory=list)
    takes_values: bool = False
    broken: int | None = None


def read(text: str) -> Shell:
    """What a text does, in which a value of an alert is written `${W_name}`."""
    tree = Parser(_LANGUAGE).parse(text.encode())
    shell = Shell(takes_values=_REFERENCE.search(text) is not None)
    _walk(tree.root_node, shell, (), "")
    if tree.root_node.has_error:
        shell.broken = next(_errors(tree.root_node)).start_point.row
    return shell


def base(path: str) -> str:
    """The last part of a path."""
    return path.rpartition("/")[2]


def references(word: str) -> list[str]:
    """The names of the values within a word."""
    return _REFERENCE.findall(word)


def _walk(node: Node, shell: Shell, into: tuple[str, ...], stdin: str) -> None:
    if node.type in _COMMANDS:
        shell.commands += _unwrapped(_command(node, into, stdin))
    elif node.type == "file_redirect":
        _redirect(node, shell)
    elif node.type == "variable_assignment":
        _assignment(node, shell)
    elif node.type == "redirected_statement":
        stdin = "".join(_heredocs(node)) or stdin
        into = (UNSEEN,) if _goes_elsewhere(node) else into
    elif node.type == "command_substitution":
        into = (UNSEEN,)
    if spot := _spot(node):
        shell.misplaced += _misplaced(node, spot)
    if node.type == "pipeline":
        _pipeline(node, shell, into)
    else:
        _parts(node, shell, into, stdin)


def _parts(node: Node, shell: Shell, into: tuple[str, ...], stdin: str) -> None:
    for child in node.named_children:
        _walk(child, shell, into, stdin if child.type in _READERS else "")


def _assignment(node: Node, shell: Shell) -> None:
    name, value = node.child_by_field_name("name"), node.child_by_field_name("value")
    if name is not None and value is not None:
        shell.assignments.append((_text(name), _word(value), node.start_point.row))


def _misplaced(node: Node, spot: Spot) -> Iterator[Misplaced]:
    """The values within a node, but for those in commands that are substituted there, where they
    stand bare again.
    """
    text = node.text or b""
    for child in _substituted(node) if spot is not Spot.BACKTICKS else ():
        start, end = child.start_byte - node.start_byte, child.end_byte - node.start_byte
        text = text[:start] + re.sub(rb"[^\n]", b" ", text[start:end]) + text[end:]
    for row, line in enumerate(text.decode().split("\n"), node.start_point.row):
        yield from (Misplaced(name, spot, row) for name in references(line))


def _substituted(node: Node) -> Iterator[Node]:
    for child in node.named_children:
        if child.type in {"command_substitution", "process_substitution"}:
            yield child
        else:
            yield from _substituted(child)


def _pipeline(node: Node, shell: Shell, into: tuple[str, ...]) -> None:
    parts = node.named_children
    names = [_first(part) for part in parts]
    for number, part in enumerate(parts):
        _walk(part, shell, (*names[number + 1 :], *into), "")


def _first(node: Node) -> str:
    """The name of the first command in a part of a pipeline."""
    while node.type != "command":
        if not node.named_children:
            return ""
        node = node.named_children[0]
    return base(next(iter(_words(node)), ""))


def _command(node: Node, into: tuple[str, ...], stdin: str) -> Command:
    words = tuple(_words(node))
    if node.type != "command":  # The name is a word of the language, and assignments are arguments.
        words = (_text(node.children[0]), *map(_word, node.named_children))
    return Command(words, node.start_point.row, (), into, stdin)


def _words(node: Node) -> Iterator[str]:
    for child in node.named_children:
        if child.type not in {"variable_assignment", "file_redirect", "herestring_redirect"}:
            yield _word(child)


def _word(node: Node) -> str:
    """The word as the command gets it, but for what is expanded."""
    text = _text(node)
    match node.type:
        case "raw_string" | "string":
            return text[1:-1]
        case "ansi_c_string" | "translated_string":
            return text[2:-1]
        case "command_name":
            return "".join(_word(child) for child in node.named_children)
        case "concatenation":
            return "".join(_word(child) for child in node.named_children)
        case "word":
            return re.sub(r"\\(.)", r"\1", text)
    return text


def _text(node: Node) -> str:
    return (node.text or b"").decode()


def _redirect(node: Node, shell: Shell) -> None:
    operator = next((each.type for each in node.children if not each.is_named), "")
    target = node.child_by_field_name("destination")
    if target is None or not operator.startswith((">", "&>")):
        return
    if operator in {">&", ">&-"} and _text(target).lstrip("-").isdigit():
        return
    shell.redirects.append(Redirect(_word(target), node.start_point.row))


def _goes_elsewhere(node: Node) -> bool:
    """Whether the output of a statement is redirected, and not only its errors."""
    redirects = [each for each in node.named_children if each.type == "file_redirect"]
    return any(each.children and each.children[0].type in _OUTPUT for each in redirects)


def _heredocs(node: Node) -> Iterator[str]:
    for child in node.named_children:
        if child.type == "heredoc_redirect":
            yield from (_text(each) for each in child.named_children if each.type == "heredoc_body")


def _spot(node: Node) -> Spot | None:
    """Where the values within a node stand, if that is not bare."""
    opening = _OPENINGS.get(node.type)
    if opening is not None:
        return opening[1] if _text(node).startswith(opening[0]) else None
    if node.type == "test_command":
        return Spot.ARITHMETIC if _compares_numbers(node) else None
    return _SPOTS.get(node.type)


def _compares_numbers(test: Node) -> bool:
    """Whether this test reckons, as `[[ … ]]` does with numbers and both do with names."""
    operators = _NUMBERS if _text(test).startswith("[[") else _NAMES
    return operators.search(_text(test)) is not None


def _errors(node: Node) -> Iterator[Node]:
    if node.is_error or node.is_missing:
        yield node
    for child in node.children:
        if child.has_error:
            yield from _errors(child)


# What runs the words behind it: how many words of its own come first, options aside.
_RUNNERS = {
    "as_root": 0,
    "builtin": 0,
    "busybox": 0,
    "command": 0,
    "doas": 0,
    "env": 0,
    "exec": 0,
    "ionice": 0,
    "nice": 0,
    "nohup": 0,
    "setsid": 0,
    "stdbuf": 0,
    "sudo": 0,
    "time": 0,
    "timeout": 1,
    "xargs": 0,
}
# Options of those that take the next word.
_TAKING = {
    "doas": {"-u", "-C"},
    "env": {"-u", "-C"},
    "ionice": {"-c", "-n", "-p"},
    "nice": {"-n"},
    "sudo": {"-u", "-g", "-h", "-p", "-C", "-D"},
    "timeout": {"-k", "-s"},
    "xargs": {"-a", "-d", "-E", "-I", "-L", "-n", "-P", "-s"},
}
_LOOK_UP = frozenset(("-v", "-V"))


def _unwrapped(command: Command) -> Iterator[Command]:
    """The command, and what it runs in its turn."""
    yield command
    if command.name == "find":
        yield from _executed(command)
    own = _RUNNERS.get(command.name)
    if own is None or (command.name == "command" and _LOOK_UP & set(command.arguments)):
        return
    words = list(command.arguments)
    taking = _TAKING.get(command.name, set())
    while words and (words[0].startswith("-") or (command.name == "env" and "=" in words[0])):
        words = words[2 if words[0] in taking else 1 :]
    if rest := words[own:]:
        under = (*command.under, *command.words[: len(command.words) - len(rest)])
        inner = Command(tuple(rest), command.row, under, command.into, command.stdin)
        yield from _unwrapped(inner)


def _executed(find: Command) -> Iterator[Command]:
    """What `find` runs for each file."""
    words = list(find.arguments)
    for number, word in enumerate(words):
        if word in {"-exec", "-execdir", "-ok", "-okdir"}:
            rest = words[number + 1 :]
            end = next((at for at, each in enumerate(rest) if each in {";", "+"}), len(rest))
            inner = Command(tuple(rest[:end]), find.row, (*find.under, "find"), find.into)
            yield from _unwrapped(inner)
