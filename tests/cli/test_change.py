"""`watcher change`: people tell of changes, and see what is known of them."""

import getpass

import pytest

from tests.cli.given import Desk
from watcher.store.query import Query

DISKS = ("change", "add", " Larger\n disks ", "--customer", "acme", "--at", "2026-03-01 02:00")


def test_a_change_is_told_and_listed(at: Desk) -> None:
    """By the names of the catalogue and the inventory, with who told of it."""
    told = at.run(
        *DISKS, "--service", "SHOP", "--host", "10.0.0.7", "--until", "2026-03-01 02:30",
        "--environment", "production", "--revision", "7", "--url", "https://wiki.example/7",
    )  # fmt: skip
    listed = at.run("change", "list", "service=shop")
    with at.store() as store, store.view() as view:
        [change] = view.change_list(Query()).items

    assert (0, "") == (told.exit_code, told.stderr)
    assert told.output == listed.output
    assert [
        "1",
        "2026-03-01",
        "02:00",
        "UTC",
        "succeeded",
        "shop,",
        "web01",
        "Larger",
        "disks",
    ] == (listed.output.split()[:9])
    assert listed.output.endswith(f"(by hand, {getpass.getuser()})\n")
    assert ("production", "7", "https://wiki.example/7") == (
        change.environment,
        change.revision,
        change.url,
    )
    assert change.ended_at is not None
    assert 1800 == (change.ended_at - change.at).total_seconds()


def test_a_change_of_what_nobody_described_is_kept_and_noted(at: Desk) -> None:
    """Perhaps a slip of the pen, perhaps a gap in the catalogue. Without a time it is now."""
    told = at.run("change", "add", "New cable", "--service", "wires", "--customer", "acme")

    assert 0 == told.exit_code
    assert "neither catalogue nor inventory has wires" in told.stderr
    assert "wires" in at.run("change", "list").output


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ((), "say what was changed, and the --service or --host that it is of"),
        (("--service", "shop", "--until", "2026-03-01 01:00"), "it cannot be over before it began"),
        (("--service", "shop", "--url", "javascript:x"), "--url should begin with http://"),
        (("--service", "shop", "--customer", "initech"), "there is no customer 'initech'"),
    ],
)
def test_what_cannot_be_is_refused(at: Desk, words: tuple[str, ...], complaint: str) -> None:
    """With what to do instead; nothing is stored."""
    refused = at.run(*DISKS, *words)

    assert (1, True) == (refused.exit_code, complaint in refused.output)
    assert not at.run("change", "list").output


@pytest.mark.parametrize("match", ["service", "colour=red"])
def test_a_wrong_matcher_is_explained(at: Desk, match: str) -> None:
    """As everywhere."""
    refused = at.run("change", "list", match)

    assert 1 == refused.exit_code
    assert refused.output.startswith("watcher: ")
