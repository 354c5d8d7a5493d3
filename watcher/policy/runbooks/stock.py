"""The alerts that templates and collections of rules bring along, by name."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from watcher.policy.yamlfile import load


@dataclass(frozen=True, slots=True)
class StockAlert:
    """An alert of which the name and the source are known, and nothing else."""

    name: str
    source: str
    host: str | None = None
    service: str | None = None
    severity: str = ""
    customer: str = ""
    key: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)


def stock() -> dict[str, tuple[StockAlert, ...]]:
    """The alerts by the template or collection that they are from."""
    found = load(Path(__file__).with_name("stock.yaml")).data
    return {
        each["from"]: tuple(StockAlert(name, each["source"]) for name in each["names"])
        for each in TypeAdapter(list[dict[str, Any]]).validate_python(found)
    }
