"""What the file of a runbook may hold, and the runbook that it becomes."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from watcher.model.runbook import Runbook
from watcher.policy.runbooks.matching import (
    MatchSection,
    PolicySection,
    TargetSection,
    runbook_policy,
)
from watcher.policy.runbooks.rehearsals import RehearsalEntry
from watcher.policy.runbooks.steps import InputEntry, StepEntry
from watcher.policy.runbooks.words import IN_SCHEMA, NOT_EMPTY, Slug, Title, Variable
from watcher.policy.values import Name, Strict


class RunbookFile(Strict):
    """A runbook: when it applies, what it runs, what the output means, and its own tests."""

    apiVersion: Literal["watcher/v1"] = Field(description="The language of this file.")
    kind: Literal["Runbook"] = Field(description="What this file is.")
    id: Slug = Field(description="What the runbook is called: the name of its file.")
    title: Title = Field(description="What it is, for people.")
    owner: Name = Field(description="Who keeps it right.")
    summary: str = Field("", description="What it looks at, in a sentence.")
    docs: Annotated[str, Field(pattern=r"^(https?://\S+)?$")] = Field(
        "", description="Where people read more, an address."
    )
    match: MatchSection = Field(description="When it applies.")
    policy: PolicySection = Field({}, validate_default=True, description="When and how it runs.")
    target: TargetSection = Field(
        {}, validate_default=True, description="Where it runs, if not on the host of the alert."
    )
    inputs: dict[Variable, InputEntry] = Field({}, description="The values that steps may use.")
    steps: Annotated[tuple[StepEntry, ...], NOT_EMPTY, IN_SCHEMA, Field(max_length=30)] = Field(
        description="What it runs, in order."
    )
    tests: tuple[RehearsalEntry, ...] = Field((), description="What proves it.")

    def runbook(self, origin: Path, digest: str) -> Runbook:
        """What the engine uses, read from a file with this sha256."""
        return Runbook(
            id=self.id,
            title=self.title,
            owner=self.owner,
            summary=self.summary,
            docs=self.docs,
            match=tuple(clause.match() for clause in self.match.any),
            unless=tuple(clause.match() for clause in self.match.none),
            timeout=self.policy.timeout.total_seconds(),
            max_output=self.policy.max_output,
            policy=runbook_policy(self.policy, self.target),
            profile=self.target.profile,
            inputs=tuple(entry.input(name) for name, entry in self.inputs.items()),
            steps=tuple(entry.step() for entry in self.steps),
            tests=tuple(entry.rehearsal() for entry in self.tests),
            origin=str(origin),
            digest=digest,
        )
