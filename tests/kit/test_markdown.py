"""Markdown as HTML: what people need is there, what could harm is not, whoever wrote it."""

import pytest

from watcher.kit.markdown import to_html


def test_what_people_write_becomes_html() -> None:
    """Headings below those of the page, lists, tables, code, quotes, links."""
    shown = to_html(
        "# Cause\n\n- one\n- *two*\n\n```\ndf -h <dir>\n```\n\n|a|b|\n|-|-|\n|1|2|\n\n> said\n\n"
        "###### Deep\n\n[docs](https://example.org/?a=1&b=2)"
    )

    assert "<h3>Cause</h3>" in shown
    assert "<h6>Deep</h6>" in shown
    assert "<li><em>two</em></li>" in shown
    assert "<code>df -h &lt;dir&gt;\n</code>" in shown
    assert "<td>1</td>" in shown
    assert "<blockquote>" in shown
    assert '<a href="https://example.org/?a=1&amp;b=2" rel="noreferrer noopener nofollow">' in shown


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "text <b onmouseover=alert(1)>bold</b>",
        "<!-- --><iframe src='http://10.0.0.1/'></iframe>",
        "<style>body{display:none}</style>",
        "```<script>\nalert(1)\n```",
        '[x](https://a.example "\\"><script>alert(1)</script>")',
        "# <svg/onload=alert(1)>",
        "&lt;script&gt;alert(1)&lt;/script&gt;",
    ],
)
def test_html_in_a_text_is_text(hostile: str) -> None:
    """No tag of the author's reaches the page."""
    shown = to_html(hostile)

    for tag in ("<script", "<img", "<b ", "<iframe", "<style", "<svg", "<!--"):
        assert tag not in shown


@pytest.mark.parametrize(
    "hostile",
    [
        "[x](javascript:alert(1))",
        "[x]( JaVaScRiPt:alert(1))",
        "[x](java&#115;cript:alert(1))",
        "[x](javascript&colon;alert(1))",
        "[x](<javascript:alert(1)>)",
        "[x](\x01javascript:alert(1))",
        "[x](vbscript:x)",
        "[x](data:text/html,<script>)",
        "[x](file:///etc/passwd)",
        "[x](//evil.example/)",
        "[x](/logout)",
        "[x](#a)",
        "[x](http)",
        "[x](ahttp:x)",
        "[x][r]\n\n[r]: javascript:alert(1)",
        "<javascript:alert(1)>",
        "javascript:alert(1)",
    ],
)
def test_links_lead_to_the_web_and_to_mail_only(hostile: str) -> None:
    """Whatever else a link would do, it is shown as text."""
    assert "href" not in to_html(hostile)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("<https://example.org>", "https://example.org"),
        ("[x](HTTP://example.org)", "HTTP://example.org"),
        ("[x](mailto:dba@example.org)", "mailto:dba@example.org"),
    ],
)
def test_such_links_work(text: str, address: str) -> None:
    """And tell the other side nothing of us."""
    assert f'<a href="{address}" rel="noreferrer noopener nofollow">' in to_html(text)


@pytest.mark.parametrize(
    "text",
    [
        "![seen](http://10.0.0.1/track.png)",
        "![seen][r]\n\n[r]: http://10.0.0.1/track.png",
        "[![seen](http://10.0.0.1/a.png)](http://10.0.0.1/b)",
    ],
)
def test_an_image_is_not_loaded(text: str) -> None:
    """It is a link at most, so that nobody learns who read the article."""
    shown = to_html(text)

    assert "<img" not in shown
    assert "src=" not in shown


@pytest.mark.parametrize("part", ["[", "![](", "*a **b ", "> ", "`", "- ", "[a](<", "<", "|a"])
def test_a_hostile_text_is_rendered_soon(part: str) -> None:
    """Nested or open parts neither fail nor take for ever."""
    assert to_html(part * 2000)
