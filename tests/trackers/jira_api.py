"""A stand-in for Jira: version 3 of its API in the cloud, which finds late, or 2 of Data Center."""

import re
from base64 import b64encode
from typing import Any

from tests.peers import Answer
from tests.trackers.stand_in import Kept, Request, StandIn, said

EMAIL = "watcher@example.com"
TOKEN = "jira-api-token-0123456789"
PROOF = b64encode(f"{EMAIL}:{TOKEN}".encode()).decode()
_JQL = re.compile(
    r'project = "(?P<project>(?:[^"\\]|\\.)*)"'
    r'(?: AND labels = "(?P<label>[\w-]+)")? ORDER BY key (?P<order>ASC|DESC)'
)
_NO_SCREEN = "cannot be set. It is not on the appropriate screen, or unknown."


class JiraServer(StandIn):
    """One project, OPS, with the type Task. What is not `indexed` no search of the cloud finds."""

    makes = ("issue",)

    def __init__(self, *, cloud: bool = True) -> None:
        super().__init__()
        self.cloud = cloud
        self.indexes = not cloud
        self.indexed: set[int] = set()
        self.screen = {"project", "issuetype", "summary", "description", "labels", "duedate"}
        self.required: dict[str, str] = {}
        self.bulk = 200
        self._version = "3" if cloud else "2"

    def keep(self, ticket: Kept) -> Kept:
        if self.indexes:
            self.indexed.add(ticket.number)
        return super().keep(ticket)

    def index(self) -> None:
        """Time has passed: the search knows everything."""
        self.indexed = {one.number for one in self.tickets}

    def reply(self, request: Request) -> Answer:
        proof = f"Basic {PROOF}" if self.cloud else f"Bearer {TOKEN}"
        if request.headers.get("authorization") != proof:
            return Answer(401, b"Client must be authenticated to access this resource.")
        answer = said(404, {"errorMessages": ["null for uri"], "errors": {}})
        match request.method, request.parts:
            case ["GET", ["rest", "api", self._version, "myself"]]:
                answer = said(200, {"displayName": "Watcher", "accountId": "5b10"})
            case ["POST", ["rest", "api", "3", "search", "jql"]] if self.cloud:
                answer = self._search(request, {"jql", "fields", "maxResults"})
            case ["POST", ["rest", "api", "2", "search"]] if not self.cloud:
                answer = self._search(request, {"jql", "fields", "maxResults"})
            case ["POST", ["rest", "api", "3", "issue", "bulkfetch"]] if self.cloud:
                answer = self._fetch(request)
            case ["POST", ["rest", "api", self._version, "issue"]]:
                answer = self._create(request.body["fields"])
            case ["GET", ["rest", "api", self._version, "issue", "createmeta", key, *rest]]:
                answer = self._meta(key, rest)
        return answer

    def _search(self, request: Request, known: set[str]) -> Answer:
        parsed = _JQL.fullmatch(request.body["jql"])
        if parsed is None or set(request.body) - known:
            return said(400, {"errorMessages": ["Error in the JQL Query"], "errors": {}})
        if parsed["project"] != "OPS":
            text = f"The value '{parsed['project']}' does not exist for the field 'project'."
            return said(400, {"errorMessages": [text], "errors": {}})
        found = [
            one
            for one in self.tickets
            if one.number in self.indexed
            and (not parsed["label"] or parsed["label"].lower() in map(str.lower, one.labels))
        ]
        found.sort(key=lambda one: one.number, reverse=parsed["order"] == "DESC")
        page = [self._issue(one, request) for one in found[: request.body["maxResults"]]]
        return said(200, {"issues": page, "isLast": True})

    def _fetch(self, request: Request) -> Answer:
        if self.bulk != 200:
            return said(self.bulk, {"errorMessages": ["not to be fetched"], "errors": {}})
        wanted = request.body["issueIdsOrKeys"]
        if not 0 < len(wanted) <= 100:
            return said(400, {"errorMessages": ["too many"], "errors": {}})
        there = [one for one in self.tickets if f"OPS-{one.number}" in wanted]
        return said(
            200, {"issues": [self._issue(one, request) for one in there], "issueErrors": []}
        )

    def _issue(self, one: Kept, request: Request) -> dict[str, Any]:
        known = {"labels": one.labels, "summary": one.title}
        fields = {name: known[name] for name in request.body.get("fields", [])}
        return {"id": str(10_000 + one.number), "key": f"OPS-{one.number}", "fields": fields}

    def _create(self, fields: dict[str, Any]) -> Answer:
        errors = self._errors(fields)
        if errors:
            return said(400, {"errorMessages": [], "errors": errors})
        kept = self.keep(
            Kept(
                len(self.tickets) + 1,
                fields["summary"],
                _rendered(fields["description"]) if self.cloud else fields["description"],
                fields.get("duedate", ""),
                list(fields["labels"]),
                fields,
            )
        )
        return said(201, {"id": str(10_000 + kept.number), "key": f"OPS-{kept.number}"})

    def _errors(self, fields: dict[str, Any]) -> dict[str, str]:
        errors = {
            name: f"Field '{name}' {_NO_SCREEN}"
            for name in fields
            if name not in self.screen | set(self.required)
        }
        errors |= {
            name: f"{text} is required."
            for name, text in self.required.items()
            if name not in fields
        }
        if fields["project"] != {"key": "OPS"}:
            errors["project"] = "valid project is required"
        if fields["issuetype"] not in ({"name": "Task"}, {"id": "3"}):
            errors["issuetype"] = "Specify a valid issue type"
        summary = fields["summary"]
        if not summary or "\n" in summary or len(summary) > 255:
            errors["summary"] = "Summary must be one line of less than 255 characters."
        if not _fits(fields["description"], cloud=self.cloud):
            errors["description"] = "Operation value must be an Atlassian Document"
        if any(" " in label or len(label) > 255 for label in fields["labels"]):
            errors.setdefault("labels", "The label contains spaces which is invalid.")
        return errors

    def _meta(self, key: str, rest: list[str]) -> Answer:
        if key != "OPS":
            return said(404, {"errorMessages": ["No project could be found"], "errors": {}})
        if rest == ["issuetypes"]:
            return said(200, {self._named("issueTypes"): [{"id": "3", "name": "Task"}]})
        fields = [
            {
                "fieldId": name,
                "name": name.title(),
                "required": name in ("summary", "project"),
                "hasDefaultValue": False,
            }
            for name in sorted(self.screen)
        ]
        fields += [
            {"fieldId": name, "name": text, "required": True, "hasDefaultValue": False}
            for name, text in self.required.items()
        ]
        fields.append({"fieldId": "priority", "required": True, "hasDefaultValue": True})
        return said(200, {self._named("fields"): fields})

    def _named(self, name: str) -> str:
        return name if self.cloud else "values"


def _fits(description: Any, *, cloud: bool) -> bool:
    if not cloud:
        return isinstance(description, str) and len(description) <= 32_767
    return (
        isinstance(description, dict)
        and set(description) == {"type", "version", "content"}
        and (description["type"], description["version"]) == ("doc", 1)
        and all(_paragraph_fits(one) for one in description["content"])
        and len(_rendered(description)) <= 32_767
    )


def _paragraph_fits(node: Any) -> bool:
    return (
        node["type"] == "paragraph"
        and bool(node["content"])
        and all(
            one == {"type": "hardBreak"}
            or (one["type"] == "text" and one["text"] and "\n" not in one["text"])
            for one in node["content"]
        )
    )


def _rendered(document: Any) -> str:
    """The document as people read it."""
    paragraphs = (
        "".join(one.get("text", "\n") for one in node["content"]) for node in document["content"]
    )
    return "\n\n".join(paragraphs)
