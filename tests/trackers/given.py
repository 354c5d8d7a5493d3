"""A draft, and each tracker with its stand-in and the options that lead there."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from types import ModuleType
from typing import Any

from tests.trackers import jira_api, redmine_api, trello_api
from tests.trackers.stand_in import Kept, StandIn
from watcher.kit.secrets import Secret
from watcher.trackers import jira, redmine, trello
from watcher.trackers.base import Draft, Filed

AT = datetime(2026, 3, 14, 3, 7, tzinfo=UTC)
URL = "https://watcher.example.com/incidents/12/review"
DRAFT = Draft(
    key="watcher-12-1",
    title="Alert earlier on a full disk",
    text="From the review of incident 12, billing is down.\n\nOwner: Anna",
    url=URL,
    at=AT,
    due=date(2026, 4, 1),
)


@dataclass(frozen=True, slots=True)
class Given:
    """One way to keep tickets: a stand-in, the options for it, and how it keeps a key.

    `elsewhere` are options with a project that is not there, `secrets` what nobody may read.
    """

    kind: ModuleType
    server: Callable[[], StandIn]
    options: dict[str, Any]
    elsewhere: dict[str, str]
    secrets: tuple[str, ...]
    keep: Callable[[StandIn, str], Kept]

    def aimed(self, server: StandIn, **changes: Any) -> Any:
        """The options for this stand-in."""
        given = {"url": server.url, "allow_private": True, **self.options, **changes}
        return self.kind.Options(**given)

    def file(self, server: StandIn, draft: Draft = DRAFT, **changes: Any) -> Filed:
        """What comes of filing the draft there."""
        filed: Filed = self.kind.file(draft, self.aimed(server, **changes))
        return filed


def _redmine_with_field() -> StandIn:
    server = redmine_api.RedmineServer()
    server.filtered_by_key()
    return server


def _in_text(server: StandIn, key: str) -> Kept:
    return server.keep(Kept(len(server.tickets) + 1, "by hand", f"seen\r\n\r\n[{key}]"))


def _in_field(server: StandIn, key: str) -> Kept:
    fields = {"custom_fields": {redmine_api.KEY_FIELD: key}}
    return server.keep(Kept(len(server.tickets) + 1, "by hand", "seen", fields=fields))


def _as_label(server: StandIn, key: str) -> Kept:
    return server.keep(Kept(len(server.tickets) + 1, "by hand", "seen", labels=[key]))


_REDMINE = {"key": Secret(redmine_api.KEY), "project": "ops", "tracker": "Task"}
_JIRA = {"token": Secret(jira_api.TOKEN), "project": "OPS"}

GIVEN = {
    "redmine": Given(
        redmine,
        redmine_api.RedmineServer,
        _REDMINE,
        {"project": "nowhere"},
        (redmine_api.KEY,),
        _in_text,
    ),
    "redmine with a field": Given(
        redmine,
        _redmine_with_field,
        {**_REDMINE, "key_field": redmine_api.KEY_FIELD},
        {"project": "nowhere"},
        (redmine_api.KEY,),
        _in_field,
    ),
    "jira cloud": Given(
        jira,
        jira_api.JiraServer,
        {**_JIRA, "email": jira_api.EMAIL},
        {"project": "NOWHERE"},
        (jira_api.TOKEN, jira_api.PROOF),
        _as_label,
    ),
    "jira data center": Given(
        jira,
        lambda: jira_api.JiraServer(cloud=False),
        {**_JIRA, "edition": jira.Edition.DATA_CENTER},
        {"project": "NOWHERE"},
        (jira_api.TOKEN,),
        _as_label,
    ),
    "trello": Given(
        trello,
        trello_api.TrelloServer,
        {
            "key": Secret(trello_api.KEY),
            "token": Secret(trello_api.TOKEN),
            "board": trello_api.BOARD,
            "list": "To do",
        },
        {"board": "nowhere"},
        (trello_api.KEY, trello_api.TOKEN),
        _in_text,
    ),
}
