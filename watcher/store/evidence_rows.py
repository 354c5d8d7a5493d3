"""What is kept to look at and to learn from, as rows and back: diagnoses, runs, labelled pairs."""

import zlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson
from pydantic import TypeAdapter

from watcher.model.event import Severity
from watcher.model.evidence import Diagnosis, Evidence
from watcher.model.example import Example, Side
from watcher.model.run import Run
from watcher.store.values import (
    Row,
    from_mapping,
    from_micros,
    to_json,
    to_mapping,
    to_micros,
    to_reason,
)

_DIAGNOSIS = TypeAdapter(Diagnosis)


def from_diagnosis(diagnosis: Diagnosis) -> bytes:
    """A diagnosis as it is kept: compressed JSON."""
    return zlib.compress(to_json(diagnosis).encode())


def to_evidence(row: Row) -> Evidence:
    """The evidence behind a row."""
    number, incident, body = row
    diagnosis = _DIAGNOSIS.validate_json(zlib.decompress(body))
    return Evidence(id=number, incident=incident, diagnosis=diagnosis)


def from_run(run: Run) -> Row:
    """The row of a line of the run log, without its id."""
    return (
        to_micros(run.at),
        run.customer,
        run.runbook,
        run.host,
        run.by,
        run.incident,
        run.approved_by,
        run.address,
        run.user,
        to_json(run.via),
        run.host_key,
        run.verified,
        run.digest,
        run.script,
        from_mapping(run.inputs),
        run.fault,
        run.outcome,
        round(run.seconds * 1000),
        run.size,
        run.worst,
    )


def to_run(row: Row) -> Run:
    """The line of the run log behind a row."""
    return Run(
        id=row[0],
        at=from_micros(row[1]),
        customer=row[2],
        runbook=row[3],
        host=row[4],
        by=row[5],
        incident=row[6],
        approved_by=row[7],
        address=row[8],
        user=row[9],
        via=tuple(orjson.loads(row[10])),
        host_key=row[11],
        verified=row[12],
        digest=row[13],
        script=row[14],
        inputs=to_mapping(row[15]),
        fault=row[16],
        outcome=row[17],
        seconds=row[18] / 1000,
        size=row[19],
        worst=row[20],
    )


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
