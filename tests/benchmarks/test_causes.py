"""What the figures of recurrence mean, on answers small enough to count by hand."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from math import isnan

import pytest

from benchmarks.causes import baselines
from benchmarks.causes.measures import Given, auc, figures, recall
from watcher.engine.hindcast import Asked
from watcher.model.signature import Signature

_TRUTH = {"i1": "a", "i2": "b", "i3": "a", "i4": "a", "i5": "b", "i6": "c"}
_START = datetime(2026, 3, 2, tzinfo=UTC)


def test_every_cause_counts_as_much_in_the_macro_figures() -> None:
    """Of three questions two are right at once; of two causes one always and one never is."""
    answers = [
        Given("i1", []),
        Given("i2", ["a"], 1.0, "a"),
        Given("i3", ["a", "b"], 3.0, "a"),
        Given("i4", ["a", "b"], 3.0),
        Given("i5", ["a", "b"], 1.0),
        Given("i6", ["b", "a"], 2.0),
    ]
    found = figures(answers, _TRUTH)

    assert (3, 1.0) == (found.questions, found.r3)
    assert pytest.approx(2 / 3) == found.r1
    assert (0.5, 1.0, (0.0, 1.0)) == (found.macro_r1, found.macro_r3, found.interval)
    assert (2, 0.5) == (found.linked, found.precision)
    assert pytest.approx(2.5 / 3) == found.mrr
    assert pytest.approx((2 + 2 + 0.5 + 0) / 6) == found.auc


def test_without_questions_there_are_no_figures() -> None:
    """Nothing is said of what was not asked."""
    found = figures([Given("i1", [])], _TRUTH)

    assert 0 == found.questions
    assert all(map(isnan, (found.r1, found.macro_r1, found.precision, found.interval[0])))
    assert isnan(auc([(1.0, True)]))


def test_a_fault_is_recalled_by_one_of_its_kind() -> None:
    """Only those are asked about that had one before."""
    answers = [Given("i1", []), Given("i2", ["i1"]), Given("i3", ["i2", "i1"])]

    assert (1, 0.0, 1.0) == recall(answers, _TRUTH)


def asked(number: int, cause: str | None, **traits: str) -> Asked:
    """An incident a day."""
    found = {name: frozenset({value}) for name, value in traits.items()}
    return Asked(f"i{number}", Signature(_START + timedelta(days=number), found), cause)


def test_each_simple_way_names_what_is_likest_in_its_own_sense() -> None:
    """The last one, that of the same first fields, and that of the most or rarest values."""
    every = [
        asked(1, "twin", category="mail", group="g1", site="north", floor="2"),
        asked(2, "rare", category="disk", group="g9", site="north", host="db01"),
        asked(3, "most", category="disk", group="g1", site="north", floor="1"),
        *(asked(number, None, group="g1", floor="1", site="north") for number in range(4, 9)),
        asked(9, "last", category="disk", site="south"),
        asked(10, "new", category="mail", group="g1", site="north", floor="1", host="db01"),
    ]
    found = {
        way: baselines.answers(every, likeness)[-1].ranked[0]
        for way, likeness in baselines.ways(every).items()
    }

    assert {
        "most recent": "last",
        "same category and group": "twin",
        "rare values": "twin",
        "rare values, 1 day decay": "last",
        "jaccard": "twin",
    } == found


def test_names_of_alerts_are_compared_with_and_without_weights() -> None:
    """The share in common prefers the short one, the weights what is rare."""
    every = [
        ("i1", Counter({"load": 1})),
        ("i2", Counter({"load": 1, "swap": 1, "disk": 1, "ping": 1, "cpu": 1})),
        ("i3", Counter({"load": 1, "disk": 1})),
    ]

    assert ["i1", "i2"] == list(baselines.by_names(every, weighted=False)[-1].ranked)
    assert ["i2", "i1"] == list(baselines.by_names(every, weighted=True)[-1].ranked)
