"""The installed command `watcher serve` as a process, asked through its API."""

import contextlib
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from tests.e2e.process import LOOPBACK, running, wait_for

WATCHER = Path(sys.executable).with_name("watcher")


@dataclass
class Watcher:
    """One Watcher; it can be stopped and started again."""

    folder: Path
    port: int
    session: requests.Session
    running: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def config(self) -> Path:
        return self.folder / "watcher.yaml"

    def configure(self, files: Mapping[str, str]) -> None:
        """Writes these files, of which watcher.yaml is the configuration."""
        for name, text in files.items():
            (self.folder / name).write_text(text)

    def start(self) -> None:
        """Returns when it says that it is well."""
        command = (WATCHER, "serve", "--config", self.config)
        program = self.running.enter_context(running(*command, folder=self.folder))
        program.wait_for_port(self.port)
        wait_for(self._healthy, "Watcher to be healthy")

    def _healthy(self) -> bool:
        return self.session.get(f"{self.url}/healthz", timeout=5).ok

    def stop(self) -> None:
        """Returns when nothing of it runs any more."""
        self.running.close()

    def log_in(self) -> None:
        """Asks as an operator from now on, with a token that the command line gives."""
        token = subprocess.run(
            [WATCHER, "token", "create", "--role", "operator", "--config", self.config],
            capture_output=True,
            check=True,
            text=True,
        ).stdout.split()[-1]
        self.session.headers["Authorization"] = f"Bearer {token}"

    def items(self, what: str, *match: str, **more: str) -> list[dict[str, Any]]:
        """The incidents, alerts, deliveries or actions that match; `more` are other parameters."""
        items: list[dict[str, Any]] = self._get(what, match, **more)["items"]
        return items

    def post(self, path: str, **body: str) -> None:
        """As an operator does it on a page."""
        answer = self.session.post(f"{self.url}/api/v1/{path}", json=body, timeout=30)
        assert answer.ok, answer.text

    def incident(self, number: int) -> dict[str, Any]:
        """All of one incident."""
        return self._get(f"incidents/{number}")

    def _get(self, path: str, match: Sequence[str] = (), **more: str) -> dict[str, Any]:
        url = f"{self.url}/api/v1/{path}"
        answer = self.session.get(url, params={"match": match, **more}, timeout=30)
        answer.raise_for_status()
        return dict(answer.json())

    def only_incident(
        self, match: str, until: Callable[[dict[str, Any]], object] = bool
    ) -> dict[str, Any]:
        """The one incident that matches, as soon as that and the condition hold of it."""
        seen: list[dict[str, Any]] = []

        def found() -> list[dict[str, Any]]:
            seen[:] = [self.incident(each["number"]) for each in self.items("incidents", match)]
            assert len(seen) <= 1, f"more than one incident with {match}"
            return [each for each in seen if until(each)]

        try:
            [incident] = wait_for(found, f"the incident with {match}")
        except AssertionError as error:
            error.add_note(f"Seen last: {seen}")
            raise
        return incident
