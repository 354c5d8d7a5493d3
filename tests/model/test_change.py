"""Nouns with some of their fields changed."""

import dataclasses

import pytest

from watcher.model.change import replace
from watcher.model.reason import Reason

REASON = Reason("same-group", "same service, 12 s apart", keys=("service:billing",), gap=12.0)


def test_a_change_makes_the_same_as_dataclasses_replace() -> None:
    """Fields that are named are changed, the others are kept."""
    assert dataclasses.replace(REASON, text="new", gap=None) == replace(
        REASON, text="new", gap=None
    )


def test_the_noun_itself_does_not_change() -> None:
    """A change makes a copy."""
    copy = replace(REASON, rule="other")

    assert ("same-group", "other") == (REASON.rule, copy.rule)


def test_a_field_that_is_not_there_cannot_be_changed() -> None:
    """A misspelt field is an error."""
    with pytest.raises(AttributeError):
        replace(REASON, tetx="new")  # type: ignore[call-arg]  # the fault under test
