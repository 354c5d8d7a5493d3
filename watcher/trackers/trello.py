"""Files tickets as cards of Trello.

A card carries the key of its draft in brackets at the end of its description. Trello's search is
late, so the cards of the board are read instead, archived ones as well.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from watcher.kit.secrets import Secret
from watcher.model.action import Outcome, Verdict
from watcher.model.incident import Ticket
from watcher.trackers._api import (
    Api,
    ApiError,
    check_way,
    elements,
    members,
    names_of,
    one_of,
    text,
)
from watcher.trackers._words import body, marked, title
from watcher.trackers.base import Draft, Filed

_PAGE = 500
_PAGES = 20
_SHORT_LINK = re.compile(r"[A-Za-z0-9]{1,64}")


@dataclass(frozen=True, slots=True)
class Options:
    """Which `list`, by its name or id, of which `board`, by its id or the short one in its address.
    `key` is that of the API, `token` that of the account that files.
    """

    key: Secret
    token: Secret
    board: str
    list: str
    url: str = "https://api.trello.com"
    allow_private: bool = False
    networks: tuple[str, ...] = ()
    ca_file: str = ""
    timeout: float = 15.0
    deadline: float = 60.0

    def __post_init__(self) -> None:
        if not self.board or not self.list:
            raise ValueError("`board` and `list` are needed")
        if not _SHORT_LINK.fullmatch(self.board):
            raise ValueError("`board` is its id, or only the short one in its address")
        check_way(self)


SAMPLE = Options(
    key=Secret("sample-key-of-trello"),
    token=Secret("sample-token-of-trello"),
    board="Hq3pX9aB",
    list="To do",
)


def file(draft: Draft, options: Options) -> Filed:
    """Looks for the card of the draft and makes it where there is none."""
    trello = _trello(options, draft.at)
    try:
        column = trello.column()
        found = trello.found(draft.key)
        if found is not None:
            return Filed(Outcome(Verdict.DONE, f"{found.key} was there already"), found)
        ticket = trello.made(draft, column)
    except ApiError as error:
        return Filed(error.outcome)
    return Filed(Outcome(Verdict.DONE, f"filed as {ticket.key}"), ticket)


def check(now: datetime, options: Options) -> Outcome:
    """Whether key and token are good, and the board and the list are there."""
    trello = _trello(options, now)
    try:
        user = trello.user()
        trello.column()
    except ApiError as error:
        return error.outcome
    said = f"{trello.api.peer}: {user} files cards in {options.list}"
    return Outcome(Verdict.DONE, said)


def _trello(options: Options, now: datetime) -> "_Trello":
    key, token = options.key.reveal(), options.token.reveal()
    proof = {"Authorization": f'OAuth oauth_consumer_key="{key}", oauth_token="{token}"'}
    return _Trello(options, Api(options, proof, "the key or the token", now))


@dataclass(frozen=True, slots=True)
class _Trello:
    """The board of the options, for one filing."""

    options: Options
    api: Api

    @property
    def _board(self) -> str:
        return f"/1/boards/{quote(self.options.board, safe='')}"

    @property
    def _about(self) -> str:
        return f"board {self.options.board!r}"

    def user(self) -> str:
        """Who we are there."""
        answer = members(self.api.ask("/1/members/me?fields=username", about="`url`"))
        return text(answer.get("username")) or "the owner of the token"

    def column(self) -> str:
        """The id of the list."""
        answer = self.api.ask(f"{self._board}/lists?filter=open&fields=name", about=self._about)
        lists, wanted = elements(answer), self.options.list
        if (found := one_of(lists, wanted)) is not None:
            return text(found.get("id"))
        raise self.api.refused(
            f"{self._about} has no list {wanted!r}; there are: {names_of(lists)}"
        )

    def found(self, key: str) -> Ticket | None:
        """The oldest card with this key on the board."""
        ours = [each for each in self._cards() if marked(key) in text(each.get("desc"))]
        return self._ticket(min(ours, key=_id)) if ours else None

    def _cards(self) -> Iterator[Mapping[str, object]]:
        """The cards, the newest pages first; each id begins with the time of its making."""
        path = f"{self._board}/cards/all?fields=desc,shortLink&limit={_PAGE}"
        before = ""
        for _ in range(_PAGES):
            answer = self.api.ask(path + before, about=self._about)
            if not isinstance(answer, list):
                raise self.api.refused("no list of cards; is that Trello?")
            cards = elements(answer)
            yield from cards
            if len(cards) < _PAGE:
                return
            before = f"&before={quote(min(map(_id, cards)), safe='')}"

    def made(self, draft: Draft, column: str) -> Ticket:
        """The card that is made of the draft."""
        quoted = f"```\n{body(draft, '```|~~~')}\n```"
        card = {
            "idList": column,
            "name": title(draft),
            "desc": "\n\n".join(filter(None, (quoted, draft.url, marked(draft.key)))),
        }
        if draft.due:
            # Noon is on the same day almost everywhere.
            card["due"] = f"{draft.due}T12:00:00.000Z"
        return self._ticket(members(self.api.create("/1/cards", card)))

    def _ticket(self, card: Mapping[str, object]) -> Ticket:
        link = text(card.get("shortLink"))
        if not _SHORT_LINK.fullmatch(link):
            raise self.api.unsure("a card without a short link")
        return Ticket("trello", link, f"https://trello.com/c/{link}")


def _id(card: Mapping[str, object]) -> str:
    return text(card.get("id"))
