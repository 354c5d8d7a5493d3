"""Who asks, and may he? One guard stands before every route that is not for everybody."""

import hmac
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request
from fastapi.openapi.models import HTTPBearer
from fastapi.security.base import SecurityBase
from starlette.concurrency import run_in_threadpool

from watcher.model.person import Principal, Role
from watcher.web.auth import csrf_token, digest
from watcher.web.deps import Deps, deps_of

_SAFE = frozenset({"GET", "HEAD"})


class NotLoggedInError(Exception):
    """Nobody has proved who asks."""


class ForbiddenError(Exception):
    """The one who asks may not do this; the text says why."""


class Guard(SecurityBase):
    """Lets in whoever has at least this role, by a token or by the cookie of a session.

    A cookie travels with whatever a browser sends, so a request that changes something and proves
    itself by one must also come from our own page, and bring that page's form token.
    """

    model = HTTPBearer(description="A token as `watcher token create` prints it")
    scheme_name = "token"

    def __init__(self, role: Role) -> None:
        self.role = role

    async def __call__(self, request: Request) -> Principal:
        """Who asks. Raises NotLoggedInError or ForbiddenError."""
        deps = await deps_of(request)
        principal = await run_in_threadpool(_by_token, request, deps)
        if principal is None:
            principal = await run_in_threadpool(_by_session, request, deps)
            if principal is not None and request.method not in _SAFE:
                await _check_form(request, deps)
        if principal is None:
            raise NotLoggedInError
        if principal.role.rank < self.role.rank:
            raise ForbiddenError(f"this needs the role {self.role}, yours is {principal.role}")
        return principal


Viewer = Annotated[Principal, Depends(Guard(Role.VIEWER))]
Operator = Annotated[Principal, Depends(Guard(Role.OPERATOR))]
Manager = Annotated[Principal, Depends(Guard(Role.MANAGER))]


def cookie_name(deps: Deps) -> str:
    """The session cookie; behind HTTPS its name makes browsers bind it to this host."""
    return "__Host-watcher" if deps.public_url.startswith("https:") else "watcher"


def session_secret(request: Request, deps: Deps) -> str:
    """What the browser proves itself by; empty when it brings nothing."""
    return request.cookies.get(cookie_name(deps), "")


def is_same_origin(request: Request, deps: Deps) -> bool:
    """Whether the browser says that the request comes from one of our own pages."""
    origin = request.headers.get("origin")
    if origin is None:
        return request.headers.get("sec-fetch-site", "same-origin") == "same-origin"
    own = {urlsplit(deps.public_url).netloc, request.headers.get("host", "")}
    return urlsplit(origin).netloc in own


async def _check_form(request: Request, deps: Deps) -> None:
    if not is_same_origin(request, deps):
        raise ForbiddenError("this request comes from another site's page")
    given = (await request.form()).get("csrf", "")
    wanted = csrf_token(session_secret(request, deps))
    if not isinstance(given, str) or not hmac.compare_digest(given.encode(), wanted.encode()):
        raise ForbiddenError("the form is out of date: load the page again")


def _by_token(request: Request, deps: Deps) -> Principal | None:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        return None
    with deps.store.view() as view:
        return view.token(digest(token.strip()))


def _by_session(request: Request, deps: Deps) -> Principal | None:
    secret = session_secret(request, deps)
    if not secret:
        return None
    with deps.store.view() as view:
        return view.session(digest(secret), deps.clock.now())
