"""Tests of runbooks are played the way a host would answer."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from watcher.decide.match import parse
from watcher.diagnostics.rehearse import GivenAlert, never_fired, rehearse
from watcher.model.evidence import Level, StepStatus
from watcher.model.policy import RunbookMatch
from watcher.model.runbook import (
    Expectation,
    Extract,
    Input,
    InputType,
    Rehearsal,
    Runbook,
    Shell,
    Signal,
    Step,
    Sudo,
    ValueType,
    Variant,
)

ALPINE = parse('os_family="alpine"')
STEPS = (
    Step(
        "df",
        "Disk",
        "df {{ inputs.mount }}",
        extract=(Extract("use", regex=r"(\d+)%", type=ValueType.INT),),
        signals=(
            Signal("full", Level.BAD, "use >= 95", "{{ use }} % used"),
            Signal("room", Level.GOOD, "use < 80", "room"),
            Signal("typo", Level.WARN, "use > 1000 and use + 'x'", "never"),
        ),
        variants=(Variant("busybox df {{ inputs.mount }}", ALPINE),),
    ),
    Step("apk", "Packages", "apk", when=ALPINE),
    Step("dump", "Dump", "dump"),
)
BOOK = Runbook(
    "disk",
    "Disk",
    "us",
    STEPS,
    match=(RunbookMatch(alerts=("*space*",)), RunbookMatch(host_tags={"os": ("linux",)})),
    unless=(RunbookMatch(labels={"fstype": ("tmpfs",)}),),
    inputs=(Input("mount", InputType.PATH, ("alert.labels.mountpoint",), default="/"),),
)


def played(expect: Expectation | None = None, **test: Any) -> tuple[str, ...]:
    """What is different from what a test expects."""
    return rehearse(BOOK, Rehearsal("test", expect=expect or Expectation(), **test)).differences


def test_a_test_that_holds_has_no_differences() -> None:
    """Match, inputs, texts, states, values and signals are all as expected."""
    expect = Expectation(
        matches=True,
        signals=("full",),
        values={"df.use": "97"},
        skipped=("apk",),
        inputs={"mount": "/var"},
        says=("97 % used",),
    )

    assert () == played(
        expect,
        alert={"name": "low space", "labels": {"mountpoint": "/var"}},
        outputs={"df": "97%"},
        renders={"df": 'df "${W_1}"'},
    )


def test_facts_choose_the_text_and_the_steps() -> None:
    """A host of another kind runs another variant; what a test is silent of is Debian."""
    alpine = {"os_family": "alpine"}

    assert () == played(
        Expectation(skipped=()), facts=alpine, renders={"df": 'busybox df "${W_1}"'}
    )
    assert () == played(Expectation(skipped=("apk",)), renders={"df": 'df "${W_1}"'})


def test_no_text_for_a_host_is_a_step_that_is_left_out() -> None:
    """A step that has variants only is skipped where none fits."""
    book = replace(BOOK, steps=(replace(STEPS[0], run=""),))
    report = rehearse(book, Rehearsal("x", renders={"df": "df"}))

    assert ("step df: should become 'df', but is not run at all",) == report.differences
    assert [StepStatus.SKIPPED] == [step.status for step in report.steps]
    assert not report.quiet


@pytest.mark.parametrize(
    ("expect", "test", "difference"),
    [
        (
            Expectation(matches=False),
            {"host_tags": {"os": "linux"}},
            "match: should not apply to the alert, but clause 2 of any does",
        ),
        (
            Expectation(matches=True),
            {"alert": {"name": "space", "labels": {"fstype": "tmpfs"}}},
            "match: should apply to the alert, but clause 1 of none bars it",
        ),
        (
            Expectation(inputs={"mount": None}),
            {},
            "input mount: should be refused, but it is '/'",
        ),
        (
            Expectation(inputs={"mount": "/srv"}),
            {"inputs": {"mount": "../x"}},
            "input mount: should be '/srv', but input mount: the value given is not a valid path",
        ),
        (Expectation(inputs={"x": "y"}), {}, "input x: should be 'y', but there is no such input"),
        (
            Expectation(signals=()),
            {"outputs": {"df": "99%"}},
            "signal full: should not fire, but does: 99 % used",
        ),
        (
            Expectation(values={"df.use": "98"}),
            {"outputs": {"df": "99%"}},
            "value df.use: should be '98', but is '99'",
        ),
        (
            Expectation(says=("so",)),
            {"outputs": {"df": "99%"}},
            "nothing said 'so', but: 99 % used",
        ),
        (
            Expectation(),
            {"outputs": {"df": "2000%"}},
            "step df: signal typo failed: unsupported operand type(s) for +: 'int' and 'str'",
        ),
    ],
)
def test_a_difference_says_what_came_instead(
    expect: Expectation, test: Mapping[str, Any], difference: str
) -> None:
    """In words, with what was expected and what there is."""
    assert (difference,) == played(expect, **test)


def test_exit_codes_make_states() -> None:
    """As on a host: a command that is not there, a time-out, a failure, nothing to say."""
    codes = {127: "unavailable", 124: "timeout", 1: "failed", 0: "no_data"}
    found = [rehearse(BOOK, Rehearsal("x", codes={"df": code})).steps[0].status for code in codes]

    assert list(codes.values()) == found


def test_what_never_fires_is_known() -> None:
    """And whether something was seen that is all right."""
    full = rehearse(BOOK, Rehearsal("x", outputs={"df": "99%"}))
    room = rehearse(BOOK, Rehearsal("x", outputs={"df": "9%"}))

    assert ("typo",) == never_fired(BOOK, [full, room])
    assert (False, True) == (full.quiet, room.quiet)


def test_an_alert_has_the_fields_that_inputs_ask_for() -> None:
    """The same names as in the engine."""
    alert = GivenAlert(name="n", host="h", service="s", customer="c", labels={"a": "b"})

    assert {
        "alert.labels.a": "b",
        "alert.key": "",
        "alert.name": "n",
        "alert.source": "",
        "alert.severity": "",
        "alert.host": "h",
        "alert.service": "s",
        "alert.summary": "",
        "incident.customer": "c",
        "incident.service": "s",
    } == alert.fields


SOCKETS = Step(
    "sockets",
    "Sockets",
    "netstat -lnp",
    sudo=Sudo.IF_AVAILABLE,
    variants=(Variant("as_root ss -lnp", needs=("ss",)),),
    signals=(
        Signal("listens", Level.GOOD, "exit_code == 0", "it listens"),
        Signal("unsure", Level.INFO, "partial", "not all programs can be seen"),
    ),
)


@pytest.mark.parametrize(
    ("test", "signals"),
    [({}, {"listens"}), ({"partial": {"sockets": "ss"}}, {"unsure"})],
)
def test_a_step_can_be_played_without_root(test: Mapping[str, Any], signals: set[str]) -> None:
    """Expressions know of it, and what is good news then is none."""
    book = replace(BOOK, steps=(SOCKETS,))
    report = rehearse(book, Rehearsal("test", outputs={"sockets": "a"}, **test))

    assert signals == report.fired
    [step] = report.steps
    assert ("without root: ss" if test else "") == step.partial


@pytest.mark.parametrize(
    ("step", "missing", "text", "reason"),
    [
        (SOCKETS, (), "as_root ss -lnp", ""),
        (SOCKETS, ("ss",), "netstat -lnp", ""),
        (replace(SOCKETS, run=""), ("ss",), None, "the host has no command 'ss'"),
        (replace(SOCKETS, needs=("awk",)), ("awk",), None, "the host has no command 'awk'"),
        (replace(SOCKETS, shell=Shell.BASH), ("bash",), None, "the host has no command 'bash'"),
    ],
)
def test_commands_can_be_missing(
    step: Step, missing: tuple[str, ...], text: str | None, reason: str
) -> None:
    """The step takes the text that such a host takes, or says what is not there."""
    renders = {"sockets": text} if text else {}
    test = Rehearsal("test", outputs={"sockets": "a"}, missing=missing, renders=renders)
    report = rehearse(replace(BOOK, steps=(step,)), test)

    assert () == report.differences
    assert [reason] == [each.reason for each in report.steps]


def test_steps_that_are_refused_are_told_though_nothing_is_played() -> None:
    """A test may be about nothing but the value that is refused."""
    refused: dict[str, Any] = {"alert": {"labels": {"mountpoint": ";id"}}}

    assert () == played(Expectation(skipped=("apk", "df"), inputs={"mount": None}), **refused)
    book = replace(BOOK, steps=(STEPS[0], STEPS[2]))
    expect = Expectation(skipped=("df",))
    assert () == rehearse(book, Rehearsal("test", expect=expect, **refused)).differences


def test_what_says_much_leaves_room_for_what_says_little() -> None:
    """Of two lists and one sentence behind them 20 are kept, and that sentence is one of these."""
    rows = Extract("rows", regex=r"row (?P<n>\d+)", all=True)
    lists = (Signal(name, Level.BAD, "item.n", name, each="rows") for name in ("one", "other"))
    signals = (*lists, Signal("last", Level.INFO, "rows", "at last"))
    book = Runbook("long", "Long", "us", (Step("s", "S", "s", extract=(rows,), signals=signals),))
    output = "\n".join(f"row {number}" for number in range(12))
    told = rehearse(book, Rehearsal("test", outputs={"s": output})).steps[0].highlights

    assert (20, "at last") == (len(told), told[-1].say)
    assert ["one"] * 11 + ["other"] * 8 + ["last"] == [each.signal for each in told]
