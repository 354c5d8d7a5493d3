"""The errors that routes of the API may answer with, for its OpenAPI document."""

from typing import Any

from watcher.web.api.models import Error

_TEXTS = {
    400: "The body cannot be read",
    401: "Nobody has proved who asks",
    403: "The role does not allow this, or a customer's token asks for another customer",
    404: "There is no such thing, or it is another customer's",
    409: "The state it is in does not allow this",
    413: "The request is too large",
    422: "A parameter or the body is not as described",
    503: "The database does not answer; try again",
}
_ALWAYS = (400, 401, 403, 413, 422, 503)


def errors(*more: int) -> dict[int | str, dict[str, Any]]:
    """The errors of every route, and these."""
    return {
        status: {"model": Error, "description": _TEXTS[status]}
        for status in sorted({*_ALWAYS, *more})
    }
