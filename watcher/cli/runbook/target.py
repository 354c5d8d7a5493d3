"""`watcher runbook target`: the script that lets Watcher in on a host."""

from typing import Annotated

import typer

from watcher.cli._common import Config, fail, settings_of
from watcher.diagnostics.base import Unreachable
from watcher.diagnostics.target import NotPrepared, Target, target_script
from watcher.kit.clock import Clock
from watcher.policy.suggest import did_you_mean


def register(group: typer.Typer) -> None:
    """Adds the command."""
    group.command("target")(_command)


def _command(
    profile: Annotated[str, typer.Option(help="The SSH profile that logs in there.")],
    level: Annotated[
        int,
        typer.Option(
            min=1,
            max=3,
            help="1: a user without rights; 2: some commands as root; 3: signed scripts only.",
        ),
    ] = 1,
    source_address: Annotated[
        list[str] | None,
        typer.Option(help="A network that Watcher comes from, as 10.1.0.0/24; may be repeated."),
    ] = None,
    config: Config = None,
) -> None:
    """Print the script that prepares a host: read it, then run it there as root."""
    settings = settings_of(config)
    profiles = settings.catalogue.profiles
    if profile not in profiles:
        fail(f"there is no SSH profile {profile!r}{did_you_mean(profile, profiles)}")
    target = Target(
        profiles[profile],
        level,
        tuple(source_address or ()),
        tuple(settings.runbooks[name] for name in sorted(settings.runbooks)),
    )
    try:
        script = target_script(target, Clock().now())
    except (NotPrepared, Unreachable) as error:
        fail(str(error))
    typer.echo(script, nl=False)
