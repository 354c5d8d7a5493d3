"""What templates of a runbook ask for and what they look like, read without rendering anything."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from jinja2 import Environment, TemplateSyntaxError, nodes

from watcher.diagnostics.signals import FILTERS, TESTS
from watcher.model.runbook import Signal

# Read only; nothing is ever rendered with it.
_ENVIRONMENT = Environment(autoescape=True)
IN_COMMANDS = frozenset(_ENVIRONMENT.filters)
"""The filters that the text of a step may use."""

_MARKS = re.compile(r"\{[{%#]")


class Unreadable(ValueError):
    """A template that is none; the message says why."""


@dataclass(frozen=True, slots=True)
class Outline:
    """What a template asks for: names as they are written (`use`, `inputs.x`, `facts.x`).

    `text` is the template with `${W_name}` bare where an input goes and `${W_0}` for anything else,
    all branches one after the other.
    """

    text: str
    names: frozenset[str] = frozenset()


@lru_cache(maxsize=2048)
def outline(template: str, filters: frozenset[str] = IN_COMMANDS) -> Outline:
    """What there is to a template that may use these filters. Raises Unreadable."""
    if not _MARKS.search(template):
        return Outline(template)
    try:
        tree = _ENVIRONMENT.parse(template)
    except TemplateSyntaxError as error:
        raise Unreadable(error.message) from None
    _check([each.name for each in tree.find_all(nodes.Filter)], filters, "filter")
    _check([each.name for each in tree.find_all(nodes.Test)], TESTS, "test")
    return Outline("".join(_texts(tree)), frozenset(_names(tree)))


def asked(signal: Signal) -> frozenset[str]:
    """The names that condition and sentence of a signal ask for. Raises Unreadable."""
    return outline(f"{{{{ ({signal.condition}) }}}}{signal.say}", FILTERS).names


def _check(names: Iterable[str], known: frozenset[str], noun: str) -> None:
    for name in names:
        if name not in known:
            raise Unreadable(f"there is no {noun} {name!r}; there are: {', '.join(sorted(known))}")


def _texts(node: nodes.Node) -> Iterator[str]:
    if isinstance(node, nodes.Output):
        for part in node.nodes:
            yield part.data if isinstance(part, nodes.TemplateData) else f"${{W_{_input(part)}}}"
        return
    for child in node.iter_child_nodes():
        yield from _texts(child)


def _input(expression: nodes.Expr) -> str:
    """The name of the input that an expression gives as it is, else what no input is called."""
    return _attribute(expression, "inputs") or "0"


def _names(tree: nodes.Template) -> Iterator[str]:
    found = list(tree.find_all(nodes.Name))
    own = {name.name for name in found if name.ctx != "load"} | {"inputs", "facts"}
    yield from (name.name for name in found if name.name not in own)
    for each in tree.find_all((nodes.Getattr, nodes.Getitem)):
        for parent in ("inputs", "facts"):
            if attribute := _attribute(each, parent):
                yield f"{parent}.{attribute}"


def _attribute(expression: nodes.Node, parent: str) -> str:
    match expression:
        case nodes.Getattr(node=nodes.Name(name=name), attr=attribute):
            return str(attribute) if name == parent else ""
        case nodes.Getitem(node=nodes.Name(name=name), arg=nodes.Const(value=key)):
            return str(key) if name == parent else ""
    return ""
