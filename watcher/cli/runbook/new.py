"""`watcher runbook new`: a runbook to begin with, which already passes lint and test."""

import re
from pathlib import Path
from typing import Annotated

import typer

from watcher.cli._common import fail

_ID = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")

_TEMPLATE = """\
# yaml-language-server: $schema={schema}
apiVersion: watcher/v1
kind: Runbook
id: {id}                      # the name of this file
title: {title}
owner: {owner}                # who keeps it right
summary: What it looks at, in a sentence.

match:
  any:                        # one clause must hold; in a clause, every key
    - source: zabbix
      alert: ["*space is low*", "*space is critically low*"]
    - alert: NodeFilesystemAlmostOutOfSpace
      host: {{tags: {{os: linux}}}}
  none:
    - labels: {{fstype: [tmpfs, squashfs]}}

policy:
  cooldown: 15m               # the last run on the same host is good enough for so long
  timeout: 60s                # for all steps together

inputs:
  mount:                      # a value from the alert, checked before a step may see it
    type: path
    from: [alert.labels.mountpoint, alert.labels.filesystem, 'alert.name =~ FS \\[([^]]+)\\]']
    default: /

steps:
  - id: space
    title: Free space
    run: df -P {{{{ inputs.mount }}}}
    read: The last column but one; at 100 % nothing can be written any more.
    extract:
      - {{name: use, regex: '(\\d+)% ', type: int}}
    signals:
      - id: full
        level: bad
        if: use >= 95
        say: "{{{{ inputs.mount }}}} is {{{{ use }}}} % full"
      - id: room
        level: good             # rules something out
        if: use < 80
        say: "{{{{ inputs.mount }}}} has room ({{{{ use }}}} %)"

tests:
  - name: a full disk
    alert: {{name: "/var: Disk space is low", source: zabbix, labels: {{filesystem: /var}}}}
    outputs:
      space: |
        Filesystem     1024-blocks      Used Available Capacity Mounted on
        /dev/sda2         20511312  19897972    613340      97% /var
    expect:
      matches: true
      inputs: {{mount: /var}}
      values: {{space.use: 97}}
      signals: [full]
      says: [/var is 97 % full]
  - name: a disk with room
    outputs:
      space: |
        Filesystem     1024-blocks      Used Available Capacity Mounted on
        /dev/sda1         20511312   8204524  12306788      40% /
    expect: {{signals: [room]}}
  - name: an alert of something else
    alert: {{name: High CPU utilization, source: zabbix}}
    expect: {{matches: false}}
"""
SCHEMA = "runbook.schema.json"


def register(group: typer.Typer) -> None:
    """Adds the command."""
    group.command("new")(_command)


def _command(
    name: Annotated[str, typer.Argument(metavar="ID", help="What the runbook is called.")],
    folder: Annotated[Path, typer.Option(help="Where its file goes.")] = Path(),
    owner: Annotated[str, typer.Option(help="Who keeps it right.")] = "operations",
) -> None:
    """Write a runbook to begin with: small, explained, and already tested."""
    if _ID.fullmatch(name) is None:
        fail(f"{name!r} is no id: write lower-case words and figures with - between them")
    path = folder / f"{name}.yaml"
    title = name.replace("-", " ").capitalize()
    text = _TEMPLATE.format(id=name, title=title, owner=owner, schema=SCHEMA)
    if path.exists():
        fail(f"{path} is there already")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with path.open("x") as file:
            file.write(text)
    except OSError as error:
        fail(f"{path} cannot be written: {error.strerror}")
    typer.echo(f"Wrote {path}. Now: watcher runbook test {path}")
    typer.echo(f"For your editor: watcher runbook schema > {folder / SCHEMA}")
