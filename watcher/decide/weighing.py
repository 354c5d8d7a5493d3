"""How much likeness and time count in telling one cause from another.

Fields say much the same as each other, and how much nobody can know beforehand: where a category, a
group and a place name one thing thrice, their sum says too much; where hundreds of alerts are alike
but for a few, too little. So the factors are those by which the causes that were confirmed would
have been the likeliest of all (a conditional logit, McFadden 1974), out of a few that are tried.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import product
from math import exp, log

from watcher.decide.returns import Cause

Factors = tuple[float, float]
"""How often the likeness of fields counts, and how often the time."""

AS_THEY_ARE: Factors = (1.0, 1.0)

TRIED: tuple[Factors, ...] = tuple(product((0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0), (0.0, 0.5, 1.0)))

# What was confirmed must be twenty times as likely by other factors before these are taken.
_TRUST = 3.0


def _beginning() -> dict[Factors, float]:
    return {each: _TRUST if each == AS_THEY_ARE else 0.0 for each in TRIED}


@dataclass(slots=True)
class Weighing:
    """By which factors the confirmed causes would have been the likeliest: the logarithm of how
    likely all of them together, by factors.
    """

    told: dict[Factors, float] = field(default_factory=_beginning)

    @property
    def factors(self) -> Factors:
        """The best so far."""
        return max(TRIED, key=lambda each: self.told[each])

    def learn(self, shares: Mapping[Cause, Factors], cause: Cause) -> None:
        """An incident has a cause for certain; for each one known by then likeness and time say so
        much.
        """
        if cause not in shares or len(shares) == 1:
            return
        for each in TRIED:
            scores = {name: weighed(share, each) for name, share in shares.items()}
            self.told[each] += scores[cause] - log_sum(scores.values())


def weighed(share: Factors, factors: Factors) -> float:
    """What likeness and time say together."""
    return share[0] * factors[0] + share[1] * factors[1]


def log_sum(logarithms: Iterable[float]) -> float:
    """The logarithm of the sum of what these are the logarithms of."""
    every = list(logarithms)
    most = max(every)
    return most + log(sum(exp(each - most) for each in every))
