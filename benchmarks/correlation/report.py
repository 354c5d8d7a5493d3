"""The tables that say what correlation is worth."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import isnan

from rich.table import Table

from benchmarks.correlation.checks import Differences
from benchmarks.correlation.evidence import Verdict
from benchmarks.correlation.flapping import Kept
from benchmarks.correlation.measures import Figures, Noise, mean, mean_of

_COLUMNS = ("P", "R", "F1", "hidden", "hidden open", "flood", "cost", "p95 open, s", "AC@1")


@dataclass(frozen=True, slots=True)
class Score:
    """What one way of grouping made of one system in one stream."""

    family: str
    system: str
    way: str
    figures: Figures
    noise: Noise | None = None


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found of one stream besides its figures."""

    stream: str
    events: int
    cpu: float
    differences: Differences
    verdict: Verdict


def grouping_table(title: str, scores: Sequence[Score]) -> Table:
    """One row for each way, the mean over the streams of a family, by system."""
    table = Table(title=title)
    for name in ("streams", "system", "grouped by"):
        table.add_column(name, no_wrap=True)
    for name in (*_COLUMNS, "per flapper", "noise only"):
        table.add_column(name, justify="right", min_width=5)
    parts = list(dict.fromkeys((each.family, each.system) for each in scores))
    for family, system in parts:
        some = [each for each in scores if (each.family, each.system) == (family, system)]
        for way in dict.fromkeys(each.way for each in some):
            same = [each for each in some if each.way == way]
            table.add_row(f"{family} ({len(same)})", system, way, *_cells(same))
        table.add_section()
    return table


def flapping_table(rows: Iterable[tuple[str, Kept]]) -> Table:
    """One row for each way."""
    table = Table(title="T5 flapping")
    table.add_column("told by", no_wrap=True)
    for name in ("notifications", "cut", "own-window recall"):
        table.add_column(name, justify="right")
    for way, found in rows:
        table.add_row(way, f"{found.notifications:,}", _shown(found.cut), _shown(found.recall))
    return table


def checks_table(rows: Iterable[Checked]) -> Table:
    """One row for each stream; the incidents that differ should be none."""
    table = Table(title="checks: incidents that differ, reasons that are not so, CPU")
    table.add_column("stream", no_wrap=True)
    for name in (
        "events",
        "doubled",
        "shuffled",
        "cut",
        "moved late",
        "reasons",
        "not so",
        "us an event",
    ):
        table.add_column(name, justify="right")
    for each in rows:
        found, verdict = each.differences, each.verdict
        wrong = ", ".join(f"{many} {rule}" for rule, many in sorted(verdict.wrong.items())) or "0"
        counts = (found.doubled, found.shuffled, found.cut, found.moved, verdict.reasons)
        cells = map("{:,}".format, (each.events, *counts))
        table.add_row(each.stream, *cells, wrong, f"{1e6 * each.cpu:.0f}")
    return table


def _cells(scores: Sequence[Score]) -> Iterable[str]:
    found = mean(each.figures for each in scores)
    yield from map(_shown, (found.precision, found.recall, found.f1))
    yield from map(_shown, (found.hidden, found.hidden_open))
    yield from (f"{found.flood:.2f}", f"{found.cost:.2f}", _whole(found.late))
    yield _shown(found.named)
    noises = [each.noise for each in scores if each.noise is not None]
    flappers = mean_of([each.each_flapper for each in noises])
    yield "" if isnan(flappers) else f"{flappers:.2f}"
    yield _whole(mean_of([each.alone for each in noises]))


def _shown(value: float) -> str:
    return "" if isnan(value) else f"{value:.3f}"


def _whole(value: float) -> str:
    return "" if isnan(value) else f"{value:,.0f}"
