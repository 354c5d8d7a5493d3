"""A runbook together with the file that it stands in, and where its shell texts stand."""

from collections.abc import Iterator
from dataclasses import dataclass

from watcher.model.runbook import Runbook, Step
from watcher.policy.problems import Place
from watcher.policy.runbooks.file import RunbookFile
from watcher.policy.yamlfile import Document


@dataclass(frozen=True, slots=True)
class Source:
    """What was read of one sound file, and its lines as they stand there."""

    document: Document
    file: RunbookFile
    runbook: Runbook
    lines: tuple[str, ...]


def texts(step: Step, place: Place) -> Iterator[tuple[Place, str]]:
    """The shell texts of a step, and where each stands."""
    if step.run:
        yield place / "run", step.run
    for number, variant in enumerate(step.variants):
        yield place / "variants" / number / "run", variant.run
