"""What a benchmark says: rows of a target, what was measured, and whether that meets it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import quantiles


@dataclass(frozen=True)
class Effort:
    """How long to measure; `quick` is just enough to see that everything works."""

    seconds: int = 3
    batch_seconds: int = 1  # In which more comes in than is digested in many.
    runs: int = 3
    kills: int = 200
    stored: int = 1_000_000
    diagnoses: int = 2_000

    @classmethod
    def quick(cls) -> "Effort":
        """For a smoke test."""
        return cls(seconds=1, runs=1, kills=4, stored=2_000, diagnoses=100)


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    number: int
    what: str
    target: str
    measured: str
    met: bool


def markdown(rows: Iterable[Row]) -> str:
    """The table of the report."""
    lines = ["| # | what | target | measured | |", "|---|---|---|---|---|"]
    for row in rows:
        verdict = "met" if row.met else "**missed**"
        lines.append(f"| {row.number} | {row.what} | {row.target} | {row.measured} | {verdict} |")
    return "\n".join(lines)


def percentile(values: Sequence[float], percent: int) -> float:
    """The value that so many percent of them do not exceed."""
    return quantiles(values, n=100, method="inclusive")[percent - 1]
