"""`watcher article`: the knowledge base on the command line and in files."""

from pathlib import Path

import pytest
import yaml

from tests.cli.given import Desk
from tests.contract.given import incident
from tests.contract.test_store_articles import MEMORY, article, save
from tests.contract.test_store_problems import problem
from watcher.model.article import ArticleStatus
from watcher.model.incident import Status
from watcher.model.problem import ProblemStatus


@pytest.fixture
def full(at: Desk) -> Desk:
    """Three articles, an incident that is over, and a problem that is known."""
    with at.store() as store:
        save(
            store,
            article(1),
            article(2, MEMORY, customer=None),
            article(3, "Disk of globex", customer="globex", status=ArticleStatus.DRAFT),
        )
        with store.begin() as tx:
            for _ in range(3):
                tx.take_article_number()
            tx.save_incidents([incident(7, status=Status.RESOLVED), incident(8)])
            tx.save_problems([problem(3, status=ProblemStatus.KNOWN_ERROR)])
    return at


def test_articles_are_listed_and_searched(full: Desk) -> None:
    """All of them, those of one customer, and those that have the words."""
    everything = full.run("article", "list").output.splitlines()
    of_acme = full.run("article", "list", "--customer", "acme").output.splitlines()
    found = full.run("article", "list", "--search", "диска").output.splitlines()

    assert ["3      draft      globex       Disk of globex"] == everything[:1]
    assert (3, 2) == (len(everything), len(of_acme))
    assert ["(all)"] == [line.split()[2] for line in of_acme if line.startswith("2 ")]
    assert ["1"] == [line.split()[0] for line in found]


def test_an_article_is_printed_as_markdown(full: Desk) -> None:
    """With what is known of it at the top."""
    _, head, body = full.run("article", "show", "1").output.split("---\n")
    known = yaml.safe_load(head)

    assert "\n## Причина\n" == body
    assert ("acme", "billing", ["linux-base/full"], 1) == tuple(
        known[name] for name in ("customer", "service", "findings", "version")
    )


def test_a_draft_is_made_of_an_incident_or_a_problem(full: Desk) -> None:
    """And the address is printed where it is filled in."""
    of_incident = full.run("article", "draft", "--incident", "7", "--language", "ru")
    of_problem = full.run("article", "draft", "--problem", "3")

    assert "billing: down\nhttp://127.0.0.1:8080/articles/4/edit\n" == of_incident.output
    assert of_problem.output.endswith("/articles/5/edit\n")
    assert "## Симптомы" in full.run("article", "show", "4").output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("show", "9"), "there is no article 9"),
        (("draft",), "say of what: --incident or --problem"),
        (("draft", "--incident", "7", "--problem", "3"), "say of what: --incident or --problem"),
        (("draft", "--incident", "9"), "there is no incident 9"),
        (("draft", "--incident", "8"), "it is not over yet"),
        (("draft", "--problem", "9"), "there is no problem 9"),
        (("export", "/proc/nowhere"), "cannot write there"),
    ],
)
def test_what_cannot_be_is_refused_in_words(full: Desk, words: tuple[str, ...], said: str) -> None:
    """On standard error."""
    answer = full.run("article", *words)

    assert 1 == answer.exit_code
    assert said in answer.stderr


def test_what_is_published_is_exported(full: Desk, tmp_path: Path) -> None:
    """One file for each article, named so that any system takes it; a title leads nowhere else."""
    with full.store() as store:
        save(store, article(9, "../../etc/passwd: плохо"))
    folder = tmp_path / "new" / "kb"
    answer = full.run("article", "export", str(folder))
    files = sorted(each.name for each in folder.iterdir())

    assert f"3 articles are in {folder}\n" == answer.output
    assert [
        "1-диски-заканчиваются-на-серверах-postgresql.md",
        "2-highmemoryusage-the-jvm-keeps-failing-and-restarts.md",
        "9-etc-passwd-плохо.md",
    ] == files
    assert "## Причина" in (folder / files[0]).read_text(encoding="utf-8")
