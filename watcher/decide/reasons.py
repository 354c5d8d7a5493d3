"""Why an onset opens a disruption or joins one: in words, with the alerts that speak for it."""

from collections.abc import Callable, Mapping

from watcher.decide.activity import (
    ALIKE,
    CAUSE,
    EFFECT,
    SAME_HOST,
    SHARED_CAUSE,
    Evidence,
    Onset,
)
from watcher.model.change import replace
from watcher.model.reason import Reason

NEW, BURST, SURGE = "new-disruption", "burst", "surge"


def nothing(onset: Onset) -> Reason:
    """It opens a disruption, because nothing ties it to what goes on."""
    text = f"nothing was going on that {onset.node} has to do with"
    return Reason(NEW, text, keys=(onset.key,))


def calmed(onset: Onset, silent: float) -> Reason:
    """It opens a disruption, because the storm that it would have joined was over."""
    text = f"the storm before had been over for {spoken(silent)}"
    return Reason(NEW, text, keys=(onset.key,), gap=silent)


def surged(onset: Onset, along: tuple[Onset, ...], surge: tuple[int, float]) -> Reason:
    """It opens a disruption with those `along`, in the midst of a storm (see `Pulse.surging`)."""
    seen, expected = surge
    span = onset.at - along[0].at
    text = (
        f"{seen} different alerts within {spoken(span)}, in the midst of a storm in which"
        f" {expected:.1f} were to be expected"
    )
    return Reason(SURGE, text, keys=tuple(each.key for each in along), gap=span)


def joined(onset: Onset, evidence: Evidence) -> Reason:
    """It joins a disruption, by that evidence; the key is that of the alert which it speaks of."""
    trace, gap = evidence.trace, onset.at - evidence.trace.at
    text = f"{_FOUND[evidence.rule](onset, evidence)} {spoken(gap)} before"
    return Reason(evidence.rule, text, keys=(trace.key,), edge=evidence.edge, gap=gap)


def bridged(onset: Onset, evidence: Evidence) -> Reason:
    """Two disruptions are one, by what ties an onset of the one to an alert of the other: the keys
    are those of both, because either may be found to belong elsewhere later.
    """
    reason = joined(onset, evidence)
    return replace(reason, keys=(*reason.keys, onset.key))


def _above(evidence: Evidence) -> str:
    return evidence.edge[0] if evidence.edge else ""


_FOUND: Mapping[str, Callable[[Onset, Evidence], str]] = {
    SAME_HOST: lambda onset, _: f"another alert on {onset.node}",
    EFFECT: lambda onset, found: f"{onset.node} depends on {_above(found)}, which alerted",
    CAUSE: lambda onset, found: f"{found.trace.node} depends on {onset.node}, and alerted",
    SHARED_CAUSE: lambda _, found: (
        f"{found.trace.node}, which depends on {_above(found)} as well, alerted"
    ),
    ALIKE: lambda onset, found: f"the same alert on {found.trace.node} at {onset.place}",
    BURST: lambda onset, found: f"a storm at {onset.place}, last on {found.trace.node}",
}


def spoken(seconds: float) -> str:
    """A span of time in words."""
    whole = round(seconds)
    if whole < 60:  # noqa: PLR2004 - a minute
        return f"{whole} s"
    return f"{whole // 60} min {whole % 60} s" if whole % 60 else f"{whole // 60} min"
