"""Files tickets as issues of Jira: of Jira Cloud, or of Jira Data Center from 8.4 on.

An issue carries the key of its draft as a label. Jira Cloud finds by a search only what it has
indexed, which may take minutes; so its newest issues are looked at one by one as well.
"""

from base64 import b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from http import HTTPStatus
from secrets import token_hex
from urllib.parse import quote

import orjson

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
from watcher.trackers._words import body, title
from watcher.trackers.base import Draft, Filed

_OURS = ("project", "issuetype", "summary", "description", "labels", "duedate")
_BEFORE, _BEHIND = 25, 75
_LONGEST_LABEL = 255


class Edition(StrEnum):
    """Which Jira it is: Atlassian's own, or one on a server of somebody's."""

    CLOUD = "cloud"
    DATA_CENTER = "data-center"


@dataclass(frozen=True, slots=True)
class Options:
    """Which `project`, by its key, of the Jira at `url`. For the cloud, `token` is the API token of
    the account with that `email`, else a personal access token. `labels` and `fields` are what each
    issue has besides, the latter as Jira's API writes it.
    """

    url: str
    token: Secret
    project: str
    email: str = ""
    edition: Edition = Edition.CLOUD
    issue_type: str = "Task"
    labels: tuple[str, ...] = ()
    fields: Mapping[str, object] = field(default_factory=dict)
    allow_private: bool = False
    networks: tuple[str, ...] = ()
    ca_file: str = ""
    timeout: float = 10.0
    deadline: float = 45.0

    def __post_init__(self) -> None:
        if bool(self.email) != (self.edition is Edition.CLOUD):
            raise ValueError("`email` is needed with `edition: cloud`, and only there")
        if not self.project or not self.issue_type:
            raise ValueError("`project` and `issue_type` are needed")
        if ours := ", ".join(name for name in _OURS if name in self.fields):
            raise ValueError(f"`fields` cannot say {ours}: these are Watcher's")
        try:
            orjson.dumps(dict(self.fields))
        except TypeError:
            raise ValueError("`fields` cannot be said in JSON") from None
        check_way(self)


SAMPLE = Options(
    url="https://example.atlassian.net",
    email="watcher@example.com",
    token=Secret("sample-token-of-jira"),
    project="OPS",
)


def file(draft: Draft, options: Options) -> Filed:
    """Looks for the issue of the draft and makes it where there is none."""
    jira = _jira(options, draft.at)
    try:
        found = jira.found(draft.key) or jira.unindexed(draft.key)
        if found is not None:
            return Filed(Outcome(Verdict.DONE, f"{found.key} was there already"), found)
        return jira.made(draft)
    except ApiError as error:
        return Filed(error.outcome)


def check(now: datetime, options: Options) -> Outcome:
    """Whether the token is good, and the project takes issues of that type with these fields."""
    jira = _jira(options, now)
    try:
        user = jira.user()
        jira.found(f"watcher-{token_hex(8)}")
        jira.accepts()
    except ApiError as error:
        return error.outcome
    said = f"{jira.api.peer}: {user} files {options.issue_type} in {options.project}"
    return Outcome(Verdict.DONE, said)


def _jira(options: Options, now: datetime) -> "_Jira":
    token = options.token.reveal()
    cloud = options.edition is Edition.CLOUD
    login = b64encode(f"{options.email}:{token}".encode()).decode()
    proof = {"Authorization": f"Basic {login}" if cloud else f"Bearer {token}"}
    key = "the email or the token" if cloud else "the token"
    return _Jira(options, Api(options, proof, key, now))


@dataclass(frozen=True, slots=True)
class _Jira:
    """The project of the options, for one filing."""

    options: Options
    api: Api

    @property
    def _cloud(self) -> bool:
        return self.options.edition is Edition.CLOUD

    @property
    def _rest(self) -> str:
        return "/rest/api/3" if self._cloud else "/rest/api/2"

    @property
    def _about(self) -> str:
        return f"project {self.options.project!r}"

    def user(self) -> str:
        """Who we are there."""
        answer = members(self.api.ask(f"{self._rest}/myself", about="`url`"))
        return text(answer.get("displayName")) or "the owner of the token"

    def found(self, key: str) -> Ticket | None:
        """The oldest issue with this key that the search knows."""
        issues = self._search(f' AND labels = "{key}" ORDER BY key ASC', 50)
        return self._with_key(issues, key)

    def unindexed(self, key: str) -> Ticket | None:
        """The issue with this key among the newest, in the search or not."""
        if not self._cloud:
            return None
        newest = next(iter(self._search(" ORDER BY key DESC", 1)), {})
        prefix, _, number = text(newest.get("key")).rpartition("-")
        last = int(number) if number.isdecimal() else 0
        prefix = prefix or self.options.project
        numbers = range(max(1, last - _BEFORE), max(1, last - _BEFORE) + _BEFORE + _BEHIND)
        wanted = [f"{prefix}-{each}" for each in numbers]
        question = {"issueIdsOrKeys": wanted, "fields": ["labels"]}
        try:
            answer = members(self.api.ask(f"{self._rest}/issue/bulkfetch", question))
        except ApiError as error:
            if error.outcome.verdict is Verdict.RETRY:
                raise
            # This only makes surer what the search said.
            return None
        return self._with_key(elements(answer.get("issues")), key)

    def _search(self, which: str, most: int) -> list[Mapping[str, object]]:
        """The first issues of the project that fit, with their labels."""
        path = f"{self._rest}/search/jql" if self._cloud else f"{self._rest}/search"
        jql = f"project = {_quoted(self.options.project)}{which}"
        question = {"jql": jql, "fields": ["labels"], "maxResults": most}
        answer = members(self.api.ask(path, question, about=self._about))
        if not isinstance(answer.get("issues"), list):
            raise self.api.refused("no list of issues; is that Jira?")
        return elements(answer.get("issues"))

    def _with_key(self, issues: Iterable[Mapping[str, object]], key: str) -> Ticket | None:
        for each in issues:
            labels = members(each.get("fields")).get("labels")
            if isinstance(labels, list) and key in labels:
                return self._ticket(each)
        return None

    def made(self, draft: Draft) -> Filed:
        """The issue that is made of the draft; without its due date where the project has none."""
        try:
            return self._made(draft, dated=draft.due is not None)
        except ApiError as error:
            if draft.due is None or set(_wrong(error)) != {"duedate"}:
                raise
        return self._made(draft, dated=False)

    def _made(self, draft: Draft, *, dated: bool) -> Filed:
        fields = self._fields(draft, dated=dated)
        try:
            answer = self.api.create(f"{self._rest}/issue", {"fields": fields})
        except ApiError as error:
            if "labels" in _wrong(error):
                raise self._no_labels() from None
            raise
        ticket = self._ticket(members(answer))
        return Filed(Outcome(Verdict.DONE, f"filed as {ticket.key}"), ticket)

    def _fields(self, draft: Draft, *, dated: bool) -> dict[str, object]:
        labels = map(_label, self.options.labels)
        kind = self.options.issue_type
        fields: dict[str, object] = {
            **self.options.fields,
            "project": {"id" if self.options.project.isdecimal() else "key": self.options.project},
            "issuetype": {"id" if kind.isdecimal() else "name": kind},
            "summary": title(draft),
            "description": self._description(draft, dated=dated),
            "labels": [draft.key, *filter(None, labels)],
        }
        if draft.due and dated:
            fields["duedate"] = draft.due.isoformat()
        return fields

    def _description(self, draft: Draft, *, dated: bool) -> object:
        due = f"Due: {draft.due}" if draft.due and not dated else ""
        if self._cloud:
            return _document("\n\n".join(filter(None, (body(draft), due))), draft.url)
        quoted = f"{{noformat}}\n{body(draft, '{noformat')}\n{{noformat}}"
        return "\n\n".join(filter(None, (quoted, due, draft.url)))

    def accepts(self) -> None:
        """Raises ApiError where an issue would be refused for its type or its fields."""
        path = f"{self._rest}/issue/createmeta/{quote(self.options.project, safe='')}/issuetypes"
        kinds = self._listed(path, "issueTypes")
        wanted = self.options.issue_type
        if (kind := one_of(kinds, wanted)) is None:
            there = names_of(kinds)
            raise self.api.refused(f"{self._about} has no type {wanted!r}; there are: {there}")
        fields = self._listed(f"{path}/{quote(text(kind.get('id')), safe='')}", "fields")
        if not any(each.get("fieldId") == "labels" for each in fields):
            raise self._no_labels()
        known = {*_OURS, "reporter", *self.options.fields}
        missing = [
            f"{text(each.get('fieldId'))} ({text(each.get('name'))})"
            for each in fields
            if each.get("required") is True
            and each.get("hasDefaultValue") is not True
            and each.get("fieldId") not in known
        ]
        if missing:
            raise self.api.refused(f"{wanted} needs more: name in `fields` {', '.join(missing)}")

    def _listed(self, path: str, name: str) -> list[Mapping[str, object]]:
        """The list at that path, which Data Center calls `values`."""
        answer = members(self.api.ask(f"{path}?maxResults=200", about=self._about))
        return elements(answer.get(name) or answer.get("values"))

    def _no_labels(self) -> ApiError:
        return self.api.refused(
            f"the key of a ticket is kept as a label: put Labels on the screen that makes a "
            f"{self.options.issue_type} in {self._about}"
        )

    def _ticket(self, issue: Mapping[str, object]) -> Ticket:
        key = text(issue.get("key"))
        if not key:
            raise self.api.unsure("an issue without a key")
        return Ticket("jira", key, f"{self.options.url.rstrip('/')}/browse/{quote(key)}")


def _wrong(error: ApiError) -> Mapping[str, object]:
    """What Jira says of single fields where it takes none of them."""
    if error.status != HTTPStatus.BAD_REQUEST:
        return {}
    return members(members(error.value).get("errors"))


def _quoted(value: str) -> str:
    """The value as a text of JQL."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _label(value: str) -> str:
    """A label has no blanks, and is not long."""
    return "-".join(value.split())[:_LONGEST_LABEL]


def _document(plain: str, url: str) -> dict[str, object]:
    """The text in Atlassian's document format, a paragraph for each, and the link."""
    paragraphs = [_paragraph(each) for each in plain.split("\n\n") if each.strip()]
    if url:
        link = {"type": "link", "attrs": {"href": url}}
        shown = {"type": "text", "text": url, "marks": [link]}
        paragraphs.append({"type": "paragraph", "content": [shown]})
    return {"type": "doc", "version": 1, "content": paragraphs}


def _paragraph(plain: str) -> dict[str, object]:
    content: list[dict[str, object]] = []
    for line in filter(None, plain.split("\n")):
        if content:
            content.append({"type": "hardBreak"})
        content.append({"type": "text", "text": line})
    return {"type": "paragraph", "content": content}
