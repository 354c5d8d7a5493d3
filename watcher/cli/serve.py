"""`watcher serve`: listens for alerts, serves pages and API, and keeps a worker at work."""

import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
import uvicorn

from watcher.app.front import front
from watcher.cli._common import Config, data_dir, fail, local_url, on_hangup, settings_of, store_of
from watcher.demo.starter import ADMINISTRATOR, login, write_config
from watcher.engine.companion import Companion
from watcher.kit.clock import Clock
from watcher.kit.log import logger
from watcher.kit.twin import Twin
from watcher.settings import Settings
from watcher.store.query import Query
from watcher.store.store import Store
from watcher.web.front import Front

if TYPE_CHECKING:
    from watcher.demo.outage import Outage

_BACKLOG = 4096
_GRACE = 10
_log = logger("serve")


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("serve")(_command)


def _command(
    demo: Annotated[
        bool, typer.Option(help="Play a sample outage on an empty store (without --config).")
    ] = False,
    config: Config = None,
) -> None:
    """Serve Watcher until it is told to stop."""
    # The server hands these on when it has shut down in good order: then the rest may end as well.
    signal.signal(signal.SIGINT, _end)
    signal.signal(signal.SIGTERM, _end)
    clock = Clock()
    folder = None if config else data_dir()
    path = config or _first_config()
    with _sample_host(folder if demo else None) as outage:
        # Hooks must not wait for what only pages and the worker need.
        settings = settings_of(path, brief=True)
        # The sample host has threads: then nothing can be copied.
        alone = outage is None
        with _worker(path, alone=alone) as companion, store_of(settings, apart=alone) as store:
            _serve(settings, store, clock, companion, outage, folder)


@contextmanager
def _worker(config: Path, *, alone: bool) -> Iterator[Companion]:
    """What will work beside us, once it is started; it ends with the block."""
    command = [sys.executable, "-m", "watcher", "worker", "--config", str(config)]
    companion = Companion(command, os.environ, Twin(partial(_work, config)) if alone else None)
    try:
        yield companion
    finally:
        companion.stop(_GRACE)


def _work(config: Path, heard: int) -> None:
    """What `watcher worker` does, in a process that was one with us until now."""
    # The front does without what only the worker needs.
    from watcher.cli.worker import work  # noqa: PLC0415 - see above

    try:
        work(config, heard)
    except typer.Exit as ended:
        raise SystemExit(ended.exit_code) from None


@contextmanager
def _sample_host(folder: Path | None) -> "Iterator[Outage | None]":
    """The sample outage with its host, as long as Watcher serves; nothing without a folder."""
    if folder is None:
        yield None
        return
    # The demo brings an SSH server, which every other start can do without.
    from watcher.demo.outage import Outage  # noqa: PLC0415 - see above

    outage = Outage(folder)
    outage.start()
    try:
        yield outage
    finally:
        outage.close()


def _end(*_: object) -> None:
    raise SystemExit(0)


def _first_config() -> Path:
    try:
        return write_config(data_dir())
    except OSError as error:
        fail(f"cannot write a first configuration: {error}")


def _serve(
    settings: Settings,
    store: Store,
    clock: Clock,
    companion: Companion,
    outage: "Outage | None",
    folder: Path | None,
) -> None:
    application = front(settings, store, clock, companion.wake)
    on_hangup(application.read_rules, companion.read_rules)

    def ready() -> None:
        companion.start()
        _announce(settings, store, clock, folder)
        if outage is not None and _empty(store):
            outage.play(local_url(settings), settings.sources, clock)

    _listen(application, settings.listen, ready)


class _Server(uvicorn.Server):
    """Says when it listens, and hangs up on listening pages when it stops."""

    def __init__(self, config: uvicorn.Config, front: Front, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._front = front
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listens, then says so."""
        await super().startup(sockets)
        self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stops, once what is being answered is answered."""
        self._front.hang_up()
        await super().shutdown(sockets)


def _listen(application: Front, address: tuple[str, int], ready: Callable[[], None]) -> None:
    config = uvicorn.Config(
        application,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="on",
        access_log=False,
        log_config=None,
        backlog=_BACKLOG,
        timeout_graceful_shutdown=_GRACE,
        server_header=False,
    )
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    try:
        listener = socket.create_server(address, family=family, backlog=_BACKLOG)
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else error
        fail(f"cannot listen on {address[0]}:{address[1]}: {reason}")
    with listener:
        _Server(config, application, ready).run(sockets=[listener])


def _announce(settings: Settings, store: Store, clock: Clock, folder: Path | None) -> None:
    _log.info("listening", address=local_url(settings), loop="uvloop", http="httptools")
    lines = [f"Watcher listens on {settings.public_url}"]
    if folder is not None:
        password = login(folder, store, clock)
        if password is not None:
            lines.append(f"Log in as {ADMINISTRATOR} with the password {password}")
        lines.append(
            "Post an alert:\n"
            f"  curl -H \"Authorization: Bearer $(cat '{folder}/token-generic')\""
            " -H 'Content-Type: application/json'"
            ' -d \'{"name": "Disk is full", "status": "firing", "severity": "high",'
            ' "host": "db01", "service": "billing"}\''
            f" {local_url(settings)}/hooks/generic"
        )
    else:
        with store.view() as view:
            if not view.people():
                lines.append("Nobody can log in yet: watcher user add NAME --role administrator")
    typer.echo("\n".join(lines))


def _empty(store: Store) -> bool:
    with store.view() as view:
        return not view.incident_list(Query(limit=1)).items
