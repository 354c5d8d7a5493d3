"""A configuration in a folder, and the whole command line to call over it."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from typer.testing import CliRunner, Result

from tests.stores import sqlite_in
from watcher.cli import build
from watcher.store.store import Store

CONFIG = """\
listen: 127.0.0.1:{port}
data_dir: data
catalogue: catalogue.yaml
inventory: inventory.yaml
sources:
  - {{name: zbx, kind: zabbix, customer: acme, auth: {{bearer: {{env: ZBX_TOKEN}}}}}}
  - name: gra
    kind: grafana
    customer: acme
    auth:
      basic: {{user: g, password: {{env: GRA}}}}
  - name: gen
    kind: generic
    customer: acme
    auth:
      header: {{name: X-Token, value: {{env: GEN_TOKEN}}}}
  - name: signed
    kind: alertmanager
    customer: acme
    auth:
      hmac: {{secret: {{env: SIGNED}}, timestamp_header: X-Stamp}}
"""
CATALOGUE = """\
customers: [{name: acme}, {name: globex}]
services: [{name: shop, customer: acme, criticality: 3, hosts: [web01]}]
"""
INVENTORY = "hosts: [{name: web01, customer: acme, aliases: [10.0.0.7]}]\n"
SECRETS = {
    "ZBX_TOKEN": "zabbix-proves-itself",
    "GRA": "grafana-proves-itself",
    "GEN_TOKEN": "generic-proves-itself",
    "SIGNED": "alertmanager-proves-itself",
}


@dataclass(frozen=True)
class Desk:
    """Where somebody types commands."""

    folder: Path

    @property
    def config(self) -> Path:
        return self.folder / "watcher.yaml"

    def run(self, *words: str, typed: str | None = None) -> Result:
        """What a command answers; it gets the configuration, and what is typed."""
        words = (*words, "--config", str(self.config))
        return CliRunner().invoke(build([words[0]]), words, input=typed, env=SECRETS)

    @contextmanager
    def store(self) -> Iterator[Store]:
        """The store behind it."""
        if not (self.folder / "data" / "watcher.db").exists():
            sqlite_in(self.folder / "data")
        store = Store.open(f"sqlite:///{self.folder}/data/watcher.db")
        yield store
        store.close()


def desk(folder: Path, port: int = 8080) -> Desk:
    """A sound configuration."""
    (folder / "watcher.yaml").write_text(CONFIG.format(port=port))
    (folder / "catalogue.yaml").write_text(CATALOGUE)
    (folder / "inventory.yaml").write_text(INVENTORY)
    return Desk(folder)


def environment(**more: str) -> Mapping[str, str]:
    """The environment of a process that may know the secrets."""
    return {**os.environ, **SECRETS, **more}
