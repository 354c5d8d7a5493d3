"""`watcher db upgrade`: the shape of the database."""

from pathlib import Path

from tests.cli.given import Desk


def test_a_new_database_gets_its_shape_once(at: Desk) -> None:
    """The second time there is nothing to do, which is no failure."""
    first, second = at.run("db", "upgrade"), at.run("db", "upgrade")
    with at.store() as store:
        present, wanted = store.revision()

    assert present == wanted
    assert (0, f"the database is at {wanted}\n") == (first.exit_code, first.output)
    assert (0, f"the database is at {wanted} already\n") == (second.exit_code, second.output)


def test_a_database_that_cannot_be_used_is_said_in_a_line(at: Desk, tmp_path: Path) -> None:
    """No stack trace for the operator."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data/watcher.db").write_text("this is a letter, not a database\n" * 100)
    result = at.run("db", "upgrade")

    assert (1, "watcher: SQLite cannot work now: file is not a database\n") == (
        result.exit_code,
        result.output,
    )


def test_a_broken_configuration_is_told_completely(at: Desk) -> None:
    """Every problem is a line; the last one says that nothing was done."""
    at.config.write_text("lisen: 1\nsources: many\n")
    result = at.run("db", "upgrade")

    assert 1 == result.exit_code
    assert [
        f"{at.config}:1: unknown key 'lisen'; did you mean 'listen'?",
        f"{at.config}:2: sources: should be a list",
        "watcher: the configuration cannot be used",
    ] == result.stderr.splitlines()
