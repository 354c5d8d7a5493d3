"""Turns a template and what it shows into a page, with what all pages have in common."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from http import HTTPStatus
from pathlib import Path

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from watcher.model.person import Principal, Role
from watcher.store.views import View
from watcher.web.auth import csrf_token
from watcher.web.deps import Deps
from watcher.web.guard import session_secret
from watcher.web.health import Banner, banners

_HERE = Path(__file__).parent.parent
# In seconds. Nobody counts the first ones, and after some hours nobody asks for minutes.
_FRESH, _MINUTE, _HOUR, _DAY = 10, 60, 3600, 86_400
_FEW_HOURS = 10
_NAVIGATION = (
    ("/incidents", "Incidents", Role.VIEWER),
    ("/problems", "Problems", Role.VIEWER),
    ("/action-items", "Action items", Role.VIEWER),
    ("/alerts", "Alerts", Role.VIEWER),
    ("/changes", "Changes", Role.VIEWER),
    ("/maintenance", "Maintenance", Role.VIEWER),
    ("/articles", "Knowledge", Role.VIEWER),
    ("/runbooks", "Runbooks", Role.VIEWER),
    ("/sources", "Sources", Role.VIEWER),
    ("/runs", "Runs", Role.MANAGER),
    ("/deliveries", "Deliveries", Role.OPERATOR),
    ("/actions", "Actions", Role.OPERATOR),
)


@dataclass(frozen=True, slots=True)
class Frame:
    """Who looks at what, and the moment of the store that he sees."""

    request: Request
    parts: Deps
    by: Principal
    view: View

    def page(self, template: str, status: int = 200, **shown: object) -> HTMLResponse:
        """The page, inside the layout of all pages."""
        secret = session_secret(self.request, self.parts)
        common: dict[str, object] = {
            "me": self.by,
            "may_act": self.by.role.rank >= Role.OPERATOR.rank,
            "navigation": [
                (path, word, self.request.url.path.startswith(path))
                for path, word, role in _NAVIGATION
                if self.by.role.rank >= role.rank
            ],
            "form_token": csrf_token(secret) if secret else "",
            "now": self.parts.clock.now(),
            "change_mark": self.view.change_mark(),
            "banners": list(self._banners()),
        }
        return HTMLResponse(_render(template, common | shown), status)

    def _banners(self) -> Iterator[Banner]:
        return banners(self.parts, self.view, self.by)


def bare_page(template: str, status: int = 200, **shown: object) -> HTMLResponse:
    """A page for somebody who is not known."""
    common: dict[str, object] = {"me": None}
    return HTMLResponse(_render(template, common | shown), status)


def error_page(status: int, text: str) -> str:
    """A page that says what went wrong."""
    heading = HTTPStatus(status).phrase.capitalize()
    return _render("error.html", {"me": None, "heading": heading, "text": text})


def age(moment: datetime, now: datetime) -> str:
    """How old something is in words; the pages' script says it in the same ones."""
    seconds = int((now - moment).total_seconds())
    if seconds < 0:
        return f"in {_span(-seconds)}"
    return _span(seconds) if seconds >= _FRESH else "now"


def ago(moment: datetime, now: datetime) -> str:
    """The same, as something past."""
    text = age(moment, now)
    return text if text == "now" or text.startswith("in ") else f"{text} ago"


def _span(seconds: int) -> str:
    if seconds < _MINUTE:
        return f"{seconds} s"
    if seconds < _HOUR:
        return f"{seconds // _MINUTE} min"
    if seconds >= 2 * _DAY:
        return f"{seconds // _DAY} d"
    hours, minutes = seconds // _HOUR, seconds % _HOUR // _MINUTE
    return f"{hours} h {minutes} min" if minutes and hours < _FEW_HOURS else f"{hours} h"


def exact(moment: datetime) -> str:
    """A moment to the second, in UTC."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def iso(moment: datetime) -> str:
    """A moment as programs read it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def in_seconds(seconds: float) -> str:
    """How long something took."""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    return f"{seconds:.1f} s" if seconds < _MINUTE else _span(int(seconds))


def in_bytes(size: int) -> str:
    """How large something is."""
    kilo = 1024
    if size < kilo:
        return f"{size} bytes"
    return f"{size / kilo:.0f} KiB" if size < kilo * kilo else f"{size / kilo / kilo:.1f} MiB"


@cache
def static_url(name: str) -> str:
    """The address of a static file, which changes with the file so that it may be kept for ever."""
    content = (_HERE / "static" / name).read_bytes()
    return f"/static/{name}?v={hashlib.sha256(content).hexdigest()[:12]}"


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters |= {
        "age": age,
        "ago": ago,
        "exact": exact,
        "iso": iso,
        "seconds": in_seconds,
        "bytes": in_bytes,
        "static": static_url,
    }
    return environment


def _render(template: str, shown: dict[str, object]) -> str:
    return _environment().get_template(template).render(shown)
