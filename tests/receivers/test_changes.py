"""Which service a change is of, and what is wrong with a map or a body."""

import re
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from watcher.kit.plugins import adapter
from watcher.model.deployment import Deployment
from watcher.receivers.base import Context, Unparsable

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def read(kind: str, body: object, **given: object) -> list[Deployment]:
    """The changes in a body."""
    receiver = adapter("watcher.receivers", kind)
    context = Context("src", NOW, receiver.options(given))
    return list(receiver.parse(orjson.dumps(body), context).deployments)


def change(**said: Any) -> list[tuple[str | None, str | None, str]]:
    """Of what a plain change is, with these rules."""
    rules = said.pop("map", [])
    found = read("change", {"what": "x", **said}, map=rules)
    return [(each.service, each.host, each.environment) for each in found]


def test_the_first_rule_that_matches_says_of_what_a_change_is() -> None:
    """Else it is of the service that is named, or called like the project."""
    rules = [
        {"project": "docs*", "ignore": True},
        {"project": "shop/*", "environment": "prod*", "service": "shop"},
        {"environment": "dr", "host": "spare1"},
    ]

    assert [] == change(map=rules, project="docs/api")
    assert [("shop", None, "prod-eu")] == change(map=rules, project="shop/a/b", env="prod-eu")
    assert [(None, "spare1", "dr")] == change(map=rules, project="shop/a", env="dr")
    assert [("a", None, "test")] == change(map=rules, project="shop/a", env="test")
    assert [("billing", None, "")] == change(map=rules, project="shop/a", service="billing")
    assert [(None, "db1", "")] == change(map=rules, project="shop/a", host="db1")
    assert [(None, None, "")] == change(map=rules)


def test_a_rule_of_builds_may_name_the_environment() -> None:
    """TeamCity does not know of environments."""
    body = {"eventType": "BUILD_STARTED", "payload": {"id": 1, "buildTypeId": "Shop_Deploy"}}
    rule = {"build_type": "*_Deploy", "service": "shop", "environment": "production"}

    [found] = read("teamcity", body, map=[rule])

    assert ("shop", "production") == (found.service, found.environment)


@pytest.mark.parametrize(
    ("kind", "given", "complaint"),
    [
        ("change", {"map": "x"}, "map must be a list of rules"),
        ("change", {"map": ["x"]}, "map[0] must be a rule such as {project: …, service: …}"),
        ("gitlab", {"map": [{"colour": "x"}]}, "map[0]: unknown colour; there are: project, "),
        ("gitlab", {"map": [{"project": "x"}]}, "map[0] says neither service nor host"),
        ("gitlab", {"map": [{"project": 7, "service": "x"}]}, "map[0] has texts"),
        ("gitlab", {"map": [{"ignore": "yes"}]}, "map[0] has texts, and `ignore` which is true"),
        ("gitlab", {"trials": "staging"}, "trials must be a list of names"),
        ("teamcity", {"mapped_only": "yes"}, "mapped_only must be true or false"),
        ("change", {"statuses": {"x": "y"}}, "statuses: 'x' must be one of: running"),
    ],
)
def test_a_wrong_option_is_named(kind: str, given: dict[str, object], complaint: str) -> None:
    """So that `watcher check` can say what to mend."""
    with pytest.raises(ValueError, match=re.escape(complaint)):
        adapter("watcher.receivers", kind).options(given)


@pytest.mark.parametrize(
    ("kind", "body", "reason"),
    [
        ("gitlab", {}, "object_kind is missing: this is no body of a GitLab webhook"),
        ("gitlab", {"object_kind": "deployment", "status": "running"}, "deployment_id is missing"),
        (
            "gitlab",
            {"object_kind": "deployment", "status": "running", "project": []},
            "project is a list, not an object",
        ),
        ("gitlab", {"object_kind": "pipeline", "builds": [7]}, "builds[0] is a number"),
        ("teamcity", {}, "eventType is missing: this is no body of a TeamCity webhook"),
        ("teamcity", {"eventType": "BUILD_STARTED"}, "payload is nothing, not an object"),
        (
            "teamcity",
            {"eventType": "BUILD_STARTED", "payload": {"id": 1}},
            "payload.id or payload.buildTypeId is missing: leave them among the fields",
        ),
        ("change", {"what": "x", "status": "purple"}, "status is 'purple', none of running"),
        ("change", [7], "body[0] is a number, not an object"),
    ],
)
def test_the_reason_names_what_is_wrong(kind: str, body: object, reason: str) -> None:
    """Whoever reads the dead letter learns what to mend."""
    with pytest.raises(Unparsable) as caught:
        read(kind, body)

    assert reason in caught.value.reason


def test_the_same_news_without_a_key_is_one_change_at_one_time() -> None:
    """Whatever came of it; at another time it is another."""
    said = {"what": "Patch day", "host": "web1", "at": "2026-11-22T10:00:00Z"}

    [running] = read("change", {**said, "status": "running"})
    [over] = read("change", {**said, "status": "done", "ended_at": "2026-11-22T10:30:00Z"})
    [later] = read("change", {**said, "at": "2026-11-22T11:00:00Z"})

    assert running.key == over.key != later.key
