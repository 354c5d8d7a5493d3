"""How matchers are written in rules: one text, or a list of texts that must all hold."""

from collections.abc import Iterable
from typing import Annotated

from pydantic import BeforeValidator, Field, PlainValidator, WithJsonSchema

from watcher.decide.conditions import FIELDS
from watcher.decide.match import holds, parse
from watcher.model.event import Severity
from watcher.model.matcher import Matcher
from watcher.policy.problems import Place, Problems
from watcher.policy.suggest import did_you_mean
from watcher.policy.values import one_or_many

# Enough for an editor to tell a matcher from something else: a name, quoted or not, an operator.
_BEGINNING = r"""^\s*(\{\s*\}$|\{?\s*("([^"\\]|\\.)+"|[^\s{}!=~,"'`\\]+)\s*(=~|!~|!=|=))"""
# So alike that hardly anybody calls a label so.
_MISSPELT = 0.85


def _parse(value: object) -> tuple[Matcher, ...]:
    """What one text says. Raises ValueError."""
    if not isinstance(value, str):
        raise ValueError("should be a matcher in quotes, such as 'name=~\"Link .*\"'")  # noqa: TRY004 - what pydantic reports
    matchers = parse(value)
    for matcher in matchers:
        if matcher.name == "labels":
            raise ValueError("name the label itself, as in 'team=\"payments\"', not `labels`")
        if matcher.name == "severity" and not any(holds(matcher, word) for word in Severity):
            words = ", ".join(Severity)
            raise ValueError(f"no severity is like that; there are {words}")
    return matchers


def _some(value: object) -> object:
    if value == []:
        raise ValueError("should not be empty; '{}' stands for every alert")
    return one_or_many(value)


Text = Annotated[
    tuple[Matcher, ...],
    PlainValidator(_parse),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": _BEGINNING,
            "description": (
                "Matchers in Alertmanager's syntax: =, !=, =~ and !~ on "
                f"{', '.join(FIELDS)}, or a label. Regular expressions match the whole value. "
                "{} stands for every alert."
            ),
            "examples": ['name=~"Interface .*: Link down"', 'severity!="disaster"'],
        }
    ),
]
Matchers = Annotated[
    tuple[Text, ...],
    BeforeValidator(
        _some, json_schema_input_type=Text | Annotated[tuple[Text, ...], Field(min_length=1)]
    ),
]


def all_of(
    texts: Iterable[Iterable[Matcher]], place: Place, problems: Problems
) -> tuple[Matcher, ...]:
    """The matchers of all texts at this place; a label that looks like a misspelt field is
    worth a warning.
    """
    matchers = []
    for number, text in enumerate(texts):
        for matcher in text:
            hint = "" if matcher.name in FIELDS else did_you_mean(matcher.name, FIELDS, _MISSPELT)
            if hint:
                problems.warn(place / number, f"{matcher.name!r} is taken for a label{hint}")
            matchers.append(matcher)
    return tuple(matchers)
