"""A run on a real host, by hand: the only place where commands do so, and it is written down."""

from watcher.cli._common import store_of
from watcher.diagnostics.pool import Pool
from watcher.diagnostics.prepare import Job
from watcher.diagnostics.run import diagnose
from watcher.engine.runlog import keep, run_of
from watcher.kit.clock import Clock
from watcher.model.change import replace
from watcher.model.evidence import Diagnosis
from watcher.settings import Settings


def really(settings: Settings, job: Job) -> Diagnosis:
    """Runs the job; Watcher's own secrets are kept out of what it brings back.

    Nothing runs where the run log cannot be written.
    """
    job = replace(job, secrets=settings.secrets)
    clock = Clock()
    with store_of(settings) as store, Pool(clock) as pool:
        (diagnosis,) = diagnose([job], pool, clock)
        outcome = diagnosis.problem or f"{len(diagnosis.steps)} steps, tried out"
        with store.begin() as tx:
            keep(tx, run_of(diagnosis, job, outcome))
    return diagnosis
