"""The ASGI application: hooks in front, health, and the site behind, loaded after hooks listen."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import orjson

from watcher.engine.intake import Intake
from watcher.kit.log import logger
from watcher.web.hooks import PREFIX, Hooks, Receive, Scope, Send

_log = logger("front")

Application = Callable[[Scope, Receive, Send], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Site:
    """Pages and API; `hang_up` ends the streams of listening pages, which would keep the server
    from stopping; `read_rules` has the rules read anew.
    """

    application: Application
    hang_up: Callable[[], None]
    read_rules: Callable[[], None]


class Front:
    """Sends each request where it belongs; `load_site` is called once, on a thread."""

    def __init__(self, hooks: Hooks, intake: Intake, load_site: Callable[[], Site]) -> None:
        self._hooks = hooks
        self._intake = intake
        self._load_site = load_site
        self._site: asyncio.Future[Site] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one connection event."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http" and scope["path"].startswith(PREFIX):
            await self._hooks(scope, receive, send)
        elif scope["type"] == "http" and scope["path"] == "/healthz":
            await _alive(send)
        else:
            loading = self._loading()
            # Unlike awaiting it, this ends nothing where one who waits goes away.
            await asyncio.wait([loading])
            if loading.exception():
                await _not_loaded(send)
            else:
                await loading.result().application(scope, receive, send)

    def hang_up(self) -> None:
        """Ends what listens, if the site was ever loaded."""
        if (site := self._loaded_site()) is not None:
            site.hang_up()

    def read_rules(self) -> None:
        """Has the site read the rules anew; one that is yet to be loaded does so anyway."""
        if (site := self._loaded_site()) is not None:
            site.read_rules()

    def _loaded_site(self) -> Site | None:
        site = self._site
        return site.result() if site and site.done() and not site.exception() else None

    def _loading(self) -> "asyncio.Future[Site]":
        if self._site is None:
            self._site = asyncio.get_running_loop().run_in_executor(None, self._load_site)
            self._site.add_done_callback(self._loaded)
        return self._site

    def _loaded(self, site: "asyncio.Future[Site]") -> None:
        """Forgets what could not be loaded, so that the next request tries again."""
        if failure := site.exception():
            _log.error("pages and API cannot be loaded", exc_info=failure)
            self._site = None

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        self._intake.start(asyncio.get_running_loop())
        await send({"type": "lifespan.startup.complete"})
        # Loading takes the interpreter for most of a second: hooks shall answer first.
        asyncio.get_running_loop().call_later(0.2, self._loading)
        await receive()
        await asyncio.get_running_loop().run_in_executor(None, self._intake.stop)
        await send({"type": "lifespan.shutdown.complete"})


async def _alive(send: Send) -> None:
    await _answer(send, 200, b"application/json", orjson.dumps({"status": "alive"}))


async def _not_loaded(send: Send) -> None:
    text = b"Pages and API cannot be loaded; the log says why. Alerts are taken all the same.\n"
    await _answer(send, 503, b"text/plain; charset=utf-8", text)


async def _answer(send: Send, status: int, content_type: bytes, body: bytes) -> None:
    length = str(len(body)).encode()
    headers = [(b"content-type", content_type), (b"content-length", length)]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
