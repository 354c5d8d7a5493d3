"""A stand-in for Redmine 5.0, with the silence of the real one about what it does not know."""

from collections.abc import Callable
from datetime import date
from typing import Any

from tests.peers import Answer
from tests.trackers.stand_in import Kept, Request, StandIn, said

KEY = "0123456789abcdef0123456789abcdef01234567"
KEY_FIELD = 7
TODAY = date(2026, 3, 14)


class RedmineServer(StandIn):
    """One project, `ops`, that the public may not see, with two trackers and two priorities."""

    makes = ("issues.json",)

    def __init__(self) -> None:
        super().__init__()
        self.members = {KEY: "watcher"}
        self.permissions = ["view_issues", "add_issues"]
        self.closed = False
        self.trackers = {4: "Task", 5: "Problem"}
        self.priorities = {2: "Normal", 3: "High"}
        self.filters = {"description"}
        self.custom_fields: dict[int, str] = {KEY_FIELD: "Watcher key"}
        self.fields_of_tracker = {4: {KEY_FIELD}, 5: {KEY_FIELD}}
        self.core_fields = {"description", "due_date"}
        self.errors: list[str] | None = None
        self.longest_subject = 255

    def filtered_by_key(self) -> None:
        """The custom field is used as a filter."""
        self.filters.add(f"cf_{KEY_FIELD}")

    def reply(self, request: Request) -> Answer:
        login = self.members.get(request.headers.get("x-redmine-api-key", ""))
        routes: dict[tuple[str, str], Callable[[Request], Answer]] = {
            ("GET", "/enumerations/issue_priorities.json"): self._priorities,
            ("GET", "/issues.json"): self._list if login else _nothing,
            ("POST", "/issues.json"): self._create if login else _unauthorized,
            ("GET", "/projects/ops.json"): self._project if login else _unauthorized,
            ("GET", "/roles/3.json"): self._role if login else _unauthorized,
            ("GET", "/users/current.json"): self._user if login else _unauthorized,
        }
        handle = routes.get((request.method, request.path), _unknown)
        return handle(request)

    def _user(self, request: Request) -> Answer:
        login = self.members[request.headers["x-redmine-api-key"]]
        user: dict[str, Any] = {"id": 5, "login": login, "admin": False}
        if request.query.get("include") == "memberships":
            elsewhere = {"project": {"id": 2}, "roles": [{"id": 4}]}
            user["memberships"] = [elsewhere, {"project": {"id": 1}, "roles": [{"id": 3}]}]
        return said(200, {"user": user})

    def _role(self, _request: Request) -> Answer:
        return said(200, {"role": {"id": 3, "permissions": self.permissions}})

    def _project(self, request: Request) -> Answer:
        project: dict[str, Any] = {"id": 1, "identifier": "ops", "status": 5 if self.closed else 1}
        include = request.query.get("include", "").split(",")
        if "trackers" in include:
            project["trackers"] = _named(self.trackers)
        return said(200, {"project": project})

    def _priorities(self, _request: Request) -> Answer:
        return said(200, {"issue_priorities": _named(self.priorities)})

    def _list(self, request: Request) -> Answer:
        query = request.query
        if query.get("project_id", "ops") != "ops":
            return said(404)
        found = [one for one in self.tickets if query.get("status_id") == "*" or not one.closed]
        for name in self.filters & set(query):
            wanted = query[name]
            found = [one for one in found if _fits(one, name, wanted)]
        found.sort(key=lambda one: one.number, reverse=query.get("sort") != "id")
        page = found[: min(100, int(query.get("limit", 25)))]
        issues = [self._issue(one) for one in page]
        return said(200, {"issues": issues, "total_count": len(found), "offset": 0, "limit": 100})

    def _create(self, request: Request) -> Answer:
        given = (request.body or {}).get("issue", {})
        if any("\x00" in str(each) for each in given.values()):
            return said(500)
        if self.errors is not None:
            return said(422, {"errors": self.errors})
        if errors := list(self._errors(given)):
            return said(422, {"errors": errors})
        tracker = int(given.get("tracker_id", 0))
        tracker = tracker if tracker in self.trackers else min(self.trackers)
        known = self.fields_of_tracker[tracker] & set(self.custom_fields)
        values = {one["id"]: one["value"] for one in given.get("custom_fields", [])}
        kept = self.keep(
            Kept(
                len(self.tickets) + 1,
                given["subject"],
                self._core(given, "description").replace("\n", "\r\n"),
                self._core(given, "due_date"),
                fields={
                    "custom_fields": {each: values.get(each, "") for each in known},
                    "tracker": tracker,
                    "priority": given.get("priority_id", ""),
                },
            )
        )
        return said(201, {"issue": self._issue(kept)})

    def _core(self, given: dict[str, Any], name: str) -> str:
        return str(given.get(name, "")) if name in self.core_fields else ""

    def _errors(self, given: dict[str, Any]) -> list[str]:
        if given.get("project_id") != "ops":
            return [f"{what} cannot be blank" for what in ("Project", "Tracker", "Status")]
        errors = []
        if not given.get("subject"):
            errors.append("Subject cannot be blank")
        if len(given.get("subject", "")) > self.longest_subject:
            errors.append("Subject is too long (maximum is 255 characters)")
        if "priority_id" in given and int(given["priority_id"]) not in self.priorities:
            errors.append("Priority is not included in the list")
        if self._core(given, "due_date") < given.get("start_date", TODAY.isoformat()) and (
            self._core(given, "due_date")
        ):
            errors.append("Due date must be greater than start date")
        return errors

    def _issue(self, kept: Kept) -> dict[str, Any]:
        custom = kept.fields.get("custom_fields", {})
        return {
            "id": kept.number,
            "subject": kept.title,
            "description": kept.text,
            "due_date": kept.due or None,
            "custom_fields": [
                {"id": number, "name": self.custom_fields[number], "value": value}
                for number, value in custom.items()
            ],
        }


def _fits(one: Kept, name: str, wanted: str) -> bool:
    if name == "description":
        assert wanted.startswith("~")
        return wanted[1:].lower() in one.text.lower()
    assert wanted[:1] not in {"~", "!", "*", "="}
    values: dict[int, str] = one.fields.get("custom_fields", {})
    return values.get(int(name[3:])) == wanted


def _named(things: dict[int, str]) -> list[dict[str, object]]:
    return [{"id": number, "name": name} for number, name in things.items()]


def _nothing(_request: Request) -> Answer:
    return said(200, {"issues": [], "total_count": 0, "offset": 0, "limit": 25})


def _unknown(_request: Request) -> Answer:
    return said(404)


def _unauthorized(_request: Request) -> Answer:
    return Answer(401, b"", {"WWW-Authenticate": 'Basic realm="Redmine API"'})
