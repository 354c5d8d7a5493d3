"""The pages and the API as one application; webhooks do not pass through it."""

import os
from importlib.metadata import version
from pathlib import Path

from fastapi import FastAPI
from starlette.responses import Response
from starlette.staticfiles import PathLike, StaticFiles
from starlette.types import Scope

from watcher.web import api, pages
from watcher.web.auth import Throttle
from watcher.web.deps import Deps
from watcher.web.edge import Edge
from watcher.web.errors import add_handlers
from watcher.web.live import Live

_STATIC = Path(__file__).parent / "static"


class _Versioned(StaticFiles):
    """Files whose addresses change with them, so that browsers may keep them for ever."""

    def file_response(
        self,
        full_path: PathLike,
        stat_result: os.stat_result,
        scope: Scope,
        status_code: int = 200,
    ) -> Response:
        """The file, to be kept."""
        answer = super().file_response(full_path, stat_result, scope, status_code)
        answer.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return answer


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
        # As they are: FastAPI's own way of inclusion would build each of them a second time.
        app.routes.extend(router.routes)
    app.mount("/static", _Versioned(directory=_STATIC), name="static")
    return app
