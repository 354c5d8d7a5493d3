"""Measures how well Watcher recognises what comes back, beside simple ways.

`python -m benchmarks.causes FOLDER`
"""

import argparse
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from math import isnan
from pathlib import Path
from random import Random

from rich.console import Console
from rich.table import Table

from benchmarks.causes import baselines, recorded
from benchmarks.causes.measures import Figures, Given, figures, recall
from watcher.decide import likeness
from watcher.decide.recur import BY_DEFAULT, Thresholds
from watcher.engine.hindcast import OF_THE_DESK, Asked, hindcast
from watcher.model.change import replace
from watcher.model.problem import Bond
from watcher.model.signature import Signature

_CONSTANTS = ("AGREEMENT", "EXPERIENCE", "DEPENDENCE")
_JITTER = (0.8, 1.2)
_POINTS = [
    *((pattern, margin, 0.0) for pattern in (1, 2, 3, 4) for margin in (1.0, 2.0, 3.0, 4.0)),
    *((BY_DEFAULT.pattern, BY_DEFAULT.margin, sure) for sure in (-1.0, 1.0)),
]


def main() -> int:
    """Measures what the folder holds; 1 where it holds nothing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="with folders t1 and t3")
    folder = parser.parse_args().data
    console = Console(width=None if sys.stdout.isatty() else 160)
    if not (folder / "t3").is_dir():
        text = "no such recordings; docs/benchmarks.md says what a folder of them holds"
        print(f"{folder}: {text}", file=sys.stderr)
        return 1
    whole, every = recorded.tickets(folder), recorded.tickets(folder, OF_THE_DESK)
    console.print(_table("Which problem an incident has", _problems(every, whole)))
    console.print(_table("The same, with something changed", _changed(every)))
    console.print(_links(every))
    console.print(_faults(recorded.systems(folder)))
    return 0


def _problems(every: Sequence[Asked], whole: Sequence[Asked]) -> Iterator[tuple[str, Figures]]:
    """Simple ways are given the whole, with the fields that Watcher leaves out."""
    yield "Watcher", _figures(every)
    yield "Watcher, all fields", _figures(whole)
    yield "Watcher, shuffled truth", _figures(_shuffled(every))
    truth = _truth(whole)
    for way, compare in baselines.ways(whole).items():
        yield way, figures(baselines.answers(whole, compare), truth)


def _changed(every: Sequence[Asked]) -> Iterator[tuple[str, Figures]]:
    """Without a field, and with each constant a fifth smaller or larger."""
    for name in sorted({name for each in every for name in each.signature.traits}):
        yield f"without {name}", _figures([_without(each, name) for each in every])
    for constant in _CONSTANTS:
        for factor in _JITTER:
            with _jittered(constant, factor):
                yield f"{constant} x {factor}", _figures(every)


def _links(every: Sequence[Asked]) -> Table:
    """How many are linked by themselves, and how many of them rightly, by the thresholds."""
    table = Table(title="Linked without asking")
    for name in ("incidents of a cause", "margin", "sure from", "linked", "rightly"):
        table.add_column(name, justify="right")
    for at in _POINTS:
        found = _figures(every, Thresholds(*at, suggest=min(at[-1], 0.0)))
        row = (*at, found.linked, _shown(found.precision))
        at_work = at == (BY_DEFAULT.pattern, BY_DEFAULT.margin, BY_DEFAULT.sure)
        table.add_row(*map(str, row), style="bold" if at_work else None)
    return table


def _faults(systems: Iterable[recorded.System]) -> Table:
    """Whether the likest fault of before is of the same kind."""
    table = Table(title="Which fault of before is of the same kind")
    for name in ("system", "way", "questions", "R@1", "R@3"):
        table.add_column(name, justify="left" if name in {"system", "way"} else "right")
    for system in systems:
        found = {
            "Watcher": _given(system.faults),
            "jaccard of names": baselines.by_names(system.names, weighted=False),
            "tf-idf of names": baselines.by_names(system.names, weighted=True),
        }
        for way, answers in found.items():
            _row(table, system.name, way, recall(answers, system.kinds))
        told = [replace(each, cause=system.kinds[each.incident]) for each in system.faults]
        named = dict(system.kinds) | {each: each for each in system.kinds.values()}
        _row(table, system.name, "Watcher, told each kind afterwards", recall(_given(told), named))
        at_random = dict(zip(system.kinds, _mixed(list(system.kinds.values())), strict=True))
        _row(table, system.name, "Watcher, shuffled truth", recall(found["Watcher"], at_random))
    return table


def _row(table: Table, system: str, way: str, found: tuple[int, float, float]) -> None:
    questions, *shares = found
    table.add_row(system, way, str(questions), *map(_shown, shares))


def _figures(every: Sequence[Asked], thresholds: Thresholds = BY_DEFAULT) -> Figures:
    return figures(_given(every, thresholds), _truth(every))


def _given(every: Sequence[Asked], thresholds: Thresholds = BY_DEFAULT) -> list[Given]:
    return [
        Given(
            each.incident,
            [likely.cause for likely in each.verdict.ranked],
            each.verdict.known,
            each.verdict.ranked[0].cause if each.verdict.bond is Bond.SURE else None,
        )
        for each in hindcast(every, thresholds)
    ]


def _truth(every: Iterable[Asked]) -> Mapping[str, str]:
    return {each.incident: each.cause for each in every if each.cause is not None}


def _shuffled(every: Sequence[Asked]) -> list[Asked]:
    """The causes dealt out anew among those that have one."""
    dealt = iter(_mixed([each.cause for each in every if each.cause is not None]))
    return [replace(each, cause=next(dealt)) if each.cause else each for each in every]


def _mixed(values: list[str]) -> list[str]:
    return Random(1).sample(values, len(values))


def _without(asked: Asked, name: str) -> Asked:
    traits = {field: found for field, found in asked.signature.traits.items() if field != name}
    return replace(asked, signature=Signature(asked.signature.opened_at, traits))


@contextmanager
def _jittered(constant: str, factor: float) -> Iterator[None]:
    before = getattr(likeness, constant)
    setattr(likeness, constant, before * factor)
    try:
        yield
    finally:
        setattr(likeness, constant, before)


def _table(title: str, rows: Iterable[tuple[str, Figures]]) -> Table:
    table = Table(title=title)
    table.add_column("way", no_wrap=True)
    names = ("R@1", "R@3", "macro R@1", "90 %", "macro R@3", "MRR", "AUC", "linked", "rightly")
    for name in names:
        table.add_column(name, justify="right")
    for way, found in rows:
        shares = (found.macro_r3, found.mrr, found.auc)
        table.add_row(
            way,
            *map(_shown, (found.r1, found.r3, found.macro_r1)),
            "-".join(map(_shown, found.interval)),
            *map(_shown, shares),
            str(found.linked),
            _shown(found.precision),
        )
    return table


def _shown(share: float) -> str:
    return "" if isnan(share) else f"{share:.3f}"


if __name__ == "__main__":
    sys.exit(main())
