"""Values out of outputs: what is there is found, what is not is left out, nothing fails."""

from typing import Any

import pytest

from watcher.diagnostics.extract import complaint, extracted, inputs_of, shown
from watcher.diagnostics.figures import in_bytes, in_words, number, seconds
from watcher.diagnostics.inputs import Inputs
from watcher.model.runbook import Extract, Input, InputType, Table, ValueType

DF = """\
some warning
Filesystem     1024-blocks    Used Available Capacity Mounted on
/dev/sda1         41152736 39012345   1140391      97% /var
tmpfs                  100        0       100       0% /run/a b
proc                     -        -         -       -  /proc

Filesystem nothing
"""
INPUTS = Inputs((Input("mount", InputType.PATH, default="/var"),), {})


def found(one: Extract, text: str) -> Any:
    """What one extraction finds; its note where it fails."""
    result = extracted([one], text, INPUTS)
    return result.notes[0] if result.notes else result.found.get("x")


@pytest.mark.parametrize(
    ("one", "text", "value"),
    [
        (Extract("x", regex=r"(\d+)% {{ inputs.mount }}$", type=ValueType.INT), DF, 97),
        (Extract("x", regex=r"\d+%"), DF, "97%"),
        (Extract("x", regex=r"\d+%", type=ValueType.INT, all=True), DF, [97, 0]),
        (
            Extract("x", regex=r"^(?P<fs>\S+) +(?P<size>\d+) "),
            DF,
            {"fs": "/dev/sda1", "size": "41152736"},
        ),
        (Extract("x", regex=r"^(a)?b"), "b", ""),
        (Extract("x", regex=r"^(?P<a>a)?b"), "b", {"a": ""}),
        (Extract("x", regex="nowhere"), DF, None),
        (Extract("x", regex="nowhere", all=True), DF, []),
        (Extract("x", regex="nowhere", default="7", type=ValueType.FLOAT), DF, 7.0),
        (Extract("x", count="%"), DF, 2),
        (Extract("x", count="nowhere"), DF, 0),
        (Extract("x", json="State.OOMKilled"), '{"State": {"OOMKilled": true}}', True),
        (Extract("x", json="[].n", all=True), '[{"n": 1}, {"n": 2}]', [1, 2]),
        (Extract("x", json="n", type=ValueType.BYTES), '{"n": "1k"}', 1024),
        (Extract("x", json="gone"), "{}", None),
        (
            Extract("x", json="a"),
            "{",
            "value x could not be read: the output is no JSON, or only a part of it",
        ),
        (Extract("x", json="a.["), "{}", "value x could not be read: "),
        (Extract("x", json="length(a)"), '{"a": 1}', "value x could not be read: "),
        (
            Extract("x", regex=r"(\w+)", type=ValueType.INT),
            "abc",
            "value x could not be read: 'abc' is no int",
        ),
        (Extract("x", regex="("), "abc", "value x could not be read: "),
        (
            Extract("x", regex="{{ inputs.other }}"),
            "",
            "value x could not be read: there is no input 'other'",
        ),
        (Extract("x", regex=r"(\w+)", type=ValueType.BOOL), "Yes", True),
        (Extract("x", regex=r"(\w+)", type=ValueType.BOOL), "off", False),
        (
            Extract("x", regex=r"(\w+)", type=ValueType.BOOL),
            "perhaps",
            "value x could not be read: 'perhaps' is no bool",
        ),
        *(
            (Extract("x", regex=r"(\S+)", type=kind), text, "value x could not be read: ")
            for kind, text in (
                (ValueType.FLOAT, "NaN"),
                (ValueType.FLOAT, "+Inf"),
                (ValueType.INT, "9" * 24),
                (ValueType.BYTES, "9999E"),
            )
        ),
        *(
            (Extract("x", json="a"), f'{{"a": {text}}}', "value x could not be read: ")
            for text in ("NaN", "1e400", "9" * 24, r'"\ud800"')
        ),
        (Extract("x", regex=r"(.+)", type=ValueType.DURATION), "1-02:03:04", 93784.0),
        (Extract("x", table=Table("^Filesystem", column="Capacity"), type=ValueType.INT), DF, 97),
        (
            Extract("x", table=Table("^Filesystem", column="Mounted on"), all=True),
            DF,
            ["/var", "/run/a b", "/proc"],
        ),
        (
            Extract("x", table=Table("^Filesystem", "Used", {"Mounted on": "{{ inputs.mount }}"})),
            DF,
            "39012345",
        ),
        (Extract("x", table=Table("^Filesystem", "Used", {"Mounted on": "/v"})), DF, None),
        (
            Extract("x", table=Table("^Filesystem", column="Size")),
            DF,
            "value x could not be read: the table has no column 'Size', but Filesystem, ",
        ),
        (Extract("x", table=Table("^Nothing")), DF, None),
        (Extract("x", table=Table("^A +B"), all=True), "A B", []),
        (
            Extract("x", table=Table("^(ID) +(THE NAME) +(C)"), all=True),
            "ID THE NAME C\n1 two",
            [{"ID": "1", "THE NAME": "two", "C": ""}],
        ),
    ],
)
def test_what_is_there_is_found(one: Extract, text: str, value: object) -> None:
    """By expression, JSON, table or count, as its type; what cannot be read is a note in words."""
    result = found(one, text)
    if isinstance(value, str) and value.startswith("value x"):
        result = result[: len(value)]

    assert value == result


def test_long_texts_are_read_in_slices() -> None:
    """An expression never sees more than 64 KiB, and still finds what stands further down."""
    text = "line\n" * 40_000 + "here=5\n" + "x" * 70_000

    assert found(Extract("x", regex=r"here=(\d)", type=ValueType.INT), text) == 5
    assert found(Extract("x", count="^line$"), text) == 40_000


def test_only_single_values_are_kept() -> None:
    """Lists and rows are for signals; evidence keeps what can be compared."""
    wanted = [Extract("all", regex=r"\d", all=True), Extract("one", regex=r"\d")]

    assert {"one": "1"} == extracted(wanted, "1 2", INPUTS).values
    assert 500 == len(str(extracted([Extract("x", regex="x+")], "x" * 600, INPUTS).values["x"]))


@pytest.mark.parametrize(
    ("one", "words"),
    [
        (Extract("x", regex=r"(\d+)% {{ inputs.mount }}$"), ""),
        (Extract("x", table=Table("^A", where={"B": "("})), "is no regular expression: "),
        (Extract("x", json="a.["), "Invalid jmespath expression"),
        (Extract("x", count="a", default="b", type=ValueType.INT), "'b' is no int"),
        (Extract("x", json="a.b", default="1", type=ValueType.INT), ""),
    ],
)
def test_authors_learn_of_mistakes_before(one: Extract, words: str) -> None:
    """What can never work is said without any output."""
    assert complaint(one)[: len(words) or None].startswith(words)


def test_the_inputs_of_an_expression_are_known() -> None:
    """So that a misspelt one can be pointed at."""
    table = Table("^A {{ inputs.a }}", where={"B": "{{inputs.b}}"})

    assert {"a", "b"} == inputs_of(Extract("x", table=table))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("97%", 97), ("1.5G", 1610612736), ("1,234,567", 1234567), ("-0.25", -0.25), (".5", 0.5),
        ("12 KiB", 12288), ("3 kB/s", 3072), ("2 bytes", 2), ("0", 0), ("1e3", None), ("-", None),
        ("12 parsecs", None), ("", None), ("1 2", None),
    ],
)  # fmt: skip
def test_numbers_are_read_as_commands_print_them(text: str, value: float | None) -> None:
    """With a percent sign, thousands or a unit of size; anything else is none."""
    if value is None:
        with pytest.raises(ValueError, match="is no number"):
            number(text)
    else:
        assert value == number(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("90", 90), ("1h30m", 5400), ("2 days, 3 hours", 183600), ("250ms", 0.25), ("5us", 5e-6),
        ("01:02", 62), ("1:02:03", 3723), ("2-00:00:01", 172801), ("1w", 604800), ("", None),
        ("soon", None), ("5 parsecs", None), ("1h later", None),
    ],
)  # fmt: skip
def test_durations_are_read_as_commands_print_them(text: str, value: float | None) -> None:
    """With units, or as ps and uptime write them; anything else is none."""
    if value is None:
        with pytest.raises(ValueError, match="is no duration"):
            seconds(text)
    else:
        assert value == pytest.approx(seconds(text))


def test_figures_are_written_for_people() -> None:
    """Sizes and durations in the unit that fits."""
    assert ["512 B", "1.5 KiB", "2 GiB", "1024 PiB"] == [
        in_bytes(value) for value in (512, 1536, 2**31, 2.0**60)
    ]
    assert ["250 ms", "40 s", "2 h 5 min", "0 s"] == [
        in_words(value) for value in (0.25, 40, 7530, -1)
    ]
    assert ["true", "0.3", "x", "7"] == [shown(value) for value in (True, 0.1 + 0.2, "x", 7)]
