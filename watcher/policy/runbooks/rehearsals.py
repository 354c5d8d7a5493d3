"""How a runbook is tested without a host: `tests`."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, WithJsonSchema

from watcher.model.event import Severity
from watcher.model.runbook import Expectation, Rehearsal
from watcher.policy.runbooks.words import CommandName, ExitCode, Plain
from watcher.policy.values import Name, Strict

Folder = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", max_length=80)]
Refusable = Annotated[
    Plain | None, WithJsonSchema({"type": ["string", "number", "boolean", "null"]})
]


class GivenAlert(Strict):
    """The alert that a test is about; what is left out is empty."""

    name: str = Field("", description="The words of the source.")
    host: str = Field("", description="The host, by its name in the inventory.")
    service: str = Field("", description="The service, by its name in the catalogue.")
    severity: Severity | Literal[""] = Field("", description="How bad the source says it is.")
    source: str = Field("", description="The configured source.")
    customer: str = Field("", description="Whose it is.")
    key: str = Field("", description="The condition that is watched.")
    summary: str = Field("", description="What the source says of it at length.")
    labels: dict[str, Plain] = Field({}, description="The labels of the alert.")


class GivenHost(Strict):
    """The host that a test is about."""

    tags: dict[str, Plain] = Field({}, description="Its tags in the inventory.")


class Expect(Strict):
    """What is to come of it; what is left out is not looked at."""

    matches: bool | None = Field(None, description="Whether the runbook applies to the alert.")
    signals: tuple[str, ...] | None = Field(
        None, description="The ids of all signals that fire; an empty list is none."
    )
    values: dict[str, Plain] = Field({}, description="By `step.name`, what was extracted, as text.")
    skipped: tuple[str, ...] | None = Field(
        None, description="All steps that are skipped or unavailable."
    )
    inputs: dict[str, Refusable] = Field(
        {}, description="By name, what an input came to; null for one that is refused."
    )
    says: tuple[str, ...] = Field((), description="Sentences that must be among those said.")


class RehearsalEntry(Strict):
    """A test: an alert, and recorded output instead of a host."""

    name: Name = Field(description="The sentence that it proves.")
    alert: GivenAlert = Field({}, validate_default=True, description="The alert.")
    host: GivenHost = Field({}, validate_default=True, description="The host of the alert.")
    inputs: dict[str, Plain] = Field(
        {}, description="Values of inputs, as a person gives them who runs it by hand."
    )
    facts: dict[str, Plain] = Field({}, description="What the host says of itself.")
    fixtures: Folder | Literal[""] = Field(
        "",
        description="The folder of recorded outputs: fixtures/RUNBOOK/THIS/STEP.txt beside the "
        "file of the runbook.",
    )
    outputs: dict[str, str] = Field(
        {}, description="By step, what it prints; this wins over the recorded one."
    )
    codes: dict[str, ExitCode] = Field({}, description="By step, its exit code, if it is not 0.")
    partial: dict[str, CommandName] = Field(
        {}, description="By step, the command that ran without root, as sudo did not allow it."
    )
    missing: tuple[CommandName, ...] = Field(
        (), description="Commands that the host does not have."
    )
    renders: dict[str, str] = Field({}, description="By step, the shell text that it becomes.")
    expect: Expect = Field(description="What is to come of it.")

    def rehearsal(self) -> Rehearsal:
        """What the engine uses."""
        expect = self.expect
        return Rehearsal(
            name=self.name,
            alert=self.alert.model_dump(exclude_unset=True),
            host_tags=self.host.tags,
            inputs=self.inputs,
            facts=self.facts,
            outputs=self.outputs,
            codes=self.codes,
            renders=self.renders,
            partial=self.partial,
            missing=self.missing,
            fixtures=self.fixtures,
            expect=Expectation(
                matches=expect.matches,
                signals=expect.signals,
                values=expect.values,
                skipped=expect.skipped,
                inputs=expect.inputs,
                says=expect.says,
            ),
        )
