"""What diagnoses leave behind and what later ones ask about it: evidence, runs, how many there are.

The body of evidence is compressed, and only read where its steps are wanted.
"""

import zlib
from collections.abc import Iterable
from datetime import datetime

from watcher.model.evidence import Diagnosis, Evidence
from watcher.model.run import Run, Use
from watcher.store import evidence_rows
from watcher.store.link import RUN, Link
from watcher.store.values import from_micros, to_micros

EVIDENCE = ("id", "incident", "body")

# A second attempt knows more than the first: its evidence takes the place of that.
_ADD = """
INSERT INTO evidence (incident, action, host, runbook, at, body, customer, complete)
VALUES (:incident, :action, :host, :runbook, :at, :body,
    (SELECT customer FROM incident WHERE number = :incident), :complete)
ON CONFLICT (action) DO UPDATE SET
    incident = excluded.incident, at = excluded.at, body = excluded.body,
    complete = excluded.complete
"""
_LAST = f"""
SELECT {", ".join(EVIDENCE)} FROM evidence AS e {{using}}
WHERE complete AND customer = :customer AND host = :host AND runbook = :runbook AND at >= :since
ORDER BY at DESC, id DESC LIMIT 1
"""  # noqa: S608 - names of the schema
# Of one incident, or so many of the newest: what it costs does not grow with the outbox.
_LANES = """
SELECT DISTINCT lane FROM action WHERE incident = :incident AND lane LIKE :first
AND id < :before AND key LIKE :key ESCAPE '!' LIMIT :most
"""
_LOOKED_AT = 2_000
# Its row is locked by this, so that retention sees that it is in use again.
_KEEP_SCRIPT = """
INSERT INTO script (sha256, body, first_at, last_at) VALUES (:sha256, :body, :at, :at)
ON CONFLICT (sha256) DO UPDATE SET last_at =
    CASE WHEN excluded.last_at > script.last_at THEN excluded.last_at ELSE script.last_at END
"""
# Of a customer, or of all where it is NULL.
_SCRIPT = """
SELECT body FROM script WHERE sha256 = :sha256 AND EXISTS (
    SELECT 1 FROM run WHERE run.script = :sha256 AND customer = coalesce(:customer, customer)
)
"""
# Of a customer, or of all where it is NULL.
_USES = """
SELECT runbook, count(*), sum(CASE WHEN worst = 'bad' THEN 1 ELSE 0 END),
    sum(CASE WHEN fault <> '' THEN 1 ELSE 0 END), max(at)
FROM run WHERE at >= :since AND customer = coalesce(:customer, customer) GROUP BY runbook
"""
_BUSY = """
SELECT count(DISTINCT incident) FROM (
    SELECT incident, customer, kind, created_at FROM action ORDER BY id DESC LIMIT :limit
) AS newest WHERE kind = 'diagnose' AND customer = :customer AND created_at >= :since
"""


def add_evidence(link: Link, incident: int, action: int, diagnosis: Diagnosis, whole: bool) -> None:
    """Keeps what a diagnosis brought, one for each action: the last."""
    link.run(
        _ADD,
        {
            "incident": incident,
            "action": action,
            "host": diagnosis.host,
            "runbook": diagnosis.runbook,
            "at": to_micros(diagnosis.started_at),
            "body": evidence_rows.from_diagnosis(diagnosis),
            "complete": whole and not diagnosis.problem,
        },
    )


def last_evidence(
    link: Link, customer: str, runbook: str, host: str, since: datetime
) -> Evidence | None:
    """The newest complete diagnosis of a host by a runbook since then."""
    asked = {"customer": customer, "host": host, "runbook": runbook, "since": to_micros(since)}
    found = link.rows(_LAST.format(using=link.using("evidence_last")), asked)
    return evidence_rows.to_evidence(found[0]) if found else None


def add_runs(link: Link, runs: Iterable[Run]) -> None:
    """Writes lines of the run log."""
    link.add(RUN, [evidence_rows.from_run(run) for run in runs])


def keep_script(link: Link, sha256: str, text: str, at: datetime) -> None:
    """Keeps what a run of then was made of, once."""
    body = zlib.compress(text.encode())
    link.run(_KEEP_SCRIPT, {"sha256": sha256, "body": body, "at": to_micros(at)})


def script(link: Link, sha256: str, customer: str | None) -> str | None:
    """What ran under this hash, if it did on hosts of this customer; None: of all."""
    found = link.rows(_SCRIPT, {"sha256": sha256, "customer": customer})
    return zlib.decompress(found[0][0]).decode() if found else None


def uses(link: Link, since: datetime, customer: str | None) -> dict[str, Use]:
    """How each runbook that ran since then was used."""
    found = link.rows(_USES, {"since": to_micros(since), "customer": customer})
    return {
        runbook: Use(int(times), int(bad), int(vain), from_micros(last))
        for runbook, times, bad, vain, last in found
    }


def lanes_before(link: Link, incident: int, before: int, start: str, most: int) -> list[str]:
    """The lanes, `most` at most, of an incident's older diagnoses whose keys start like that; not
    of those that were repeated.
    """
    # Every character but the last stands for itself.
    key = "".join(f"!{char}" if char in "!%_" else char for char in start) + "%"
    asked = {
        "incident": incident,
        "before": before,
        "key": key,
        "most": most,
        "first": "diagnose/%",
    }
    return [lane for (lane,) in link.rows(_LANES, asked)]


def diagnosed_incidents(link: Link, customer: str, since: datetime) -> int:
    """How many incidents of a customer had diagnoses queued since then, by the newest actions."""
    asked = {"customer": customer, "since": to_micros(since), "limit": _LOOKED_AT}
    [(count,)] = link.rows(_BUSY, asked)
    return int(count)
