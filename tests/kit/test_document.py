"""Documents as Markdown and PDF: whatever a text holds, it is text."""

import subprocess
import sys
from html import escape

import pytest

from watcher.kit.document import Document, Heading, Points, Prose, Table, escaped, to_markdown
from watcher.kit.markdown import to_html
from watcher.kit.pdf import to_pdf


def document(*blocks: Heading | Prose | Points | Table) -> Document:
    """A document of these parts."""
    return Document("Разбор #7", "ru", "Страница {} из {}", blocks)


def test_every_part_has_its_form() -> None:
    """Headings, paragraphs, lists and tables."""
    made = document(
        Heading("Summary"),
        Prose("one\n\n two "),
        Prose("aside", faint=True),
        Points(("a", "b")),
        Points(("a", "b"), numbered=True),
        Table((("k", "v"),), (1, 1)),
        Table((("1", "2"),), (1, 1), ("x", "y")),
    )

    assert (
        "# Разбор \\#7\n\n## Summary\n\none\n\ntwo\n\n*aside*\n\n- a\n- b\n\n1. a\n2. b\n\n"
        "|  |  |\n| --- | --- |\n| k | v |\n\n| x | y |\n| --- | --- |\n| 1 | 2 |\n"
    ) == to_markdown(made)


@pytest.mark.parametrize(
    "text",
    [
        "<b>x</b> <!-- y --> &lt;",
        "[x](https://evil.example) ![x](y) <https://evil.example>",
        "# x",
        "1. x",
        "12) x",
        "- x",
        "+ x",
        "==",
        "> x",
        "`x` ~~~ *x* _x_ | \\",
        "https://evil.example www.evil.example a@evil.example",
    ],
)
def test_a_text_is_never_markup(text: str) -> None:
    """A renderer shows it as it is, as one paragraph."""
    assert f"<p>{escape(text)}</p>\n" == to_html(escaped(text))


@pytest.mark.parametrize("text", ["https://x", "WWW.x", "mailto:x", "a@b.c"])
def test_no_reader_makes_a_link_of_an_address(text: str) -> None:
    """What would be taken for one is broken up."""
    assert "\\" in escaped(text)


def test_a_pdf_has_its_pages_and_knows_its_language() -> None:
    """Neither unknown letters nor very long cells nor control characters are any trouble."""
    rows = tuple((f"{at}", "строка " * 30) for at in range(40))
    made = document(
        Heading("Хронология"),
        Prose("漢字 \x1b[31m \u202e🙂", faint=True),
        Points(("a",)),
        Points(("a",), numbered=True),
        Table((("k", "x" * 9000),), (1, 3)),
        Table(rows, (1, 6), ("№", "что")),
    )

    content = to_pdf(made)

    assert content.startswith(b"%PDF-1.")
    assert b"/Lang (ru)" in content
    assert content.count(b"/Type /Page\n") >= 3
    assert len(content) < 100_000


def test_the_library_is_not_loaded_before_it_is_needed() -> None:
    """It takes memory that a process which makes no PDF does not have to give."""
    code = "import sys, watcher.kit.pdf; print('fpdf' in sys.modules, 'PIL' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert "False False\n" == said.stdout
