"""Which organisation of a Grafana a token is of: all that it asks for is of that one alone.

Of a rule of another organisation Grafana says that there is none, as it does of one that was
deleted. So nothing may be concluded before both are known to be the same.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from watcher.kit.text import listed
from watcher.model.survey import Held
from watcher.monitors._json_api import ApiError, JsonApi, members, strange, text
from watcher.monitors.base import Trouble

ORGANISATION = "/api/org"
READ_ORGANISATION = "orgs:read (role Viewer)"


@dataclass(frozen=True, slots=True)
class Organisation:
    """An organisation by its number, which is what alerts carry of it."""

    number: str
    name: str

    def __str__(self) -> str:
        return f"organisation {self.number} ({self.name})"


def organisation(api: JsonApi) -> Organisation:
    """That of the token. Raises ApiError."""
    found = members(api.get(ORGANISATION, needs=READ_ORGANISATION), ORGANISATION)
    number = found.get("id")
    if not isinstance(number, int):
        raise strange(ORGANISATION, "an organisation without a number")
    return Organisation(str(number), text(found.get("name")))


def check_own(mine: Organisation, held: Iterable[Held], before: str = "") -> None:
    """Raises ApiError where spans are of another organisation than ours; where none of them says of
    which it is, the one `before` counts ("": there was none).
    """
    told = {number for span in held if (number := number_in(span.url))} or {before} - {""}
    if others := tuple(sorted(told - {mine.number})):
        raise ApiError(
            f"the token (or login) is of {mine}, but alerts of this source are of organisation "
            f"{listed(others, 3)}: nothing is taken in and nothing ends until it has a token of "
            "that one; each organisation needs a source of its own",
            Trouble.TOKEN,
        )


def number_in(url: str) -> str:
    """The number of the organisation in a link of Grafana, "" where it says none."""
    return parse_qs(urlsplit(url).query).get("orgId", [""])[0]
