"""`watcher incident review`: the post-incident review as a file."""

from pathlib import Path

from tests.cli.given import Desk


def test_a_review_is_printed_as_markdown(at: Desk) -> None:
    """In the language that is asked for."""
    at.run("incident", "open", "The shop is slow", "--customer", "acme")
    english = at.run("incident", "review", "1")
    russian = at.run("incident", "review", "1", "--lang", "ru")

    assert 0 == english.exit_code
    assert english.output.startswith("# Post-incident review \\#1: The shop is slow\n")
    assert "## Пять «почему»" in russian.output


def test_a_review_is_written_as_pdf(at: Desk, tmp_path: Path) -> None:
    """Into a file; one that cannot be written is told of."""
    at.run("incident", "open", "Магазин стоит", "--customer", "acme")
    out = tmp_path / "review.pdf"
    wanted = ("incident", "review", "1", "--format", "pdf", "--out")
    written = at.run(*wanted, str(out))
    failed = at.run(*wanted, str(tmp_path / "no" / "review.pdf"))
    piped = at.run(*wanted[:-1])

    assert (0, "") == (written.exit_code, written.output)
    assert out.read_bytes().startswith(b"%PDF-1.")
    assert piped.stdout_bytes.startswith(b"%PDF-1.")
    assert 1 == failed.exit_code
    assert "cannot be written: No such file or directory" in failed.stderr


def test_there_is_no_review_without_an_incident(at: Desk) -> None:
    """The command says so."""
    result = at.run("incident", "review", "7")

    assert (1, "watcher: there is no incident 7\n") == (result.exit_code, result.stderr)
