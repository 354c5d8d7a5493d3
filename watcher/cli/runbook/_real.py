"""A run on a real host, by hand: the only place where commands do so."""

from watcher.diagnostics.prepare import Job
from watcher.diagnostics.run import Direct, diagnose
from watcher.kit.clock import Clock
from watcher.model.change import replace
from watcher.model.evidence import Diagnosis
from watcher.settings import Settings


def really(settings: Settings, job: Job) -> Diagnosis:
    """Runs the job; Watcher's own secrets are kept out of what it brings back."""
    job = replace(job, secrets=settings.secrets)
    (diagnosis,) = diagnose([job], Direct(), Clock())
    return diagnosis
