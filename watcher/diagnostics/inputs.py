"""Which values of an alert a runbook's steps may see: only those that look like their type."""

import re
from collections.abc import Callable, Iterable, Mapping
from ipaddress import ip_address
from typing import Self

from watcher.model.runbook import Input, InputType

_MAX_LENGTH = 1024
_MAX_PORT = 65_535

_LABEL = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_PATTERNS = {
    InputType.HOSTNAME: rf"(?=.{{1,253}}\Z){_LABEL}(?:\.{_LABEL})*\.?",
    InputType.INT: r"-?[0-9]{1,18}",
    InputType.PATH: r"/(?!.*(?:^|/)\.\.(?:/|\Z))(?!\.\.(?:/|\Z))[A-Za-z0-9._/@:+,=~-]{0,255}",
    InputType.SYSTEMD_UNIT: r"(?!-)[A-Za-z0-9:_.@\\-]{1,200}",
    InputType.DBNAME: r"(?!-)[A-Za-z0-9_.-]{1,63}",
    InputType.CONTAINER: r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}",
    InputType.K8S_NAME: r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?",
    InputType.WORD: r"(?!-)[A-Za-z0-9_.:/@%+=,-]{1,200}",
}


class Refused(Exception):
    """A step asked for an input that has no usable value; the message says why."""


class Inputs:
    """The inputs of one run as its templates see them; a refused one is refused on use."""

    __slots__ = ("_refused", "_values")

    def __init__(
        self,
        inputs: Iterable[Input],
        fields: Mapping[str, str],
        given: Mapping[str, str] | None = None,
    ) -> None:
        """`fields` are those of the alert; what a person has `given` comes before them."""
        self._values: dict[str, str] = {}
        self._refused: dict[str, str] = {}
        for one in inputs:
            typed = (given or {}).get(one.name)
            value = _pick(one, fields) if typed is None else typed
            whence = "from the alert" if typed is None else "given"
            if value is None:
                self._refused[one.name] = f"input {one.name}: the alert has no value for it"
            elif allowed(one, value):
                self._values[one.name] = value
            else:
                self._refused[one.name] = (
                    f"input {one.name}: the value {whence} is not a valid {one.type}"
                )

    @classmethod
    def example(cls, inputs: Iterable[Input]) -> Self:
        """Inputs that all have a value, to try templates with."""
        example = cls((), {})
        example._values = {one.name: "1" for one in inputs}
        return example

    @property
    def values(self) -> Mapping[str, str]:
        """Those that have a usable value."""
        return self._values

    @property
    def refused(self) -> Mapping[str, str]:
        """Why each of the others has none."""
        return self._refused

    def __getitem__(self, name: str) -> str:
        if name in self._refused:
            raise Refused(self._refused[name])
        if name not in self._values:
            raise Refused(f"there is no input {name!r}")
        return self._values[name]


def allowed(one: Input, value: str) -> bool:
    """Whether this value may be handed to a command as this input."""
    if one.type is InputType.ENUM:
        return value in one.values
    if len(value) > _MAX_LENGTH or not value.isprintable():
        return False
    if one.pattern is not None and not re.fullmatch(one.pattern, value):
        return False
    special = _SPECIAL.get(one.type)
    if special is not None:
        return special(value)
    return re.fullmatch(_PATTERNS[one.type], value) is not None


def source_of(text: str) -> tuple[str, re.Pattern[str] | None]:
    """The field that a source names, and the expression behind ` =~ `. Raises re.error."""
    name, within, pattern = text.partition("=~")
    return name.strip(), re.compile(pattern.strip()) if within else None


def _pick(one: Input, fields: Mapping[str, str]) -> str | None:
    found = (_look_up(source, fields) for source in one.sources)
    return next((value for value in found if value), one.default)


def _look_up(source: str, fields: Mapping[str, str]) -> str:
    name, pattern = source_of(source)
    value = fields.get(name, "")
    if pattern is None:
        return value
    match = pattern.search(value[:_MAX_LENGTH])
    return "" if match is None else (match[1] if pattern.groups else match[0]) or ""


def _is_ip(value: str) -> bool:
    try:
        ip_address(value)
    except ValueError:
        return False
    return "%" not in value


def _is_port(value: str) -> bool:
    return re.fullmatch(r"[1-9][0-9]{0,4}", value) is not None and int(value) <= _MAX_PORT


_SPECIAL: dict[InputType, Callable[[str], bool]] = {
    InputType.IP: _is_ip,
    InputType.PORT: _is_port,
}
