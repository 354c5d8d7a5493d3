"""The style sheet: readable by day and by night."""

import re
from pathlib import Path

import pytest

from watcher.web import site

SHEET = (Path(site.__file__).parent / "static" / "watcher.css").read_text()
TEXTS = [
    *[("ink", ground) for ground in ("paper", "card", "sunk")],
    *[("ink-soft", ground) for ground in ("paper", "card", "sunk")],
    *[("accent", ground) for ground in ("paper", "card", "sunk", "accent-back")],
    *[("on-priority", f"p{number}") for number in range(1, 6)],
    *[(tone, f"{tone}-back") for tone in ("good", "bad", "warn", "calm")],
    ("accent-ink", "accent"),
]


def _tokens(scheme: str) -> dict[str, str]:
    """The named colours; the dark ones replace the light ones."""
    light, dark = SHEET.split("@media (prefers-color-scheme: dark)")
    found = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", light))
    return found if scheme == "light" else found | dict(re.findall(r"--([\w-]+): (#\w{6});", dark))


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(one: str, other: str) -> float:
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("text", "ground"), TEXTS)
def test_every_text_can_be_read(scheme: str, text: str, ground: str) -> None:
    """The contrast is at least 4.5, as WCAG AA asks of text."""
    tokens = _tokens(scheme)

    assert _contrast(tokens[text], tokens[ground]) >= 4.5


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_edges_of_controls_can_be_seen(scheme: str) -> None:
    """The contrast is at least 3, as WCAG AA asks of what is used."""
    tokens = _tokens(scheme)

    assert _contrast(tokens["line-strong"], tokens["card"]) >= 3


def test_colours_have_names() -> None:
    """Below the tokens no colour is written out."""
    rules = SHEET.split("/* Ground */")[1]

    assert [] == re.findall(r"#[0-9a-f]{3,8}\b|rgb\(", rules)
