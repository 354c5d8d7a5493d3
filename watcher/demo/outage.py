"""A short sample outage for newcomers: real bodies through the real receivers, a real diagnosis."""

import threading
from collections.abc import Sequence
from pathlib import Path

from watcher.demo.post import PostError, post
from watcher.demo.sshd import DemoSshd
from watcher.kit.clock import Clock
from watcher.kit.log import logger
from watcher.kit.plugins import adapter
from watcher.policy.endpoints import Source

_log = logger("demo")

_CATALOGUE = """\
# The services of the sample outage.
customers:
  - {name: default, title: Demonstration}
services:
  - name: billing
    title: Billing
    criticality: 4
    hosts: [db01]
    owners: [night-duty@example.org]
  - name: shop
    title: Web shop
    criticality: 3
    hosts: [web01]
    depends_on: [billing]
"""
_INVENTORY = """\
# The host of the sample outage is this machine, behind an SSH server that lives as long as Watcher.
profiles:
  demo:
    user: {user}
    key_file: {key_file}
    known_hosts: {known_hosts}
hosts:
  - name: db01
    aliases: [10.0.0.5, db01.example.org]
    address: {address}
    port: {port}
    ssh: demo
    tags: {{os: linux}}
"""
# Seconds after the one before, kind of source, sample, and seconds from the outage to its alert.
_STORY: Sequence[tuple[float, str, str, int]] = (
    (0.2, "zabbix", "problem", 0),
    (0.8, "grafana", "firing", 1),
    (1.0, "zabbix", "update", 0),
    (0.7, "grafana", "mixed", 1),
)


class Outage:
    """The sample outage: its host while the block lasts, its alerts when it is played."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "demo"
        self._folder.mkdir(parents=True, exist_ok=True)
        self._sshd = DemoSshd(self._folder)

    def start(self) -> None:
        """Starts the host and describes it and its services."""
        self._sshd.__enter__()
        (self._folder / "catalogue.yaml").write_text(_CATALOGUE)
        (self._folder / "inventory.yaml").write_text(
            _INVENTORY.format(
                user=self._sshd.user,
                key_file=self._sshd.key_file,
                known_hosts=self._sshd.known_hosts,
                address=self._sshd.address,
                port=self._sshd.port,
            )
        )

    def play(self, base: str, sources: Sequence[Source], clock: Clock) -> None:
        """Posts the story on a thread of its own."""
        threading.Thread(
            target=self._play, args=(base, sources, clock), name="demo", daemon=True
        ).start()

    def close(self) -> None:
        """Ends the host and everything that runs on it."""
        self._sshd.close()

    def _play(self, base: str, sources: Sequence[Source], clock: Clock) -> None:
        by_kind = {source.kind: source for source in sources}
        began = int(clock.now().timestamp())
        pause = threading.Event()
        for after, kind, sample, delay in _STORY:
            pause.wait(after)
            now = clock.now()
            body = adapter("watcher.receivers", kind).sample(sample, now, began + delay)
            try:
                post(base, by_kind[kind], body, now)
            except PostError as error:
                _log.error("the sample outage could not be posted", error=str(error))
                return
