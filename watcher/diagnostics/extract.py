"""Values out of the text of a step: by regular expression, JMESPath, table or count.

A value that is not there is left out; one that cannot be read is a note, and never more.
"""

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice

import jmespath
import orjson
from jmespath.exceptions import JMESPathError

from watcher.diagnostics.figures import number, seconds
from watcher.diagnostics.inputs import Inputs, Refused
from watcher.kit.ambiguity import fault
from watcher.kit.text import cut
from watcher.model.evidence import Value
from watcher.model.runbook import Extract, Table, ValueType

# A regular expression sees at most so many characters at once.
_SLICE = 65_536
_MOST_ROWS = 1000
_LONGEST = 500
_BIGGEST = 2**63
_QUOTED = 40
_TRUE = frozenset({"true", "yes", "on", "1", "t", "y"})
_FALSE = frozenset({"false", "no", "off", "0", "f", "n"})
_INPUT = re.compile(r"\{\{\s*inputs\.([a-z][a-z0-9_]*)\s*\}\}")


@dataclass(frozen=True, slots=True)
class Extracted:
    """What was found by name, and a note for everything that could not be read."""

    found: Mapping[str, object] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def values(self) -> dict[str, Value]:
        """The single values, without lists and rows; a long text is cut."""
        return {
            name: cut(value, _LONGEST) if isinstance(value, str) else value
            for name, value in self.found.items()
            if isinstance(value, str | int | float | bool)
        }


def extracted(wanted: Iterable[Extract], text: str, inputs: Inputs) -> Extracted:
    """Everything that is wanted of this text."""
    found: dict[str, object] = {}
    notes: list[str] = []
    for one in wanted:
        try:
            value = _extracted(one, text, inputs)
        except (Refused, ValueError, re.error, RecursionError, JMESPathError) as error:
            words = " ".join(str(error).split())[:200]
            notes.append(f"value {one.name} could not be read: {words}")
        else:
            if value is not None:
                found[one.name] = value
    return Extracted(found, tuple(notes))


def complaint(one: Extract) -> str:
    """What is wrong with an extraction, whatever the text; "" if nothing is."""
    try:
        for pattern in _patterns(one):
            if wrong := fault(_INPUT.sub("x", pattern)):
                return wrong
        if one.json:
            jmespath.compile(one.json)
        if one.default is not None:
            _typed(one.default, one.type)
    except (ValueError, JMESPathError) as error:
        return " ".join(str(error).split())
    return ""


def inputs_of(one: Extract) -> frozenset[str]:
    """The inputs that an extraction asks for."""
    return frozenset(name for text in _patterns(one) for name in _INPUT.findall(text))


def shown(value: object) -> str:
    """A value as text, the way runbooks are tested for it."""
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.12g}" if isinstance(value, float) else str(value)


def _patterns(one: Extract) -> Iterator[str]:
    yield from (pattern for pattern in (one.regex, one.count) if pattern)
    if one.table is not None:
        yield one.table.header
        yield from one.table.where.values()


def _extracted(one: Extract, text: str, inputs: Inputs) -> object:
    def compiled(pattern: str) -> re.Pattern[str]:
        filled = _INPUT.sub(lambda use: re.escape(inputs[use[1]]), pattern)
        return re.compile(filled, re.MULTILINE)

    if one.count:
        return sum(1 for _ in _matches(compiled(one.count), text))
    if one.json:
        found = _from_json(one.json, text)
    elif one.table is not None:
        found = _from_table(one.table, text, compiled)
    else:
        found = (_meant(match) for match in _matches(compiled(one.regex), text))
    rows = [_typed(each, one.type) for each in islice(found, _MOST_ROWS if one.all else 1)]
    if one.all:
        return rows
    if rows:
        return rows[0]
    return None if one.default is None else _typed(one.default, one.type)


def _matches(pattern: re.Pattern[str], text: str) -> Iterator[re.Match[str]]:
    for piece in slices(text):
        yield from pattern.finditer(piece)


def slices(text: str) -> Iterator[str]:
    """The text in pieces that are not too long for a regular expression."""
    start = 0
    while len(text) - start > _SLICE:
        end = text.rfind("\n", start, start + _SLICE) + 1 or start + _SLICE
        yield text[start:end]
        start = end
    yield text[start:]


def _meant(match: re.Match[str]) -> object:
    """A row of the named groups, else the first group, else all of the match."""
    if match.re.groupindex:
        return {name: text or "" for name, text in match.groupdict().items()}
    return match[1] or "" if match.re.groups else match[0]


def _from_json(path: str, text: str) -> Iterator[object]:
    try:
        document = orjson.loads(text)
    except ValueError:
        raise ValueError("the output is no JSON, or only a part of it") from None
    found = jmespath.search(path, document)
    if isinstance(found, list):
        yield from found
    elif found is not None:
        yield found


def _from_table(
    table: Table, text: str, compiled: Callable[[str], re.Pattern[str]]
) -> Iterator[object]:
    header = compiled(table.header)
    where = {name: compiled(pattern) for name, pattern in table.where.items()}
    for row in _rows(header, text):
        if strange := sorted({*where, *filter(None, [table.column])} - row.keys()):
            raise ValueError(f"the table has no column {strange[0]!r}, but {', '.join(row)}")
        if all(pattern.fullmatch(row[name]) for name, pattern in where.items()):
            yield row[table.column] if table.column else row


def _rows(header: re.Pattern[str], text: str) -> Iterator[dict[str, str]]:
    """The rows from the heading line to the first empty one; the last cell takes the rest.

    The headings are the groups of the expression, else its words. As some headings are two words
    (`Mounted on`), those for which most rows have no cell belong to the last.
    """
    lines = iter(text.splitlines())
    match = next((found for line in lines if (found := header.search(line))), None)
    if match is None:
        return
    body = []
    for line in lines:
        if not line.strip():
            break
        body.append(line)
    headings = [each or "" for each in match.groups()] or match.string.split()
    if not match.groups() and body:
        usual = Counter(len(line.split()) for line in body).most_common(1)[0][0]
        if 0 < usual < len(headings):
            headings = [*headings[: usual - 1], " ".join(headings[usual - 1 :])]
    for line in body:
        cells = line.split(maxsplit=len(headings) - 1)
        cells += [""] * (len(headings) - len(cells))
        yield dict(zip(headings, (cell.strip() for cell in cells), strict=True))


def _typed(value: object, kind: ValueType) -> object:
    """The value as this type; rows and what JSON has types for stay as they are."""
    if isinstance(value, Mapping | list) or (kind is ValueType.STR and value is not None):
        return _kept(value)
    text = shown(value).strip()
    try:
        return _kept(_CONVERSIONS[kind](text))
    except ValueError:
        raise ValueError(f"{text[:_QUOTED]!r} is no {kind}") from None


def _kept(value: object) -> object:
    """The value, if it is one that evidence can hold; Prometheus prints NaN, and some +Inf."""
    if isinstance(value, int | float) and not (math.isfinite(value) and abs(value) < _BIGGEST):
        raise ValueError(f"{shown(value)[:_QUOTED]} is too big a number, or none")
    return value


def _bool(text: str) -> bool:
    if text.lower() in _TRUE | _FALSE:
        return text.lower() in _TRUE
    raise ValueError(text)


_CONVERSIONS: dict[ValueType, Callable[[str], Value]] = {
    ValueType.STR: str,
    ValueType.INT: lambda text: int(text.removesuffix("%").replace(",", "")),
    ValueType.FLOAT: lambda text: float(text.removesuffix("%").replace(",", "")),
    ValueType.BOOL: _bool,
    ValueType.BYTES: lambda text: int(number(text)),
    ValueType.DURATION: seconds,
}
