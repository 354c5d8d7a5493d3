"""The pages and the API as one application; webhooks do not pass through it."""

from importlib.metadata import version
from pathlib import Path

from fastapi import FastAPI
from starlette.staticfiles import StaticFiles

from watcher.web import api, pages
from watcher.web.auth import Throttle
from watcher.web.deps import Deps
from watcher.web.edge import Edge
from watcher.web.errors import add_handlers
from watcher.web.live import Live

_STATIC = Path(__file__).parent / "static"


def site(deps: Deps) -> FastAPI:
    """The application. Its `state.live.stop()` ends the streams of listening pages."""
    app = FastAPI(
        title="Watcher",
        description="Incidents, alerts, deliveries and actions.",
        version=version("watcher"),
        # The document itself needs a login like everything else, so its route is our own.
        openapi_url=None,
        redirect_slashes=False,
    )
    app.state.deps = deps
    app.state.live = Live(deps.store, deps.clock, deps.metrics)
    app.state.throttle = Throttle(deps.clock)
    app.add_middleware(Edge, metrics=deps.metrics, clock=deps.clock)
    add_handlers(app)
    for router in (*api.routers(), *pages.routers()):
        app.include_router(router)
    app.mount("/static", StaticFiles(directory=_STATIC), name="static")
    return app
