"""What is kept to look at and to learn from, diagnoses and labelled pairs, as rows and back."""

import zlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson
from pydantic import TypeAdapter

from watcher.model.event import Severity
from watcher.model.evidence import Diagnosis, Evidence
from watcher.model.example import Example, Side
from watcher.store.values import Row, from_micros, to_json, to_micros, to_reason

_DIAGNOSIS = TypeAdapter(Diagnosis)


def from_diagnosis(diagnosis: Diagnosis) -> bytes:
    """A diagnosis as it is kept: compressed JSON."""
    return zlib.compress(to_json(diagnosis).encode())


def to_evidence(row: Row) -> Evidence:
    """The evidence behind a row."""
    number, incident, _, _, _, _, body = row
    diagnosis = _DIAGNOSIS.validate_json(zlib.decompress(body))
    return Evidence(id=number, incident=incident, diagnosis=diagnosis)


def from_example(example: Example) -> Row:
    """The row of a labelled pair."""
    return (
        example.pair,
        example.customer,
        example.together,
        to_micros(example.at),
        example.by,
        example.why,
        None if example.machine is None else to_json(example.machine),
        to_json(example.one),
        to_json(example.other),
    )


def to_example(row: Row) -> Example:
    """The labelled pair behind a row."""
    _, customer, together, at, by, why, machine, one, other = row
    return Example(
        customer=customer,
        one=_side(orjson.loads(one)),
        other=_side(orjson.loads(other)),
        together=bool(together),
        by=by,
        at=from_micros(at),
        why=why,
        machine=None if machine is None else to_reason(orjson.loads(machine)),
    )


def _side(found: Mapping[str, Any]) -> Side:
    started_at = found["started_at"]
    return Side(
        **{
            **found,
            "severity": Severity(found["severity"]),
            "started_at": None if started_at is None else datetime.fromisoformat(started_at),
        }
    )
