"""What people and machines hear of rules that cannot be used."""

from dataclasses import replace
from pathlib import Path

import pytest
from markupsafe import escape

from tests.web.seed import POLICY
from tests.web.world import World
from watcher.engine.reload import InForce
from watcher.model.incident import Priority
from watcher.model.person import Role
from watcher.policy.problems import Problem, Problems

TOLD = "The rules have changed and cannot be used; the old ones stay in force"


@pytest.fixture(autouse=True)
def broken(world: World, tmp_path: Path) -> None:
    """The newest rules have two errors."""

    def load(problems: Problems) -> None:
        problems.add(Problem("own/<b>.yaml", 3, "unknown key 'wen'"))
        problems.add(Problem("own/c.yaml", 1, "this is not YAML"))

    rules = InForce(POLICY, (tmp_path,), load)
    rules.ask()
    rules.step()
    world.rules.problems = rules.problems


@pytest.mark.parametrize(
    ("role", "customer", "more"),
    [
        (Role.ADMINISTRATOR, None, ": own/<b>.yaml:3: unknown key 'wen' (and 1 more)"),
        (Role.OPERATOR, None, ": own/<b>.yaml:3: unknown key 'wen' (and 1 more)"),
        (Role.OPERATOR, "acme", "."),
        (Role.VIEWER, None, "."),
    ],
)
def test_every_page_says_that_old_rules_are_in_force(
    world: World, role: Role, customer: str | None, more: str
) -> None:
    """Everybody should know; what stands in files is told only to operators of the whole."""
    page = world.person(role, customer).get("/incidents").text

    assert escape(f"{TOLD}{more}") in page
    assert ("own/" in page) is (more != ".")


def test_metrics_say_that_old_rules_are_in_force(world: World) -> None:
    """An alert can be put on it."""
    lines = world.program(Role.VIEWER).get("/metrics").text.splitlines()

    assert "watcher_rules_loaded 0.0" in lines
    assert "watcher_rules_last_reload_success 0.0" in lines


def test_broken_rules_keep_nothing_from_being_ready(world: World) -> None:
    """Decisions go on falling under the old ones, so that no traffic has to go elsewhere."""
    checks = world.client().get("/readyz").json()["checks"]

    assert {"store", "schema", "worker"} == set(checks)


def test_commands_fall_under_the_rules_in_force(world: World) -> None:
    """What people do next goes by the new rules, without a restart."""
    report = {"title": "Nobody can print", "customer": "acme", "service": "billing"}
    program = world.program()
    before = program.post("/api/v1/incidents", json=report).json()["priority"]
    everything = dict.fromkeys(POLICY.priority.matrix, Priority.P5)
    world.rules.policy = replace(POLICY, priority=replace(POLICY.priority, matrix=everything))
    after = program.post("/api/v1/incidents", json=report).json()["priority"]

    assert ("P2", "P5") == (before, after)
