"""`watcher runbook render`, `run` and `test`: what an author tries, without a host and with one."""

import json
from hashlib import sha256
from pathlib import Path

import pytest
from typer.testing import Result

from tests.cli.given import Desk
from tests.conftest import StartSshd
from watcher.store.query import Query

BOOK = r"""
apiVersion: watcher/v1
kind: Runbook
id: app-disk
title: Disk of the app
owner: us
match: {any: [{source: zabbix, alert: "*space is low*"}]}
inputs:
  mount: {type: path, from: [alert.labels.mountpoint, 'alert.name =~ FS \[([^]]+)\]'], default: /}
steps:
  - id: df
    title: Disk space
    run: echo use=97 token=abcdefgh12345 {{ inputs.mount }}
    read: The figure.
    extract:
      - {name: use, regex: 'use=(\d+)', type: int}
    signals:
      - {id: full, level: bad, if: use >= 95, say: "{{ inputs.mount }} is {{ use }} % full"}
      - {id: room, level: good, if: use < 80, say: "{{ inputs.mount }} has room"}
  - {id: end, title: The end, run: exit 3, read: "Nothing."}
  - {id: stop, title: A pause, run: echo stopped, read: "Nothing.", effects: pause}
tests:
"""
FULL = """\
  - name: full
    alert: {name: "Linux: FS [/var]: Space is low", source: zabbix}
    fixtures: full
    expect: {matches: true, signals: [full], values: {df.use: 97}, inputs: {mount: /var}}
"""
ROOM = """\
  - name: room
    outputs: {df: "use=5"}
    expect: {signals: [room], says: [/ has room]}
"""
WRONG = r"""
  - name: all wrong
    alert: {name: Space is low, source: zabbix, labels: {mountpoint: $(reboot)}}
    outputs: {end: x}
    codes: {end: 3}
    renders: {df: df, end: "exit 4"}
    expect: {matches: false, signals: [full], values: {df.use: 3}, inputs: {mount: /},
             skipped: [end], says: [never]}
  - name: not mine
    alert: {name: other, source: grafana}
    expect: {matches: true}
"""


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """A runbook with two tests that hold."""
    path = tmp_path / "own" / "app-disk.yaml"
    fixtures = path.parent / "fixtures" / "app-disk" / "full"
    fixtures.mkdir(parents=True)
    path.write_text(BOOK + FULL + ROOM)
    (fixtures / "df.txt").write_text("use=97 token=*** /var\n")
    return path


@pytest.fixture
def lab(at: Desk, sshd: StartSshd) -> Desk:
    """A desk whose inventory has one host that lets us in."""
    server = sshd()
    profile = {
        "user": server.user,
        "key_file": str(server.client_key),
        "known_hosts": str(server.known_hosts_file()),
    }
    host = {"name": "db1", "address": server.address, "port": server.port, "ssh": "lab"}
    hosts = [
        {**host, "customer": "acme"},
        {"name": "web01", "customer": "acme"},
        {"name": "web01", "customer": "globex"},
    ]
    inventory = {"profiles": {"lab": profile}, "hosts": hosts}
    (at.folder / "inventory.yaml").write_text(json.dumps(inventory))
    return at


def ran(at: Desk, code: int, *words: str) -> Result:
    """What a command said, after it ended like this."""
    result = at.run("runbook", *words)
    assert code == result.exit_code, result.output + result.stderr
    return result


def test_a_runbook_is_tested_without_a_host(at: Desk, book: Path) -> None:
    """Recorded outputs are read and judged; -v shows what became of them."""
    result = ran(at, 0, "test", str(book))

    assert "2 tests hold, of 1 runbook.\n" == result.stdout
    shown = ran(at, 0, "test", str(book.parent), "-v").stdout
    assert "✓ full\n    df: ok\n      use = 97\n      bad: /var is 97 % full (full)\n" in shown


def test_every_difference_is_said(at: Desk, book: Path) -> None:
    """A test that does not hold fails the command and says what was expected and what came."""
    book.write_text(book.read_text() + WRONG)
    result = ran(at, 1, "test", str(book))

    refused = "input mount: the value from the alert is not a valid path"
    assert [line.strip() for line in result.stdout.splitlines()] == [
        "app-disk",
        "✗ all wrong",
        "match: should not apply to the alert, but clause 1 of any does",
        f"input mount: should be '/', but {refused}",
        "step df: should become 'df', but is not run at all",
        "step end: should become 'exit 4', but becomes 'exit 3'",
        "step end: should be left out, but is not",
        f"step df: should not be left out, but is: {refused}",
        "signal full: should fire, but does not",
        "value df.use: should be '3', but was not found",
        "nothing said 'never', but: nothing at all",
        "✗ not mine",
        "match: should apply to the alert, but does not: source: 'grafana' is not like 'zabbix'",
        "2 of 4 tests of 1 runbook fail.",
    ]


def test_what_tests_leave_open_is_said(at: Desk, book: Path) -> None:
    """A signal that never fires, a runbook without a test, and one without a healthy host."""
    book.write_text(BOOK + FULL)
    assert [
        "app-disk",
        "! no test in which this fires: room",
        "! no test of a host on which all is well: in each something is bad",
        "1 test holds, of 1 runbook.",
    ] == [line.strip() for line in ran(at, 0, "test", str(book)).stdout.splitlines()]
    book.write_text(BOOK.replace("tests:\n", "tests: []\n"))
    assert "! has no test" in ran(at, 0, "test", str(book)).stdout


def test_runbooks_are_found_by_file_folder_and_id(at: Desk, book: Path) -> None:
    """The shipped ones and those of the configuration have ids; all of them are the default."""
    at.config.write_text(at.config.read_text() + f"runbooks: {book.parent}\n")

    assert "of 1 runbook." in ran(at, 0, "test", "app-disk").stdout
    assert (
        "there is no runbook 'app-dsk'; did you mean 'app-disk'?"
        in ran(at, 1, "test", "app-dsk").stderr
    )
    book.write_text(book.read_text().replace("owner", "ownr"))
    for words in (["test", "app-disk"], ["test", str(book)]):
        result = ran(at, 1, *words)
        assert "app-disk.yaml:6: " in result.stderr
        assert "these runbooks cannot be used" in result.stderr
    at.config.write_text("listn: x\n")
    assert "the configuration cannot be used" in ran(at, 1, "test", "app-disk").stderr


def test_the_script_is_shown_before_anything_runs(at: Desk, book: Path, tmp_path: Path) -> None:
    """Values stand in variables, what is left out is said, and no host is needed."""
    alert = tmp_path / "alert.json"
    alert.write_text(json.dumps({"name": "FS [/srv/x]: low", "labels": {"mountpoint": ""}}))
    result = ran(at, 0, "render", str(book), "--alert", str(alert), "--host", "anything")

    assert "W_1=/srv/x; export W_1\n" in result.stdout
    assert 'echo use=97 token=abcdefgh12345 "${W_1}"\'' in result.stdout
    assert "step stop is left out: waits for approval" in result.stderr
    assert "echo stopped" in ran(at, 0, "render", str(book), "--approve").stdout
    assert "W_1=/opt;" in ran(at, 0, "render", str(book), "--input", "mount=/opt").stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--input", "mount"], "--input mount: write name=value"),
        (["--input", "mout=/"], "app-disk has no input 'mout'; did you mean 'mount'?"),
        (["--alert", "none.json"], "none.json"),
        (["--alert", "wrong.json"], "wrong.json:1: "),
    ],
)
def test_what_cannot_be_understood_is_said(
    at: Desk, book: Path, words: list[str], said: str
) -> None:
    """A mistake on the command line ends it, with what to write instead."""
    (at.folder / "wrong.json").write_text('{"nme": "x"}')
    where = [str(at.folder / word) if word.endswith(".json") else word for word in words]

    assert said in ran(at, 1, "render", str(book), *where).stderr


def test_a_runbook_whose_inputs_are_all_refused_renders_nothing(at: Desk, book: Path) -> None:
    """The reason is said instead of an empty script."""
    book.write_text(BOOK.replace("  - {id: end", "  # ").replace("  - {id: stop", "  # ") + ROOM)
    result = ran(at, 1, "render", str(book), "--input", "mount=;reboot")

    assert "step df is left out: input mount: the value given is not a valid path" in result.stderr
    assert "there is nothing to run" in result.stderr


def test_a_runbook_runs_for_real(lab: Desk, book: Path, tmp_path: Path) -> None:
    """It is shown as an incident shows it, and its outputs become fixtures, without secrets."""
    recorded = tmp_path / "recorded"
    result = ran(
        lab, 1, "run", str(book), "--host", "db1", "-v", "--record", str(recorded), "--approve"
    )

    lines = result.stdout.splitlines()
    assert lines[0] == (
        "Disk of the app on db1: 2 of 3 steps ran well. Wrong: / is 97 % full. Not seen: The end "
        "(exit code 3)."
    )
    assert lines[2:6] == [
        "✓ Disk space (df): ok",
        "  bad: / is 97 % full",
        "  use = 97",
        "    use=97 token=*** /",
    ]
    assert "✗ The end (end): failed, exit code 3" in lines
    assert (recorded / "df.txt").read_text() == "use=97 token=*** /\n"
    assert ["df.txt", "end.txt", "stop.txt"] == sorted(path.name for path in recorded.iterdir())
    assert "codes: {end: 3}" in result.stderr
    one = ran(lab, 0, "run", str(book), "--host", "db1", "--step", "stop", "--approve").stdout
    assert "1 line of output; -v shows" in one
    with lab.store() as store, store.view() as view:
        last, first = view.run_list(Query()).items
        ran_then = view.script(last.script, None)
    assert ("app-disk", "db1", "acme", None) == (
        last.runbook,
        last.host,
        last.customer,
        last.incident,
    )
    assert sha256((ran_then or "").encode()).hexdigest() == last.script
    assert first.inputs == {"mount": "/"}
    assert (first.outcome, first.by) == ("3 steps, tried out", last.approved_by)


def test_a_run_that_cannot_be_logged_is_shown_all_the_same(lab: Desk, book: Path) -> None:
    """Who runs it reads that it is not in the run log; without a run nobody opens the store."""
    waiting = ran(lab, 2, "run", str(book), "--host", "db1", "--step", "stop")
    assert "run log" not in waiting.stderr
    assert not (lab.folder / "data/watcher.db").exists()
    (lab.folder / "data/watcher.db").mkdir(parents=True)
    result = ran(lab, 0, "run", str(book), "--host", "db1", "--step", "stop", "--approve")

    assert "A pause (stop): ok" in result.stdout
    assert "This run is not in the run log: " in result.stderr


def test_nothing_seen_is_told_from_something_bad(lab: Desk, book: Path) -> None:
    """A run that saw nothing ends with 2."""
    waiting = ran(lab, 2, "run", str(book), "--host", "db1", "--step", "stop")

    assert "- A pause (stop): skipped, waits for approval" in waiting.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--host", "db2"], "the inventory has no host 'db2'; did you mean 'db1'?"),
        (["--host", "web01"], "more than one customer has a host 'web01'"),
        (["--host", "web01", "--customer", "acme"], "web01 has no address or no SSH profile"),
        (["--host", "db1", "--step", "dff"], "app-disk has no step 'dff'; did you mean 'df'?"),
    ],
)
def test_only_hosts_of_the_inventory_are_connected_to(
    lab: Desk, book: Path, words: list[str], said: str
) -> None:
    """Whoever types a name that is not there, or not enough of it, is told what there is."""
    assert said in ran(lab, 1, "run", str(book), *words).stderr


def test_a_profile_that_is_not_there_is_said(lab: Desk, book: Path) -> None:
    """The runbook may name another profile than the host does."""
    book.write_text(book.read_text().replace("owner: us", "owner: us\ntarget: {profile: root}"))

    assert "there is no SSH profile 'root'" in ran(lab, 1, "run", str(book), "--host", "db1").stderr


def test_a_folder_that_cannot_be_written_is_said(lab: Desk, book: Path) -> None:
    """What was recorded is not lost silently."""
    result = ran(lab, 1, "run", str(book), "--host", "db1", "--record", str(book))

    assert "cannot be written: File exists" in result.stderr


def test_runbooks_are_tried_on_a_host(lab: Desk, book: Path) -> None:
    """Each step's end is told; a failing step fails the command, what waits does not."""
    assert "✗ The end (end): failed" in ran(lab, 1, "test", str(book), "--host", "db1").stdout
    book.write_text(book.read_text().replace("exit 3", "exit 0"))
    assert "✓ The end (end): no_data" in ran(lab, 0, "test", str(book), "--host", "db1").stdout
