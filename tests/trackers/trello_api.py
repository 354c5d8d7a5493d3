"""A stand-in for Trello: one board with two lists, whose cards come in pages."""

import re
from typing import Any

from tests.peers import Answer
from tests.trackers.stand_in import Kept, Request, StandIn, plain, said

KEY = "a1b2c3d4e5f60718293a4b5c6d7e8f90"
TOKEN = "ATTA0123456789abcdef"
BOARD = "Hq3pX9aB"
_PROOF = re.compile(r'OAuth oauth_consumer_key="([^"]*)", oauth_token="([^"]*)"')
LISTS = {f"{1:024x}": "To do", f"{2:024x}": "Doing"}


class TrelloServer(StandIn):
    """It knows no secrets in addresses."""

    makes = ("cards",)

    def reply(self, request: Request) -> Answer:
        assert not {"key", "token"} & set(request.query)
        proof = _PROOF.fullmatch(request.headers.get("authorization", ""))
        if proof is None or proof[1] != KEY:
            return plain(401, "invalid key")
        if proof[2] != TOKEN:
            return plain(401, "invalid token")
        answer = plain(404, "Cannot " + request.method)
        match request.method, request.parts:
            case ["GET", ["1", "members", "me"]]:
                answer = said(200, {"id": "5", "username": "watcher"})
            case ["GET", ["1", "boards", board, *_]] if board != BOARD:
                answer = plain(404, "The requested resource was not found.")
            case ["GET", ["1", "boards", _, "lists"]]:
                answer = said(200, [{"id": each, "name": name} for each, name in LISTS.items()])
            case ["GET", ["1", "boards", _, "cards", "all"]]:
                answer = self._cards(request)
            case ["POST", ["1", "cards"]]:
                answer = self._create(request.body or {})
        return answer

    def _cards(self, request: Request) -> Answer:
        limit, before = int(request.query["limit"]), request.query.get("before", "g")
        if not 0 < limit <= 1000:
            return plain(400, "invalid value for limit")
        older = [one for one in self.tickets if _id(one) < before]
        fields = request.query["fields"].split(",")
        newest = [{name: _card(one)[name] for name in ("id", *fields)} for one in older[-limit:]]
        return said(200, newest)

    def _create(self, card: dict[str, Any]) -> Answer:
        if card.get("idList") not in LISTS:
            return plain(400, "invalid value for idList")
        for name, longest in (("name", 16_384), ("desc", 16_384)):
            if len(card.get(name, "").encode("utf-16-le")) // 2 > longest:
                return plain(400, f"invalid value for {name}")
        kept = Kept(len(self.tickets) + 1, card["name"], card["desc"], card.get("due", ""))
        kept.fields = card
        return said(200, _card(self.keep(kept)))


def _id(one: Kept) -> str:
    return f"{0x65000000 + one.number:08x}{one.number:016x}"


def _card(one: Kept) -> dict[str, Any]:
    return {
        "id": _id(one),
        "name": one.title,
        "desc": one.text,
        "shortLink": f"card{one.number:04d}",
        "closed": one.closed,
    }
