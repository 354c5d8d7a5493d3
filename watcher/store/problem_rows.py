"""Rows of problems, their ties and their timelines as nouns, and nouns as rows."""

from datetime import timedelta

import orjson

from watcher.model.incident import Priority, Term
from watcher.model.problem import (
    Bond,
    Cost,
    Problem,
    ProblemEntry,
    ProblemEntryKind,
    ProblemStatus,
    Tie,
)
from watcher.model.signature import Signature
from watcher.store.values import (
    MICROSECOND,
    Row,
    from_micros,
    or_micros,
    or_moment,
    to_json,
    to_micros,
    to_reason,
)


def from_problem(problem: Problem) -> Row:
    """The row of a problem."""
    return (
        problem.number,
        problem.customer,
        problem.title,
        problem.status.value,
        problem.priority.value,
        to_json(problem.terms),
        to_micros(problem.opened_at),
        problem.opened_by,
        to_micros(problem.last_at),
        problem.service,
        problem.owner,
        problem.root_cause,
        problem.workaround,
        problem.fix,
        problem.runbook,
        problem.awaits,
        to_json(problem.tickets),
        to_json(problem.changes),
        problem.cost.incidents,
        problem.cost.lasted // MICROSECOND,
        problem.cost.breaches,
        problem.cost.woken,
        problem.worked,
        problem.failed,
        problem.returns,
        or_micros(problem.resolved_at),
        or_micros(problem.closed_at),
        problem.merged_into,
    )


def to_problem(row: Row) -> Problem:
    """The problem behind a row."""
    return Problem(
        number=row[0],
        customer=row[1],
        title=row[2],
        status=ProblemStatus(row[3]),
        priority=Priority(row[4]),
        terms=tuple(Term(**term) for term in orjson.loads(row[5])),
        opened_at=from_micros(row[6]),
        opened_by=row[7],
        last_at=from_micros(row[8]),
        service=row[9],
        owner=row[10],
        root_cause=row[11],
        workaround=row[12],
        fix=row[13],
        runbook=row[14],
        awaits=bool(row[15]),
        tickets=tuple(orjson.loads(row[16])),
        changes=tuple(orjson.loads(row[17])),
        cost=Cost(row[18], timedelta(microseconds=row[19]), row[20], row[21]),
        worked=row[22],
        failed=row[23],
        returns=row[24],
        resolved_at=or_moment(row[25]),
        closed_at=or_moment(row[26]),
        merged_into=row[27],
    )


def from_entry(entry: ProblemEntry) -> Row:
    """The row of a timeline entry, without its id."""
    return (
        entry.problem,
        to_micros(entry.at),
        entry.kind.value,
        entry.actor,
        entry.text,
        to_json(entry.reason),
        entry.key,
    )


def to_entry(row: Row) -> ProblemEntry:
    """The timeline entry behind a row."""
    _, problem, at, kind, actor, text, reason, key = row
    return ProblemEntry(
        problem=problem,
        at=from_micros(at),
        kind=ProblemEntryKind(kind),
        text=text,
        reason=to_reason(orjson.loads(reason)),
        actor=actor,
        key=key,
    )


def from_tie(tie: Tie) -> Row:
    """The row of a tie."""
    return (
        tie.problem,
        tie.incident,
        tie.customer,
        tie.bond.value,
        to_micros(tie.at),
        tie.by,
        tie.score,
        to_json(tie.reasons),
    )


def to_tie(row: Row) -> Tie:
    """The tie behind a row."""
    problem, incident, customer, bond, at, by, score, reasons = row
    return Tie(
        incident=incident,
        problem=problem,
        customer=customer,
        bond=Bond(bond),
        at=from_micros(at),
        by=by,
        score=score,
        reasons=tuple(orjson.loads(reasons)),
    )


def from_signature(incident: int, customer: str, signature: Signature) -> Row:
    """The row of what an incident is like; empty fields are left out."""
    traits = {name: sorted(values) for name, values in sorted(signature.traits.items()) if values}
    return incident, customer, to_micros(signature.opened_at), to_json(traits)


def to_signature(row: Row) -> Signature:
    """The signature behind a row."""
    traits = orjson.loads(row[3])
    values = {name: frozenset(found) for name, found in traits.items()}
    return Signature(from_micros(row[2]), values)
