"""In and out: the login form and the session behind it."""

import re
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from watcher.web.auth import SESSION_LASTS, Throttle, digest, new_secret, verify_password
from watcher.web.deps import Deps, Parts
from watcher.web.guard import (
    ForbiddenError,
    Viewer,
    cookie_name,
    is_same_origin,
    session_secret,
)
from watcher.web.pages.render import bare_page

router = APIRouter(include_in_schema=False)

# A path of ours; `//host` and `/\host` are other hosts to a browser.
_OWN_PATH = re.compile(r"/(?![/\\])[\x21-\x7e]*")


@router.get("/")
async def home() -> Response:
    """The incidents are the home page."""
    return RedirectResponse("/incidents", 303)


@router.get("/login")
async def login_form(next: str = "/incidents") -> Response:
    """The form."""
    return bare_page("login.html", next=next, name="", wrong="")


@router.post("/login")
def login(
    request: Request,
    parts: Parts,
    name: Annotated[str, Form(max_length=200)] = "",
    password: Annotated[str, Form(max_length=1000)] = "",
    next: Annotated[str, Form(max_length=2000)] = "",
) -> Response:
    """Opens a session for whoever knows the password, slowly for whoever guesses."""
    if not is_same_origin(request, parts):
        raise ForbiddenError("this request comes from another site's page")
    throttle: Throttle = request.app.state.throttle
    key = f"{request.client.host if request.client else ''} {name}"
    if wait := throttle.wait(key):
        parts.metrics.logins.labels("throttled").inc()
        wrong = f"Too many attempts. Try again in {wait} seconds."
        page = bare_page("login.html", 429, next=next, name=name, wrong=wrong)
        page.headers["Retry-After"] = str(wait)
        return page
    with parts.store.view() as view:
        person = view.person(name)
    if not verify_password(person.password if person else None, password):
        throttle.failed(key)
        parts.metrics.logins.labels("refused").inc()
        wrong = "That name and password do not belong together."
        return bare_page("login.html", 403, next=next, name=name, wrong=wrong)
    throttle.succeeded(key)
    parts.metrics.logins.labels("accepted").inc()
    return _with_session(parts, name, own_path(next))


@router.post("/logout")
def logout(request: Request, parts: Parts, by: Viewer) -> Response:
    """Ends the session."""
    with parts.store.begin() as tx:
        tx.end_session(digest(session_secret(request, parts)))
    answer = RedirectResponse("/login", 303)
    answer.delete_cookie(cookie_name(parts), path="/", httponly=True, samesite="lax")
    return answer


def _with_session(parts: Deps, name: str, path: str) -> Response:
    secret = new_secret()
    with parts.store.begin() as tx:
        tx.add_session(digest(secret), name, parts.clock.now() + SESSION_LASTS)
    answer = RedirectResponse(path, 303)
    answer.set_cookie(
        cookie_name(parts),
        secret,
        max_age=int(SESSION_LASTS.total_seconds()),
        path="/",
        secure=parts.public_url.startswith("https:"),
        httponly=True,
        samesite="lax",
    )
    return answer


def own_path(path: str) -> str:
    """The path if it is one of ours, else home: a login never sends people to other sites."""
    return path if _OWN_PATH.fullmatch(path) else "/incidents"
