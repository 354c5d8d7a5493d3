"""Markdown as HTML that is safe to show, whoever wrote it: no HTML of its own, no images, and links
to the web and to mail only.
"""

import re
from collections.abc import MutableMapping, Sequence
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import OptionsDict

_SAFE = re.compile(r"(https?|mailto):", re.IGNORECASE)
_LOWEST = 6
# The page has a heading, and its sections have theirs.
_BELOW = 2


def to_html(text: str) -> str:
    """The text as HTML. An image becomes a link: what is loaded by itself tells who reads."""
    return str(_MARKDOWN.render(text))


def _is_safe(url: str) -> bool:
    return _SAFE.match(url) is not None


def _open_link(
    renderer: RendererHTML,
    tokens: Sequence[Token],
    at: int,
    options: OptionsDict,
    _: MutableMapping[str, Any],
) -> str:
    tokens[at].attrSet("rel", "noreferrer noopener nofollow")
    return renderer.renderToken(tokens, at, options, {})


def _heading(
    renderer: RendererHTML,
    tokens: Sequence[Token],
    at: int,
    options: OptionsDict,
    _: MutableMapping[str, Any],
) -> str:
    token = tokens[at]
    level = min(int(token.tag[1:]) + _BELOW, _LOWEST)
    return f"</h{level}>\n" if token.nesting < 0 else f"<h{level}>"


def _made() -> MarkdownIt:
    made = MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")
    made.validateLink = _is_safe  # type: ignore[method-assign]  # the way that its manual shows
    made.add_render_rule("link_open", _open_link)
    made.add_render_rule("heading_open", _heading)
    made.add_render_rule("heading_close", _heading)
    return made


_MARKDOWN = _made()
