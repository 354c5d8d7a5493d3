"""A run on a real host, by hand: the only place where commands do so, and it is written down."""

from contextlib import closing

import typer

from watcher.app.stored import open_store
from watcher.diagnostics.pool import Pool
from watcher.diagnostics.prepare import Job
from watcher.diagnostics.run import diagnose
from watcher.engine.runlog import keep, run_of, script_text
from watcher.kit.clock import Clock
from watcher.model.change import replace
from watcher.model.evidence import Diagnosis
from watcher.settings import Settings
from watcher.store.base import StoreError


def really(settings: Settings, job: Job) -> Diagnosis:
    """Runs the job; Watcher's own secrets are kept out of what it brings back.

    Every attempt to get in is written down. Where that cannot be, the run is shown all the same,
    and who runs it reads that nobody else will know of it.
    """
    job = replace(job, secrets=settings.secrets)
    clock = Clock()
    with Pool(clock) as pool:
        (diagnosis,) = diagnose([job], pool, clock)
    if not (diagnosis.audit.script or diagnosis.fault):
        return diagnosis
    outcome = diagnosis.problem or f"{len(diagnosis.steps)} steps, tried out"
    try:
        with closing(open_store(settings)) as store, store.begin() as tx:
            keep(tx, run_of(diagnosis, job, outcome), script_text([job]))
    except StoreError as error:
        typer.echo(f"This run is not in the run log: {error}", err=True)
    return diagnosis
