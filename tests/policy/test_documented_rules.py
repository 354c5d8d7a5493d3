"""The rules that the documents show can be used as they stand."""

import re
from pathlib import Path

import pytest

from watcher.kit.shipped import shipped
from watcher.policy.problems import Problems
from watcher.policy.rules import load_policy

DOCS = Path(__file__).parents[2] / "docs"
SECTIONS = re.compile(r"^(grouping|flapping|rules|inhibit|maintenance|problems):", re.MULTILINE)


def shown() -> list[tuple[str, str]]:
    """Every YAML of whole sections in the documents, with its page."""
    return [
        (page.relative_to(DOCS).as_posix(), text)
        for page in sorted(DOCS.rglob("*.md"))
        for text in re.findall(r"```yaml\n(.*?)```", page.read_text(), re.DOTALL)
        if SECTIONS.search(text) and "watcher.yaml" not in text and page.stem != "configuration"
    ]


@pytest.mark.parametrize(("page", "text"), shown(), ids=lambda value: str(value)[:30])
def test_rules_in_the_documents_are_sound(tmp_path: Path, page: str, text: str) -> None:
    """Nothing is wrong with them, and their examples hold."""
    (tmp_path / "shown.yaml").write_text(text)
    problems = Problems()
    load_policy([shipped("rules"), tmp_path], (), (), problems)

    assert [] == [f"{page}: {problem}" for problem in problems]
