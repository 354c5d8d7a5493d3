"""What Watcher writes of itself is read back, or refused in words."""

from datetime import UTC, datetime

import orjson
import pytest

from watcher.model.concern import Concern
from watcher.receivers import watcher
from watcher.receivers.base import Context, Unparsable

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
BODY = {"condition": "token", "source": "zbx", "status": "firing", "since": "2026-11-22T11:00:00Z"}


def read(**changed: object) -> str:
    """The name of the event of a body with these changes."""
    context = Context("watcher", NOW, watcher.Options())
    [event] = watcher.parse(orjson.dumps(BODY | changed), context).events
    return event.name


@pytest.mark.parametrize("concern", Concern)
def test_every_concern_has_a_title_with_its_source(concern: Concern) -> None:
    """An incident is called so; one is about a channel."""
    what = "channel" if concern is Concern.UNDELIVERED else "Source"

    assert f"{what} zbx" in read(condition=concern)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"condition": "bored"}, "condition is 'bored', none of silent, token"),
        ({"status": ["x"]}, "status is a list, neither firing nor resolved"),
        ({"source": ""}, "which source it is about"),
        ({"since": None}, "since when"),
    ],
)
def test_what_it_never_writes_is_refused(changed: dict[str, object], words: str) -> None:
    """A body by somebody else becomes a dead letter."""
    with pytest.raises(Unparsable, match=words):
        read(**changed)
