"""The run log: each attempt to run something on a host leaves a line, whoever wanted it."""

from collections.abc import Sequence

from watcher.decide.findings import worst
from watcher.diagnostics.prepare import prepare
from watcher.diagnostics.run import Job, script_of
from watcher.kit.log import logger
from watcher.kit.redact import without_own
from watcher.model.action import Action
from watcher.model.evidence import Diagnosis, Fault
from watcher.model.run import Run
from watcher.store.tx import Tx

_LOG = logger("runlog")


def run_of(diagnosis: Diagnosis, job: Job, outcome: str, action: Action | None = None) -> Run:
    """The line for a diagnosis; without an action a person tried the runbook out."""
    audit = diagnosis.audit
    payload = action.payload if action else {}
    return Run(
        at=diagnosis.started_at,
        customer=job.host.customer,
        runbook=diagnosis.runbook,
        host=diagnosis.host,
        by=payload.get("by", job.by),
        incident=action.incident if action else None,
        approved_by=payload.get("approved_by", job.by if job.approved and not action else ""),
        address=audit.address or job.host.address or "",
        user=audit.user or job.profile.user,
        via=audit.via,
        host_key=audit.host_key,
        verified=audit.verified,
        digest=audit.runbook or job.runbook.digest,
        script=audit.script,
        inputs=audit.inputs,
        fault=diagnosis.fault.value if diagnosis.fault else "",
        outcome=outcome,
        worst=worst(diagnosis) or "",
        seconds=diagnosis.seconds,
        size=sum(step.size for step in diagnosis.steps),
    )


def script_text(jobs: Sequence[Job]) -> str:
    """What ran for these jobs, for those who must see it: without Watcher's own secrets, and
    without inputs that have one in them.
    """
    secrets = {each for job in jobs for each in job.secrets}
    for each in map(prepare, jobs):
        shown = each.shown
        secrets.update(value for name, value in each.inputs.values.items() if value != shown[name])
    return without_own(script_of(jobs), secrets)


def keep(tx: Tx, run: Run, script: str = "") -> None:
    """Writes the line down, with the text of the script if one ran; what may be an attack is in
    Watcher's own log as well.
    """
    tx.add_runs([run])
    if run.script and script:
        tx.keep_script(run.script, script, run.at)
    if run.fault == Fault.HOST_KEY:
        _LOG.warning(
            "host key refused",
            customer=run.customer,
            host=run.host,
            address=run.address,
            incident=run.incident,
            why=run.outcome,
        )
