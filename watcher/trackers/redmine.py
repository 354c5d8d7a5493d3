"""Files tickets as issues of Redmine.

An issue carries the key of its draft in a custom field, or in brackets at the end of its
description. Redmine passes over a filter or a field that it does not know without a word; so what
it finds is looked at, and what it made as well.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from http import HTTPStatus
from secrets import token_hex
from urllib.parse import quote, urlencode

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

_CLOSED = 5
"""The status of a project in which nothing can be changed any more."""


class Formatting(StrEnum):
    """The text formatting that the administrator of Redmine chose."""

    TEXTILE = "textile"
    MARKDOWN = "markdown"


@dataclass(frozen=True, slots=True)
class Options:
    """Which `project`, by its identifier, of the Redmine at `url`. `tracker` and `priority` are
    names or ids there; without a priority it is the usual one. `key_field` is the id of a custom
    field that holds the key, 0 for none.
    """

    url: str
    key: Secret
    project: str
    tracker: str
    priority: str = ""
    key_field: int = 0
    formatting: Formatting = Formatting.TEXTILE
    allow_private: bool = False
    networks: tuple[str, ...] = ()
    ca_file: str = ""
    timeout: float = 10.0
    deadline: float = 30.0

    def __post_init__(self) -> None:
        if not self.project or not self.tracker:
            raise ValueError("`project` and `tracker` are needed")
        check_way(self)


SAMPLE = Options(
    url="https://redmine.example.com",
    key=Secret("sample-key-of-redmine"),
    project="ops",
    tracker="Task",
)


def file(draft: Draft, options: Options) -> Filed:
    """Looks for the issue of the draft and makes it where there is none."""
    redmine = _redmine(options, draft.at)
    try:
        tracker = redmine.tracker(redmine.project())
        found = redmine.found(draft.key)
        if found is not None:
            return Filed(Outcome(Verdict.DONE, f"#{found.key} was there already"), found)
        return redmine.made(draft, tracker)
    except ApiError as error:
        return Filed(error.outcome)


def check(now: datetime, options: Options) -> Outcome:
    """Whether the key is good, the project and the tracker are there, we may add issues, and keys
    can be looked for. Nobody could have written the key that is looked for.
    """
    redmine = _redmine(options, now)
    try:
        user, project = redmine.user(), redmine.project()
        redmine.permit(user, project)
        redmine.tracker(project)
        redmine.found(f"watcher-{token_hex(8)}")
        redmine.priority()
    except ApiError as error:
        return error.outcome
    who = text(user.get("login"))
    return Outcome(
        Verdict.DONE, f"{redmine.api.peer}: {who} files {options.tracker} in {options.project}"
    )


def _redmine(options: Options, now: datetime) -> "_Redmine":
    proof = {"X-Redmine-API-Key": options.key.reveal()}
    return _Redmine(options, Api(options, proof, "the API key", now))


@dataclass(frozen=True, slots=True)
class _Redmine:
    """The project of the options, for one filing."""

    options: Options
    api: Api

    def user(self) -> Mapping[str, object]:
        """Who we are there: only this is refused to a wrong key wherever the public may read."""
        try:
            answer = self.api.ask("/users/current.json?include=memberships", about="`url`")
        except ApiError as error:
            if error.status == HTTPStatus.FORBIDDEN:
                raise self.api.refused("its REST web service is not turned on") from None
            raise
        return members(members(answer).get("user"))

    def project(self) -> Mapping[str, object]:
        """The project with its trackers."""
        path = f"/projects/{quote(self.options.project, safe='')}.json?include=trackers"
        project = members(members(self.api.ask(path, about=self._where)).get("project"))
        if project.get("status") == _CLOSED:
            raise self.api.refused(f"{self._where} is closed")
        return project

    def permit(self, user: Mapping[str, object], project: Mapping[str, object]) -> None:
        """Raises ApiError if no role of ours there may add issues, for Redmine would say that there
        is no project. The rights of who is not a member can be read nowhere.
        """
        memberships = elements(user.get("memberships"))
        mine = [
            one for one in memberships if members(one.get("project")).get("id") == project.get("id")
        ]
        roles = [text(role.get("id")) for one in mine for role in elements(one.get("roles"))]
        if roles and not user.get("admin") and not any(map(self._adds, roles)):
            raise self.api.refused(f"{text(user.get('login'))} may not add issues to {self._where}")

    def _adds(self, role: str) -> bool:
        answer = members(members(self.api.ask(f"/roles/{role}.json")).get("role"))
        permissions = answer.get("permissions")
        return isinstance(permissions, list) and "add_issues" in permissions

    @property
    def _where(self) -> str:
        return f"project {self.options.project!r}"

    def tracker(self, project: Mapping[str, object]) -> str:
        """The id of the tracker, which Redmine would replace by another if there were none."""
        return self._id(self.options.tracker, elements(project.get("trackers")), "tracker")

    def priority(self) -> str:
        """The id of the priority, "" for the usual one."""
        if not self.options.priority:
            return ""
        answer = members(self.api.ask("/enumerations/issue_priorities.json"))
        return self._id(self.options.priority, elements(answer.get("issue_priorities")), "priority")

    def _id(self, wanted: str, there: list[Mapping[str, object]], what: str) -> str:
        if (found := one_of(there, wanted)) is not None:
            return text(found.get("id"))
        raise self.api.refused(f"there is no {what} {wanted!r}; there are: {names_of(there)}")

    def found(self, key: str) -> Ticket | None:
        """The oldest issue with this key, closed ones as well."""
        which = {self._filter: key if self.options.key_field else f"~{marked(key)}"}
        query = {
            "project_id": self.options.project,
            "status_id": "*",
            "sort": "id",
            "limit": "100",
            **which,
        }
        answer = members(self.api.ask("/issues.json?" + urlencode(query)))
        if not isinstance(answer.get("issues"), list):
            raise self.api.refused("no list of issues; is that Redmine?")
        issues = elements(answer.get("issues"))
        ours = next((each for each in issues if self._carries(each, key)), None)
        if issues and ours is None:
            raise self.api.refused(self._no_filter())
        return self._ticket(ours) if ours else None

    def made(self, draft: Draft, tracker: str) -> Filed:
        """The issue that is made of the draft."""
        try:
            answer = self.api.create("/issues.json", {"issue": self._issue(draft, tracker)})
        except ApiError as error:
            if error.status == HTTPStatus.UNPROCESSABLE_ENTITY and error.value == {"errors": []}:
                # Redmine says so where two wrote at once; nothing was stored.
                raise ApiError(Outcome(Verdict.RETRY, f"{error}: it was busy")) from None
            raise
        issue = members(members(answer).get("issue"))
        ticket = self._ticket(issue)
        said = "; ".join((f"filed as {ticket.key}", *self._lacks(draft, issue)))
        return Filed(Outcome(Verdict.DONE, said), ticket)

    def _issue(self, draft: Draft, tracker: str) -> dict[str, object]:
        issue: dict[str, object] = {
            "project_id": self.options.project,
            "tracker_id": tracker,
            "subject": title(draft),
            "description": self._description(draft),
        }
        if self.options.key_field:
            issue["custom_fields"] = [{"id": self.options.key_field, "value": draft.key}]
        if priority := self.priority():
            issue["priority_id"] = priority
        if draft.due:
            # Nothing may be due before it starts, and without a word it starts today.
            issue["due_date"] = draft.due.isoformat()
            issue["start_date"] = min(draft.due, draft.at.date()).isoformat()
        return issue

    def _description(self, draft: Draft) -> str:
        """The text where nothing in it is read as markup, the link, and the key."""
        if self.options.formatting is Formatting.MARKDOWN:
            quoted = f"~~~\n{body(draft, '~~~|```')}\n~~~"
        else:
            quoted = f"<pre>\n{body(draft, '</?(pre|code|kbd|notextile)')}\n</pre>"
        parts = (quoted, draft.url, "" if self.options.key_field else marked(draft.key))
        return "\n\n".join(filter(None, parts))

    @property
    def _filter(self) -> str:
        return f"cf_{self.options.key_field}" if self.options.key_field else "description"

    def _carries(self, issue: Mapping[str, object], key: str) -> bool:
        if not self.options.key_field:
            return marked(key) in text(issue.get("description"))
        fields = elements(issue.get("custom_fields"))
        mine = next((each for each in fields if each.get("id") == self.options.key_field), {})
        return mine.get("value") == key

    def _no_filter(self) -> str:
        if not self.options.key_field:
            return "this Redmine cannot look for a description: set `key_field`"
        return (
            f"issues cannot be found by custom field {self.options.key_field}: it has to be used "
            "as a filter, and to be visible for us"
        )

    def _lacks(self, draft: Draft, issue: Mapping[str, object]) -> Iterator[str]:
        """What Redmine left out without a word."""
        if not self._carries(issue, draft.key):
            what = f"custom field {self.options.key_field}" if self.options.key_field else "text"
            yield f"its tracker keeps no {what}, so it could not be found again"
        if draft.due and not issue.get("due_date"):
            yield "its tracker keeps no due date"

    def _ticket(self, issue: Mapping[str, object]) -> Ticket:
        number = text(issue.get("id"))
        if not number:
            raise self.api.unsure("an issue without an id")
        return Ticket("redmine", number, f"{self.options.url.rstrip('/')}/issues/{number}")
