"""Where an input comes from: a field of the alert, the incident or the host, or a part of one."""

from typing import Annotated

from pydantic import AfterValidator, BeforeValidator

from watcher.policy.runbooks.words import IN_SCHEMA, NOT_EMPTY, regex
from watcher.policy.suggest import did_you_mean
from watcher.policy.values import Name, one_or_many

FIELDS = (
    "alert.name",
    "alert.key",
    "alert.source",
    "alert.severity",
    "alert.host",
    "alert.service",
    "alert.summary",
    "incident.number",
    "incident.customer",
    "incident.service",
    "host.name",
    "host.address",
)
"""What a value may be taken from, beside labels of the alert and tags of the host."""

_OPEN = ("alert.labels.", "host.tags.")


def _source(text: str) -> str:
    """One entry of `from`. Raises ValueError."""
    field, part, expression = (each.strip() for each in text.partition("=~"))
    if not any(field.startswith(each) and field != each for each in _OPEN) and field not in FIELDS:
        hint = did_you_mean(field, (*FIELDS, *(f"{each}NAME" for each in _OPEN)))
        raise ValueError(f"there is no field {field!r}{hint}")
    if part:
        regex(expression)
    return text


_Source = Annotated[Name, AfterValidator(_source)]
_Many = Annotated[tuple[_Source, ...], NOT_EMPTY, IN_SCHEMA]
Sources = Annotated[_Many, BeforeValidator(one_or_many, json_schema_input_type=Name | _Many)]
"""One source, or some; the first that has a value counts."""
