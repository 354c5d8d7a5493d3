"""Runbook files: what they become, and what is said of one that is wrong."""

from hashlib import sha256
from pathlib import Path

import pytest

from watcher.kit.shipped import shipped
from watcher.model.policy import RunbookMatch, RunbookTrigger
from watcher.model.runbook import Input, InputType, Runbook, Step
from watcher.policy.problems import Problems
from watcher.policy.runbooks import load_runbooks, triggers

GOOD = """\
apiVersion: watcher/v1
kind: Runbook
id: disk-full
title: Disk full
owner: operations
summary: What fills it.
match:
  any:
    - source: zabbix
      alert: ["*space is low*", "*inodes*"]
    - host:
        tags: {os: [linux, freebsd], tier: db}
policy:
  timeout: 2m
  max_output: 64k
inputs:
  mount:
    type: path
    from: [alert.labels.mountpoint, alert.labels.filesystem]
    default: /
  kind:
    type: enum
    from: alert.labels.kind
    values: [bytes, inodes]
    pattern: "[a-z]+"
steps:
  - id: df
    title: Free space
    run: df -P {{ inputs.mount }}
    read: Anything at 95 % or more.
    timeout: 1500ms
    needs: df
    ok_exit: [0, 1]
    output: {head: 1k, tail: 800}
  - id: kind
    title: What is scarce
    run: echo {{ inputs.kind }}
"""


def folder_with(folder: Path, **texts: str) -> Path:
    """A folder of runbook files, by the names of the files with `_` for `-`."""
    folder.mkdir(exist_ok=True)
    for name, text in texts.items():
        (folder / f"{name.replace('_', '-')}.yaml").write_text(text)
    return folder


def complaints(folder: Path, **texts: str) -> list[str]:
    """Every complaint about these files, without the folder."""
    problems = Problems()
    load_runbooks([folder_with(folder, **texts)], problems)
    return [str(problem).replace(f"{folder}/", "") for problem in problems]


def test_a_runbook_file_becomes_a_runbook(tmp_path: Path) -> None:
    """Every key of the language has its place in the model."""
    problems = Problems()
    found = load_runbooks([folder_with(tmp_path, disk_full=GOOD)], problems)

    assert list(problems) == []
    match = (
        RunbookMatch(sources=("zabbix",), alerts=("*space is low*", "*inodes*")),
        RunbookMatch(host_tags={"os": ("linux", "freebsd"), "tier": ("db",)}),
    )
    assert found == {
        "disk-full": Runbook(
            id="disk-full",
            title="Disk full",
            owner="operations",
            summary="What fills it.",
            match=match,
            timeout=120.0,
            max_output=65_536,
            inputs=(
                Input(
                    "mount",
                    InputType.PATH,
                    ("alert.labels.mountpoint", "alert.labels.filesystem"),
                    "/",
                ),
                Input(
                    "kind",
                    InputType.ENUM,
                    ("alert.labels.kind",),
                    values=("bytes", "inodes"),
                    pattern="[a-z]+",
                ),
            ),
            steps=(
                Step(
                    "df",
                    "Free space",
                    "df -P {{ inputs.mount }}",
                    "Anything at 95 % or more.",
                    1.5,
                    ("df",),
                    (0, 1),
                    1024,
                    800,
                ),
                Step("kind", "What is scarce", "echo {{ inputs.kind }}"),
            ),
            origin=str(tmp_path / "disk-full.yaml"),
            digest=sha256(GOOD.encode()).hexdigest(),
        )
    }
    assert triggers(found.values()) == (RunbookTrigger("disk-full", match),)


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("    timeout: 1500ms", "    timout: 1s", "31: unknown key 'timout' in steps.0; "),
        ("    timeout: 1500ms", "    timeout: 10", "31: steps.0.timeout: 10 is no duration"),
        ("    timeout: 1500ms", "    timeout: 1:30", "31: steps.0.timeout: '1:30' is no duration"),
        (
            "    timeout: 1500ms",
            "    timeout: 0s",
            "31: steps.0.timeout: should be more than nothing",
        ),
        ("  max_output: 64k", "  max_output: 64 kB", "15: policy.max_output: '64 kB' is no size"),
        ("  max_output: 64k", "  on: opened", "15: policy.on: is no key here"),
        ("owner: operations\n", "", "1: 'owner' is missing"),
        ("id: disk-full", "id: disk-empty", "3: should be 'disk-full', the name of its file"),
        ("id: disk-full", "id: Disk Full", "3: id: String should match pattern"),
        ("  - id: kind", "  - id: df", "35: there is more than one step 'df'"),
        ("inputs.kind }}", "inputs.knd }}", "37: there is no input 'knd'"),
        ("inputs.kind }}", "inputs.kind }", "37: the template fails: unexpected '}'"),
        (
            "run: echo {{ inputs.kind }}",
            "run: eval {{ inputs.kind }}",
            "37: R03 `eval ${W_kind}` makes a",
        ),
        ("run: echo {{ inputs.kind }}", "run: ''", "37: steps.1.run: should not be empty"),
        (
            "    default: /",
            "    default: ../etc",
            "20: '../etc' is not allowed by the input itself",
        ),
        ("    values: [bytes, inodes]\n", "", "21: values belong to an input of the type enum"),
        ("    from: alert.labels.kind\n", "", "21: has neither `from` nor `default`"),
        ('pattern: "[a-z]+"', 'pattern: "[a-z"', "25: inputs.kind.pattern: is no regular"),
        ("type: path", "type: pth", "18: inputs.mount.type: should be 'hostname'"),
        ("tags: {os: [linux, freebsd], tier: db}", "tags: {}", "12: match.any.1.host.tags: "),
        ("    needs: df", "    needs: df -P", "32: steps.0.needs.0: String should match pattern"),
        ("apiVersion: watcher/v1", "apiVersion: v2", "1: apiVersion: should be 'watcher/v1'"),
        ("  kind:\n    type", "  Kind:\n    type", "21: inputs.Kind.[key]: String should match"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(
    tmp_path: Path, old: str, new: str, complaint: str
) -> None:
    """Each mistake is reported where it stands, in words for the author."""
    assert old in GOOD
    found = complaints(tmp_path, disk_full=GOOD.replace(old, new))

    assert [one for one in found if one.startswith(f"disk-full.yaml:{complaint}")], found


@pytest.mark.parametrize(
    ("match", "complaint"),
    [
        ("  any: []", "8: match.any: "),
        ("  any:\n    - {}", "9: a clause that says nothing applies to nothing"),
        ("  any:\n    - alret: x", "9: unknown key 'alret' in match.any.0; did you mean 'alert'?"),
    ],
)
def test_a_match_that_matches_nothing_is_a_mistake(
    tmp_path: Path, match: str, complaint: str
) -> None:
    """An empty clause would apply to everything or nothing, so it is refused."""
    head, _, rest = GOOD.partition("  any:\n")
    text = f"{head}{match}\npolicy:{rest.partition('policy:')[2]}"

    assert complaints(tmp_path, disk_full=text)[0].startswith(f"disk-full.yaml:{complaint}")


def test_a_sound_file_beside_a_bad_one_is_used(tmp_path: Path) -> None:
    """One author's mistake takes nothing from the others; all mistakes are told at once."""
    bad = GOOD.replace("id: disk-full", "id: bad").replace("    timeout:", "    timout:")
    problems = Problems()
    folder = folder_with(tmp_path, disk_full=GOOD, bad=bad, broken="a: [\n")

    assert ["disk-full"] == list(load_runbooks([folder], problems))
    assert ["bad.yaml", "broken.yaml"] == [Path(one.file).name for one in problems]


def test_a_later_folder_replaces_a_namesake(tmp_path: Path) -> None:
    """An installation's own version of a shipped runbook wins."""
    ours = GOOD.replace("title: Disk full", "title: Ours")
    folders = [
        folder_with(tmp_path / "shipped", disk_full=GOOD),
        folder_with(tmp_path / "own", disk_full=ours),
    ]

    assert load_runbooks(folders, Problems())["disk-full"].title == "Ours"


def test_a_folder_that_is_not_there_is_a_problem(tmp_path: Path) -> None:
    """A wrong path in the configuration is said."""
    problems = Problems()

    assert load_runbooks([tmp_path / "none"], problems) == {}
    assert [str(one) for one in problems] == [
        f"{tmp_path}/none: there is no such folder of runbooks"
    ]


def test_what_is_proven_is_not_proven_again(tmp_path: Path) -> None:
    """Neither the rules about runbooks nor those about safety are asked; the schema still is."""
    problems = Problems()
    unknown = GOOD.replace("inputs.mount", "inputs.mont")
    folder = folder_with(tmp_path / "a", disk_full=unknown)
    broken = folder_with(tmp_path / "b", disk_free="apiVersion: watcher/v0")

    assert unknown != GOOD
    assert ["disk-full"] == list(load_runbooks([folder, broken], problems, [folder, broken]))
    assert {"disk-free.yaml"} == {Path(problem.file).name for problem in problems}
    assert [] == list(load_runbooks([folder], Problems()))


def test_the_shipped_runbooks_are_sound() -> None:
    """What comes with Watcher has no complaint, and tells for each step what to read there."""
    problems = Problems()
    found = load_runbooks([shipped("runbooks")], problems)

    assert list(problems) == []
    assert "linux-base" in found
    unread = [
        f"{book.id}/{one.id}" for book in found.values() for one in book.steps if not one.read
    ]
    assert unread == []


def test_a_folder_that_was_not_shipped_is_an_error() -> None:
    """An incomplete installation says what it lacks."""
    with pytest.raises(FileNotFoundError, match="without its folder 'nothing'"):
        shipped("nothing")


def test_the_runbook_of_the_how_to_is_sound(tmp_path: Path) -> None:
    """What an author copies from the documentation works."""
    how_to = Path(__file__).resolve().parents[3] / "docs" / "how-to" / "write-a-runbook.md"
    blocks = [block.partition("```")[0] for block in how_to.read_text().split("```yaml\n")[1:]]
    (example,) = (block for block in blocks if block.startswith("apiVersion"))

    assert complaints(tmp_path, disk_full=example) == []
