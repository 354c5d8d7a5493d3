"""For how long after a recovery is the return of a condition the same disruption? It may flap.

A condition that keeps coming back teaches its own pauses. They are facts of the source (a recovery
and the next start), kept in the order of the returns, so that it does not matter in which order the
news of them arrived, or how often.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile
from statistics import median_high

from watcher.decide.rules import effects
from watcher.model.alert import Alert, AlertStatus, Occurrence, Pause
from watcher.model.policy import Flapping, Policy

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
        return bool(self.length) and (self.returns > 0 or self.because != "")


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


def hold_for(alert: Alert, policy: Policy, before: datetime | None = None) -> Hold:
    """The hold of a condition: what the last of its rules says, else what it has taught.

    With `before` it is the hold at that moment: a return does not teach how it is taken itself.
    """
    said = effects(policy.rules, alert).hold
    if said is not None:
        return Hold(said.value, because=said.reason.text)
    pauses = [each for each in alert.pauses if before is None or each.at < before]
    return hold_of(pauses, policy.flapping, policy.grouping.gap)


def pause_between(before: Occurrence, after: Occurrence) -> Pause | None:
    """The pause between two spans of a condition; None if the recovery was never heard of.

    An end that was only inferred from the next span is no recovery.
    """
    over, back = before.ended_at, after.started_at
    if over is None or back is None or before.heard_at < over or back < over:
        return None
    return Pause(back, back - over)


def learn(pauses: tuple[Pause, ...], pause: Pause) -> tuple[Pause, ...]:
    """The newest pauses with one more among them; of one return the shortest pause counts."""
    known = {each.at: each for each in pauses}
    known[pause.at] = min(pause, known.get(pause.at, pause))
    return tuple(sorted(known.values())[-REMEMBERED:])


@dataclass(frozen=True, slots=True)
class Spell:
    """A run of returns: `times` counts the spans that began from `since` until `until`, as far as
    they are remembered.
    """

    times: int
    since: datetime
    until: datetime
    hold: Hold


def spell_of(alert: Alert, hold: Hold, now: datetime) -> Spell | None:
    """How a condition flaps now; None where it never did, or has stayed away for long enough."""
    away = now - alert.last_at if alert.status is AlertStatus.RESOLVED else timedelta()
    run = list(takewhile(lambda pause: pause.away <= hold.length, reversed(alert.pauses)))
    if not run or not hold.special or away > hold.length:
        return None
    return Spell(len(run) + 1, run[-1].at - run[-1].away, run[0].at, hold)
