"""How long a source may be silent: as long as people say, or as its own habit teaches."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from watcher.model.source import Heard

DAYS = 14
_HABIT = timedelta(days=3)
_TIMES = 2
_LEAST = timedelta(minutes=15)
_MOST = timedelta(hours=24)

_HOUR = 60
_DAY = 24 * _HOUR


@dataclass(frozen=True, slots=True)
class Limit:
    """How long it may be silent, and why so."""

    length: timedelta
    because: str


def listen(heard: Heard, moments: Iterable[datetime], since: datetime) -> Heard:
    """What is known of a source that spoke at these moments, which are in order.

    What is not later than the last one changes nothing. Nobody listened before `since`: a silence
    counts from then on. One that was news teaches no more than the limit that it broke, so that
    after an outage of a night the next one is noticed as well.
    """
    last, pauses = heard.at, dict(heard.pauses)
    limit = limit_of(heard, None)
    for at in moments:
        if last is None or at > last:
            pause = max(at - max(last or at, since), timedelta())
            pause = min(pause, limit.length) if limit else pause
            pauses[at.date()] = max(pause, pauses.get(at.date(), pause))
            last = at
    if last is None:
        return heard
    oldest = last.date() - timedelta(days=DAYS - 1)
    return Heard(last, {day: pause for day, pause in pauses.items() if day >= oldest})


def limit_of(heard: Heard, told: timedelta | None) -> Limit | None:
    """How long a source may be silent: as long as it is `told`, else as its habit teaches.

    None while its habit is younger than three days.
    """
    if told is not None:
        return Limit(told, f"it is to speak at least every {lasting(told)}")
    first = min(heard.pauses, default=None)
    if heard.at is None or first is None or heard.at.date() - first < _HABIT:
        return None
    longest = max(heard.pauses.values())
    length = min(max(_TIMES * longest, _LEAST), _MOST)
    return Limit(length, f"its longest usual pause in {DAYS} days was {lasting(longest)}")


def lasting(time: timedelta) -> str:
    """A span of time as people say it: 40 s, 85 min, 3 h 5 min, 4 d."""
    seconds = round(time.total_seconds())
    minutes = seconds // 60
    if not minutes:
        return f"{seconds} s"
    if minutes < 2 * _HOUR:
        return f"{minutes} min"
    if minutes >= 2 * _DAY:
        return f"{minutes // _DAY} d"
    hours, rest = divmod(minutes, _HOUR)
    return f"{hours} h {rest} min" if rest else f"{hours} h"
