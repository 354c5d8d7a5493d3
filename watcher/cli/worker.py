"""`watcher worker`: digest, deliver and sweep; `watcher serve` starts it by itself."""

import os
import signal
import sys
from pathlib import Path

import typer

from watcher.app.worker import worker
from watcher.cli._common import Config, on_hangup, settings_of, store_of
from watcher.engine.companion import RULES
from watcher.kit.clock import Clock
from watcher.kit.collector import relax

_GRACE = 10.0
_CHUNK = 4096
_NICE = 10


def register(app: typer.Typer) -> None:
    """Adds the command; hidden, because people have no reason to call it."""
    app.command("worker", hidden=True)(_command)


def _command(config: Config = None) -> None:
    """Work until standard input ends; every byte on it says what there is to do."""
    work(config, sys.stdin.fileno())


def work(config: Path | None, heard: int) -> None:
    """Works until nothing more can be heard there; every byte says what there is to do."""
    # The terminal's Ctrl-C goes to the front, which then ends the worker in good order.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _end)
    # Taking alerts in comes first: on a busy machine the front has the processors.
    os.nice(_NICE)
    settings = settings_of(config)
    with store_of(settings) as store:
        working = worker(settings, store, Clock())
        on_hangup(working.rules.ask)
        working.start()
        relax()
        try:
            while words := os.read(heard, _CHUNK):
                if RULES in words:
                    working.rules.ask()
                working.loops.wake("digest", "deliver")
        finally:
            working.stop(_GRACE)


def _end(*_: object) -> None:
    raise SystemExit(0)
