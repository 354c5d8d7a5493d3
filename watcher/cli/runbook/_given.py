"""What commands give to a runbook: an alert from a file, inputs, the hosts it may run on."""

import getpass
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from watcher.cli._common import fail
from watcher.decide.identify import resolve
from watcher.diagnostics.prepare import Job
from watcher.diagnostics.rehearse import GivenAlert
from watcher.model.catalogue import Catalogue, Host, SshProfile
from watcher.model.change import replace
from watcher.model.runbook import Runbook
from watcher.policy.problems import Problems, checked, read
from watcher.policy.runbooks import rehearsals
from watcher.policy.suggest import did_you_mean
from watcher.settings import Settings

Alert = Annotated[
    Path | None,
    typer.Option(help="A file with the fields of an alert, as in the tests of a runbook."),
]
Inputs = Annotated[
    list[str] | None,
    typer.Option("--input", help="An input as name=value, before what the alert says."),
]


@dataclass(frozen=True, slots=True)
class Given:
    """What is known before anything runs."""

    alert: GivenAlert
    inputs: dict[str, str]

    def job(self, runbook: Runbook, host: Host, profile: SshProfile, *, approved: bool) -> Job:
        """The runbook on this host, as asked for by whoever types."""
        if strange := sorted(self.inputs.keys() - {one.name for one in runbook.inputs}):
            known = [one.name for one in runbook.inputs]
            fail(f"{runbook.id} has no input {strange[0]!r}{did_you_mean(strange[0], known)}")
        values, by = self.alert.fields, getpass.getuser()
        return Job(runbook, host, profile, values, (), approved, by, self.inputs)


def given(alert: Path | None, inputs: list[str] | None) -> Given:
    """What the options say. Ends the command where that cannot be understood."""
    pairs = [text.partition("=") for text in inputs or ()]
    for name, sign, _ in pairs:
        if not sign:
            fail(f"--input {name}: write name=value")
    known = _alert(alert) if alert else GivenAlert()
    return Given(known, {name: value for name, _, value in pairs})


def way_in(
    settings: Settings, runbook: Runbook, name: str, customer: str | None
) -> tuple[Host, SshProfile]:
    """The host of the inventory and how one logs in there. Ends the command without."""
    host = _host(settings.catalogue, name, customer)
    if host.address is None or host.ssh is None:
        fail(f"the host {host.name} has no address or no SSH profile in the inventory")
    profile = settings.catalogue.profiles.get(runbook.profile or host.ssh)
    if profile is None:
        fail(f"there is no SSH profile {runbook.profile or host.ssh!r}")
    return host, profile


def only(runbook: Runbook, steps: Sequence[str]) -> Runbook:
    """The runbook with these of its steps; all of them where none is named."""
    known = [step.id for step in runbook.steps]
    for name in steps:
        if name not in known:
            fail(f"{runbook.id} has no step {name!r}{did_you_mean(name, known)}")
    chosen = tuple(step for step in runbook.steps if not steps or step.id in steps)
    return replace(runbook, steps=chosen)


def _alert(path: Path) -> GivenAlert:
    problems = Problems()
    document = read(path, rehearsals.GivenAlert, problems)
    fields = checked(document, rehearsals.GivenAlert, problems) if document else None
    for problem in problems:
        typer.echo(problem, err=True)
    if fields is None:
        fail(f"{path} is no alert")
    return GivenAlert(**fields.model_dump(exclude_unset=True))


def _host(catalogue: Catalogue, name: str, customer: str | None) -> Host:
    customers = {each for each, _ in catalogue.by_alias} if customer is None else {customer}
    found = [host for each in sorted(customers) if (host := resolve(catalogue, each, name))]
    if not found:
        known = sorted({alias for each, alias in catalogue.by_alias if each in customers})
        fail(f"the inventory has no host {name!r}{did_you_mean(name, known)}")
    if len(found) > 1:
        fail(f"more than one customer has a host {name!r}: say which with --customer")
    return found[0]
