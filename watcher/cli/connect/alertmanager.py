"""`watcher connect alertmanager`: what to paste into its configuration, checked with amtool."""

import shutil
import subprocess
import tempfile
from pathlib import Path

import typer
import yaml

from watcher.cli._common import Config, fail
from watcher.cli.connect._shared import Chosen, SourceName, choose
from watcher.kit.clock import Clock
from watcher.kit.text import one_line
from watcher.monitors.alertmanager import Options, monitor
from watcher.monitors.base import MonitorError
from watcher.policy.endpoints import Auth

_KIND = "alertmanager"
_SECRETS = "/etc/alertmanager/watcher-secret"
_SECONDS = 20

_RECEIVER = """\
# Under `receivers`. {secret}
{receiver}
# Under `route`, the first of its `routes`: every alert goes to Watcher, and on to all others.
{first}
# And the last of its `routes`: what no other takes still goes to the receiver of `route` itself.
# Write the name of that one here.
{last}"""


def connect(source: SourceName = None, config: Config = None) -> None:
    """Print what Alertmanager needs to send to Watcher; ask it whether it has that already."""
    chosen = choose(_KIND, source, config)
    name = _receiver_name(chosen)
    receiver, secret = _receiver(chosen, name)
    first = {"receiver": name, "continue": True, "group_wait": "5s", "group_interval": "1m"}
    last = {"receiver": "default", "continue": True}
    shown = _RECEIVER.format(
        secret=secret, receiver=_yaml(receiver), first=_yaml(first), last=_yaml(last)
    )
    typer.echo(shown.rstrip())
    typer.echo("")
    _check(receiver, [first, last])
    _ask(chosen)


def _receiver_name(chosen: Chosen) -> str:
    options = chosen.source.monitor.options if chosen.source.monitor else None
    return (options.receiver if isinstance(options, Options) else "") or Options().receiver


def _receiver(chosen: Chosen, name: str) -> tuple[dict[str, object], str]:
    """The receiver, and what is to be done about its secret. Ends the command if it has no way to
    prove itself.
    """
    hook: dict[str, object] = {"url": chosen.hook, "send_resolved": True, "max_alerts": 0}
    http = _http_config(chosen.source.auth)
    if http is None:
        kinds = "`auth: {bearer: …}` or basic"
        fail(f"Alertmanager cannot sign, nor send a header: give {chosen.source.name!r} {kinds}")
    if http:
        hook["http_config"] = http
    secret = f"The secret of the source belongs into {_SECRETS}." if http else ""
    return {"name": name, "webhook_configs": [hook]}, secret


def _http_config(auth: Auth) -> dict[str, object] | None:
    """How the receiver proves itself, None where Alertmanager has no way to."""
    if auth.hmac or (auth.header and not auth.bearer and not auth.basic):
        return None
    if auth.bearer:
        return {"authorization": {"type": "Bearer", "credentials_file": _SECRETS}}
    if auth.basic:
        return {"basic_auth": {"username": auth.basic.user, "password_file": _SECRETS}}
    return {}


def _yaml(entry: object) -> str:
    return yaml.safe_dump([entry], sort_keys=False).rstrip()


def _check(receiver: dict[str, object], routes: list[dict[str, object]]) -> None:
    """Has amtool read it as part of a whole configuration; ends the command if that fails."""
    amtool = shutil.which("amtool")
    if amtool is None:
        typer.echo("amtool is not here: not checked.")
        return
    whole = {
        "route": {"receiver": "default", "routes": routes},
        "receivers": [{"name": "default"}, receiver],
    }
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "alertmanager.yml"
        file.write_text(yaml.safe_dump(whole), encoding="utf-8")
        try:
            done = subprocess.run(  # noqa: S603 - a program of the system, over a file of ours
                [amtool, "check-config", file],
                capture_output=True,
                timeout=_SECONDS,
                check=False,
                text=True,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            typer.echo(f"amtool cannot be run, so this is not checked: {error}")
            return
    if done.returncode:
        fail(f"amtool does not take it: {one_line(done.stdout + done.stderr)}")
    typer.echo("amtool takes it.")


def _ask(chosen: Chosen) -> None:
    """Says whether Alertmanager has the receiver, where we know how to ask it."""
    access = chosen.source.monitor
    if access is None:
        typer.echo("With `monitor: {url: …}` in the source Watcher also asks it what fires.")
        return
    clock = Clock()
    try:
        survey = monitor(access, clock).survey([], "", clock.now())
    except MonitorError as error:
        fail(f"asked at {access.url}: {error}")
    typer.echo(f"{access.url} has the receiver; alerts that go to it now: {len(survey.bodies)}.")
