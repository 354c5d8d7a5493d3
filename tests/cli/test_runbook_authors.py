"""`watcher runbook lint, explain, new, coverage, schema`: what authors of runbooks see."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tests.cli.given import Desk
from tests.decide.given import T0
from tests.decide.test_lifecycle import alert
from watcher.cli import build
from watcher.kit.clock import Clock
from watcher.model.alert import Alert
from watcher.model.change import replace
from watcher.policy.runbooks.schema import schema
from watcher.store.store import Store

BAD = """\
apiVersion: watcher/v1
kind: Runbook
id: bad
title: Bad
owner: ops
match: {any: [{alert: nothing like it}]}
steps:
  - {id: a, title: A, run: less x}
"""
ALERT = {
    "name": "Linux: FS [/var]: Space is low (used > 80%)",
    "source": "zabbix",
    "host": "web01",
    "labels": {"fstype": "ext4"},
}


def bare(*words: str) -> Result:
    """What a command answers that asks for no configuration."""
    return CliRunner().invoke(build(["runbook"]), ["runbook", *words])


@pytest.fixture
def begun(at: Desk) -> Path:
    """The runbook that `new` writes, in a folder of one's own."""
    folder = at.folder / "own"
    answer = bare("new", "my-disk", "--folder", str(folder))
    assert (0, "") == (answer.exit_code, answer.stderr)
    return folder / "my-disk.yaml"


def test_a_new_runbook_passes_lint_and_test(at: Desk, begun: Path) -> None:
    """Nothing is left to mend, and its own tests hold."""
    linted = at.run("runbook", "lint", str(begun))
    tested = at.run("runbook", "test", str(begun))

    assert (0, "Nothing to mend in 1 runbook.\n") == (linted.exit_code, linted.stdout)
    assert (0, "3 tests hold, of 1 runbook.\n") == (tested.exit_code, tested.stdout)


def test_a_new_runbook_overwrites_nothing(begun: Path) -> None:
    """Nor does it take any name, or write where it cannot."""
    own = str(begun.parent)
    again = bare("new", "my-disk", "--folder", own)
    odd = bare("new", "My Disk", "--folder", own)
    nowhere = bare("new", "x", "--folder", str(begun))

    assert [1, 1, 1] == [each.exit_code for each in (again, odd, nowhere)]
    assert "is there already" in again.stderr
    assert "'My Disk' is no id" in odd.stderr
    assert "cannot be written" in nowhere.stderr


def test_lint_tells_findings_by_line_and_fails_on_errors(at: Desk, begun: Path) -> None:
    """A folder as a whole; a runbook that cannot be used is an error, what could be is told."""
    folder = begun.parent
    (folder / "bad.yaml").write_text(BAD)
    warned = at.run("runbook", "lint", str(folder))
    (folder / "bad.yaml").write_text(BAD.replace("less x", "rm x"))
    failed = at.run("runbook", "lint", str(folder), "--format", "json")

    assert 0 == warned.exit_code
    assert f"{folder}/bad.yaml:8: warning: R06 `less x` may wait for a reader" in warned.stdout
    assert "0 errors and 3 warnings in 2 runbooks." in warned.stdout
    (finding,) = json.loads(failed.stdout)
    assert (1, "R04", "error", 8) == (
        failed.exit_code,
        *(finding[key] for key in ("rule", "grade", "line")),
    )


def test_lint_of_all_runbooks_knows_them_by_name(at: Desk) -> None:
    """Those that are configured; a name that is none gets a suggestion."""
    known = at.run("runbook", "lint", "linux-base")
    unknown = at.run("runbook", "lint", "linux-bsae")
    at.config.unlink()
    nowhere = at.run("runbook", "lint", "linux-base")

    assert 0 == known.exit_code
    assert "there is no runbook 'linux-bsae'; did you mean 'linux-base'?" in unknown.stderr
    assert "the configuration cannot be used" in nowhere.stderr


def test_lint_speaks_sarif(at: Desk) -> None:
    """With rules, and with a place for each result; what is no YAML has one, too."""
    (at.folder / "bad.yaml").write_text("a: [\n")
    answer = at.run("runbook", "lint", str(at.folder / "bad.yaml"), "--format", "sarif")
    (run,) = json.loads(answer.stdout)["runs"]
    (result,) = run["results"]
    place = result["locations"][0]["physicalLocation"]

    assert (1, "R01", "error") == (answer.exit_code, result["ruleId"], result["level"])
    assert place["artifactLocation"]["uri"].endswith("bad.yaml")
    assert place["region"]["startLine"] >= 1
    assert "R15" in [rule["id"] for rule in run["tool"]["driver"]["rules"]]


def given_alert(at: Desk, **changes: object) -> str:
    """A file with an alert."""
    path = at.folder / "alert.yaml"
    path.write_text(json.dumps({**ALERT, **changes}))
    return str(path)


def test_explain_says_what_holds_and_what_does_not(at: Desk, begun: Path) -> None:
    """With the names of the alert, its host, and what the inputs are."""
    (begun.parent / "bad.yaml").write_text(BAD)
    answer = at.run("runbook", "explain", "--alert", given_alert(at), str(begun.parent))

    assert (0, "") == (answer.exit_code, answer.stderr)
    assert [
        "Linux: FS [/var]: Space is low (used > 80%)",
        "  also known as: Linux: FS [/var]: Space is low | FS [/var]: Space is low | Space is low",
        "  on web01 of the inventory: no tags",
        "✓ my-disk",
        "    any 1 holds",
        "    mount = /var",
        "✗ bad",
        "    any 1 does not hold: alert: 'Space is low' is not like 'nothing like it'",
    ] == [line.rstrip() for line in answer.stdout.splitlines()]


def test_explain_says_what_bars_a_runbook_and_what_an_input_lacks(at: Desk, begun: Path) -> None:
    """And that a host is not in the inventory, which is an error if it was asked for."""
    own = str(begun)
    barred = given_alert(at, labels={"fstype": "tmpfs"}, host="strange")
    answer = at.run("runbook", "explain", "--alert", barred, own)
    odd = given_alert(at, labels={"mountpoint": "../etc"})
    refused = at.run("runbook", "explain", "--alert", odd, own)
    missing = at.run("runbook", "explain", "--alert", odd, "--host", "web02", own)

    assert "none 1 holds, so it does not apply" in answer.stdout
    assert "strange is not in the inventory" in answer.stdout
    assert "is not a valid path; steps that use it are left out" in refused.stdout
    assert "the inventory has no host 'web02'; did you mean 'web01'?" in missing.stderr


def test_coverage_counts_alerts_without_a_runbook(at: Desk) -> None:
    """By the name without prefixes; also those that are only known from templates."""
    now = Clock().now()
    seen = [
        replace(alert(key=f"v1:{n}"), name=name, last_at=now, started_at=T0, count=n)
        for n, name in enumerate(["Odd: thing (1)", "thing", "High CPU utilization"], 1)
    ]
    old = replace(alert(key="v1:9"), name="old thing", last_at=now - timedelta(days=40))
    with at.store() as store:
        keep(store, [*seen, old])
    answer = at.run("runbook", "coverage", "--format", "json")
    text = at.run("runbook", "coverage")
    stock = at.run("runbook", "coverage", "--stock", "--format", "json")
    wrong = at.run("runbook", "coverage", "--since", "soon")

    found = json.loads(answer.stdout)
    assert (3, [("thing", 3, "thing")]) == (
        found["alerts"],
        [(each["name"], each["times"], each["example"]) for each in found["gaps"]],
    )
    assert "1 of 3 alerts have a runbook." in text.stdout
    assert "Runbooks without an alert: " in text.stdout
    assert json.loads(stock.stdout)["alerts"] > 200
    assert "--since: 'soon' is no duration" in wrong.stderr


def keep(store: Store, alerts: list[Alert]) -> None:
    """Stores alerts as if they had come."""
    with store.begin() as tx:
        tx.save_alerts(alerts)


def test_the_schema_is_printed() -> None:
    """For editors, as it is in the documents."""
    answer = bare("schema")

    assert schema() == json.loads(answer.stdout)
