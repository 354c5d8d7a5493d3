"""For how long after a recovery is the return of a condition the same disruption? It may flap.

A condition that keeps coming back teaches its own pauses. They are facts of the source (a recovery
and the next start), kept in the order of the returns, so that it does not matter in which order the
news of them arrived, or how often.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median_high

from watcher.model.alert import Occurrence, Pause
from watcher.model.policy import Flapping

REMEMBERED = 8
"""So many pauses of a condition are kept: what it did before those is forgotten."""


@dataclass(frozen=True, slots=True)
class Hold:
    """For how long after a recovery a return is the same disruption.

    Where the condition has taught it, `returns` counts its pauses and at least half of them
    were no longer than `usual`; where a rule set it, `because` says so.
    """

    length: timedelta
    returns: int = 0
    usual: timedelta = timedelta()
    because: str = ""

    @property
    def special(self) -> bool:
        """Whether it is known that the condition comes back."""
        return self.returns > 0 or self.because != ""


def hold_of(pauses: Sequence[Pause], rules: Flapping, gap: timedelta) -> Hold:
    """The hold that a condition has taught: a few times its usual pause, within bounds.

    Until it has come back often enough, that is the activity gap.
    """
    returned = sorted(each.away for each in pauses if each.away <= rules.longest)
    if not returned or len(returned) < rules.returns:
        return Hold(gap)
    usual = median_high(returned)
    length = max(min(usual * rules.factor, rules.longest), gap)
    return Hold(length, len(returned), usual)


def pause_between(before: Occurrence, began_at: datetime) -> Pause | None:
    """The pause that ended when a condition came back; None if its recovery was never heard of.

    An end that was only inferred from the next span is no recovery.
    """
    if before.ended_at is None or before.heard_at < before.ended_at or began_at < before.ended_at:
        return None
    return Pause(began_at, began_at - before.ended_at)


def learn(pauses: tuple[Pause, ...], pause: Pause) -> tuple[Pause, ...]:
    """The newest pauses with one more among them; of one return the shortest pause counts."""
    known = {each.at: each for each in pauses}
    known[pause.at] = min(pause, known.get(pause.at, pause))
    return tuple(sorted(known.values())[-REMEMBERED:])


@dataclass(frozen=True, slots=True)
class Spell:
    """A run of returns with no pause longer than the hold: how many spans, and since when."""

    times: int
    since: datetime
    until: datetime


def spell_of(pauses: Sequence[Pause], hold: Hold) -> Spell | None:
    """The newest spell of flapping, as far as it is remembered; None for what does not flap."""
    run = 0
    for pause in reversed(pauses):
        if pause.away > hold.length:
            break
        run += 1
    if not hold.special or run == 0:
        return None
    first = pauses[len(pauses) - run]
    return Spell(run + 1, first.at - first.away, pauses[-1].at)
