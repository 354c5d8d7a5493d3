"""What went wrong, told to a program as JSON and to a person as a page."""

from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import cast
from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse
from starlette.exceptions import HTTPException
from starlette.responses import Response

from watcher.decide.lifecycle import RefusedError
from watcher.decide.match import MatcherError
from watcher.decide.windows import WindowError
from watcher.engine.ask import NotAllowedError
from watcher.engine.command import NotThereError
from watcher.store.base import BadCursor, StoreUnavailable, TooSlow, UnknownField, Unstorable
from watcher.web.deps import Deps
from watcher.web.edge import HEADERS
from watcher.web.guard import ForbiddenError, NotLoggedInError
from watcher.web.pages.render import error_page

_FOR_PROGRAMS = ("/api/", "/metrics", "/readyz", "/static/", "/live")
_STATUS: dict[type[Exception], int] = {
    ForbiddenError: HTTPStatus.FORBIDDEN,
    NotAllowedError: HTTPStatus.FORBIDDEN,
    NotThereError: HTTPStatus.NOT_FOUND,
    RefusedError: HTTPStatus.CONFLICT,
    UnknownField: HTTPStatus.UNPROCESSABLE_ENTITY,
    BadCursor: HTTPStatus.UNPROCESSABLE_ENTITY,
    TooSlow: HTTPStatus.UNPROCESSABLE_ENTITY,
    Unstorable: HTTPStatus.UNPROCESSABLE_ENTITY,
    MatcherError: HTTPStatus.UNPROCESSABLE_ENTITY,
    WindowError: HTTPStatus.UNPROCESSABLE_ENTITY,
}


def add_handlers(app: FastAPI) -> None:
    """Teaches the application to answer every error in words."""
    for kind, status in _STATUS.items():
        app.add_exception_handler(kind, _plain(status))
    app.add_exception_handler(NotLoggedInError, _not_logged_in)
    app.add_exception_handler(StoreUnavailable, _unavailable)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _broken)


def _plain(status: int) -> Callable[[Request, Exception], Awaitable[Response]]:
    """Answers with the error's own words."""

    async def answer(request: Request, error: Exception) -> Response:
        return _answer(request, status, str(error))

    return answer


async def _not_logged_in(request: Request, error: Exception) -> Response:
    if _asks_for_data(request):
        text = "a login is needed: send `Authorization: Bearer <token>`"
        return _answer(request, 401, text, {"WWW-Authenticate": "Bearer"})
    query = f"?{request.url.query}" if request.url.query else ""
    wanted = quote(request.url.path + query) if request.method == "GET" else "/"
    return RedirectResponse(f"/login?next={wanted}", status_code=303)


async def _unavailable(request: Request, error: Exception) -> Response:
    text = "the database does not answer; try again in a moment"
    return _answer(request, 503, text, {"Retry-After": "5"})


async def _invalid(request: Request, error: Exception) -> Response:
    found = cast("RequestValidationError", error).errors()
    faults = [f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in found]
    if any(each["loc"] == ("body",) for each in found) and not _says_json(request):
        faults.append("a body is JSON, and its header says so: `Content-Type: application/json`")
    return _answer(request, 422, "; ".join(faults))


async def _http(request: Request, error: Exception) -> Response:
    known = cast("HTTPException", error)
    return _answer(request, known.status_code, _text_of(known), known.headers)


async def _broken(request: Request, error: Exception) -> Response:
    """The last resort. It stands outside the edge, so it adds what the edge would."""
    text = "Watcher made a mistake; its log says more"
    deps: Deps = request.app.state.deps
    deps.metrics.requests.labels(request.method, "broken", 500).inc()
    return _answer(request, 500, text, HEADERS)


def _answer(
    request: Request, status: int, text: str, headers: Mapping[str, str] | None = None
) -> Response:
    if _asks_for_data(request):
        return JSONResponse({"error": text}, status_code=status, headers=headers)
    return HTMLResponse(error_page(status, text), status_code=status, headers=headers)


def _asks_for_data(request: Request) -> bool:
    return request.url.path.startswith(_FOR_PROGRAMS)


def _says_json(request: Request) -> bool:
    return "json" in request.headers.get("content-type", "").lower()


def _text_of(error: HTTPException) -> str:
    if error.status_code == HTTPStatus.NOT_FOUND:
        return "there is nothing at this address"
    return error.detail
