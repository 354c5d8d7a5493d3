"""What commands print becomes plain text: nothing in it moves, hides or disguises anything."""

import time

import pytest

from watcher.diagnostics.clean import clean

LOST = "\ufffd"


@pytest.mark.parametrize(
    ("printed", "text"),
    [
        (b"", ""),
        (b"plain\ttext\n", "plain\ttext"),
        ("Привет, 世界 🎉".encode(), "Привет, 世界 🎉"),
        (b"\x1b[1;31mred\x1b[0m \x1b[38;2;1;2;3mx\x1b[K", "red x"),
        ("\x9b31mred\x9b0m".encode(), "red"),
        (b"\x1b]0;title\x07a\x1b]8;;http://evil\x1b\\link\x1b]8;;\x1b\\b", "alinkb"),
        (b"\x1bPq#0\x1b\\a\x1b_app\x1b\\b\x1b^pm\x1b\\c", "abc"),
        (b"a\x1b(Bb\x1b=c\x1b7d\x1bcE\x1bMf", "abcdEf"),
        (b"\x1b]0;no end\nsecond line", "\nsecond line"),
        (b"\x1bPno end\nsecond line", "\nsecond line"),
        (b"\x1b[31", "31"),
        (b"\x1b", LOST),
        (b"a\r\nb\r\n", "a\nb"),
        (b"10%\r50%\r100%\ndone\n", "100%\ndone"),
        (b"a\r\r\nb", "a\nb"),
        (b"a\r", "a"),
        (b"N\x08NA\x08A_\x08x", "NAx"),
        (b"\x08\x08a", LOST * 2 + "a"),
        ("a\x85b\u2028c\u2029d".encode(), f"a{LOST}b{LOST}c{LOST}d"),
        ("user\u202egpj.exe".encode(), f"user{LOST}gpj.exe"),
        ("\u2066a\u2069\u200e\u200f\u061c".encode(), f"{LOST}a{LOST * 4}"),
        ("pay\u200bpal\ufeff\u2060".encode(), f"pay{LOST}pal{LOST * 2}"),
        ("\U000e0041\U000e007f".encode(), LOST * 2),
        (b"caf\xe9 \x01\x07\x0b\x0c\x7f", f"caf{LOST} {LOST * 5}"),
        (b"\xed\xa0\x80", LOST * 3),
        (b"x" * 198 + b"\0" * 2, "x" * 198 + LOST * 2),
        (b"x" * 197 + b"\0" * 3, "[binary output, 200 bytes]"),
        ("text".encode("utf-16"), "[binary output, 10 bytes]"),
        ("👩\u200d💻".encode(), "👩\u200d💻"),
    ],
)
def test_what_is_printed_becomes_plain_text(printed: bytes, text: str) -> None:
    """Sequences go, the unprintable is shown as lost, and letters of all languages stay."""
    assert text == clean(printed)


def test_cleaning_twice_is_cleaning_once() -> None:
    """Nothing that was taken out lets something else appear."""
    tricks = b"\x1b\x1b[31m[31mred \x1b[\x1b[0m0mx \x1b]\x1b]0;a\x070;b\x07c"

    assert clean(tricks) == clean(clean(tricks).encode())
    assert "\x1b" not in clean(tricks)


@pytest.mark.parametrize(
    "unit",
    [b"\x1b[", b"\x1b]", b"\x1bP", b"\r", b"a\r", b"\x08", b"a\x08", b"0;", b"\x1b", b"\x1b "],
)
def test_cleaning_takes_time_in_proportion(unit: bytes) -> None:
    """No repeated bytes make it slow."""
    printed = unit * (262_144 // len(unit))
    began = time.process_time()
    clean(printed)

    assert time.process_time() - began < 2
