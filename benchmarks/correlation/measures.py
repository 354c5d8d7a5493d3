"""What a grouping of alerts into incidents is worth, by the faults that are known."""

from collections import Counter, defaultdict
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, field
from math import inf, isnan, nan
from statistics import fmean

from benchmarks.correlation.streams import Truth
from benchmarks.table import percentile

_HIDDEN_COSTS = 10


@dataclass(frozen=True, slots=True)
class Incident:
    """Some alerts that were shown as one: when it opened, the host it blames, and occurrences."""

    opened_at: float
    suspect: str | None
    members: Sequence[str]


@dataclass(frozen=True, slots=True)
class Figures:
    """The measures of a grouping; README terms are told where each is computed.

    `precision`, `recall` and `f1` are B-cubed. `hidden` is the share of faults that are the
    majority of no incident, `hidden_open` of those no alert of which opened one, `flood` incidents
    for each fault, `cost` the surplus incidents for each fault and ten for each hidden one, `late`
    the 95th percentile of seconds from the first alert of a fault to an incident that it opened,
    and `named` the share of faults whose largest own incident blames the right host.
    """

    precision: float
    recall: float
    f1: float
    hidden: float
    hidden_open: float
    flood: float
    cost: float
    late: float
    named: float


@dataclass(frozen=True, slots=True)
class Noise:
    """What became of alerts that are no fault's: incidents for each flapping trigger, and incidents
    of nothing but noise.
    """

    each_flapper: float
    alone: float


@dataclass(slots=True)
class _Tally:
    """What is counted of the incidents, by the alerts of some faults."""

    first_at: dict[str, float] = field(default_factory=dict)
    members: dict[int, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    openers: dict[int, str] = field(default_factory=dict)


def b_cubed(true: Sequence[Hashable], found: Sequence[Hashable]) -> tuple[float, float, float]:
    """Means over alerts: the share of its incident that is of its fault, the share of its fault
    that is in its incident, and the harmonic mean of both.
    """
    faults, incidents = Counter(true), Counter(found)
    both = Counter(zip(true, found, strict=True))
    precision = sum(many**2 / incidents[each] for (_, each), many in both.items()) / len(true)
    recall = sum(many**2 / faults[each] for (each, _), many in both.items()) / len(true)
    return precision, recall, 2 * precision * recall / (precision + recall)


def figures(truth: Truth, incidents: Sequence[Incident], faults: Collection[str]) -> Figures:
    """The measures over the alerts of these faults; an alert in no incident stands alone."""
    home = homes(incidents)
    alerts = sorted(
        (at, span, fault) for span, (fault, at) in truth.alerts.items() if fault in faults
    )
    tally = _tally(alerts, home)
    true = [fault for _, _, fault in alerts]
    precision, recall, f1 = b_cubed(true, [home.get(span, span) for _, span, _ in alerts])
    covered = {_majority(counts) for counts in tally.members.values()}
    many, hidden = len(tally.first_at), len(tally.first_at.keys() - covered)
    waits = _waits(tally, incidents)
    return Figures(
        precision=precision,
        recall=recall,
        f1=f1,
        hidden=hidden / many,
        hidden_open=1 - len(waits) / many,
        flood=len(tally.members) / many,
        cost=(len(tally.members) - len(covered) + _HIDDEN_COSTS * hidden) / many,
        late=_p95(waits),
        named=len(_named(truth, tally, incidents)) / many,
    )


def noise(truth: Truth, incidents: Sequence[Incident]) -> Noise:
    """What became of alerts that are no fault's."""
    home = homes(incidents)
    by_kind: dict[str, set[tuple[str, int]]] = defaultdict(set)
    for span, (group, _) in truth.alerts.items():
        if span in home:
            by_kind[truth.others.get(group, "fault")].add((group, home[span]))
    faulty = {number for _, number in by_kind["fault"]}
    flappers = sum(kind == "flap" for kind in truth.others.values())
    alone = {number for _, number in by_kind["noise"]} - faulty
    return Noise(len(by_kind["flap"]) / flappers if flappers else nan, len(alone))


def mean(some: Iterable[Figures]) -> Figures:
    """The mean of every measure; what has no value for some is the mean of the others."""
    columns = zip(*map(astuple, some), strict=True)
    return Figures(*map(mean_of, columns))


def mean_of(values: Iterable[float]) -> float:
    """The mean of those that there are."""
    known = [each for each in values if not isnan(each)]
    return fmean(known) if known else nan


def homes(incidents: Sequence[Incident]) -> dict[str, int]:
    """In which incident each occurrence is, by its place in the list."""
    return {span: number for number, each in enumerate(incidents) for span in each.members}


def _tally(alerts: Iterable[tuple[float, str, str]], home: Mapping[str, int]) -> _Tally:
    tally = _Tally()
    for at, span, fault in alerts:
        tally.first_at.setdefault(fault, at)
        if span in home:
            tally.members[home[span]][fault] += 1
            tally.openers.setdefault(home[span], fault)
    return tally


def _waits(tally: _Tally, incidents: Sequence[Incident]) -> list[float]:
    """From the first alert of each fault to the first incident that one of its alerts opened."""
    opened: dict[str, float] = {}
    for number, fault in tally.openers.items():
        opened[fault] = min(incidents[number].opened_at, opened.get(fault, inf))
    return [max(0.0, at - tally.first_at[fault]) for fault, at in opened.items()]


def _named(truth: Truth, tally: _Tally, incidents: Sequence[Incident]) -> set[str]:
    """The faults whose largest own incident blames a right host."""
    largest: dict[str, tuple[int, int]] = {}
    for number, counts in sorted(tally.members.items()):
        fault = _majority(counts)
        largest[fault] = max(largest.get(fault, (0, 0)), (counts[fault], -number))
    return {
        fault
        for fault, (_, number) in largest.items()
        if incidents[-number].suspect in truth.faults[fault].culprits
    }


def _majority(counts: Counter[str]) -> str:
    return counts.most_common(1)[0][0]


def _p95(values: Sequence[float]) -> float:
    if len(values) < 2:
        return values[0] if values else nan
    return percentile(values, 95)
