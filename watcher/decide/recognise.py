"""What a new incident is, by those of before: one of a problem, one more that is like others that
have none, or new.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from math import log

from watcher.decide.census import Census
from watcher.decide.lifecycle import Moment
from watcher.decide.likeness import clues, worded
from watcher.decide.problem import Guess, told
from watcher.decide.recur import Experience, Past, Thresholds, Verdict, judge
from watcher.decide.signature import CONDITION, SYMPTOMS
from watcher.model.incident import Entry, Incident
from watcher.model.policy import ProblemRules
from watcher.model.problem import Bond, Problem, ProblemStatus
from watcher.model.signature import Signature

SAME_CONDITION = "the same condition on the same host"

# Nearly three times as likely as by chance, on top of a symptom that both have.
_LIKE = 1.0
_SAME = 0.5
# Among fewer incidents nearly all are new, and nobody knows more by hearing it.
_HISTORY = 20
_SHOWN = 4


@dataclass(frozen=True, slots=True)
class Ground:
    """What a customer's incidents are compared by: how rare values are, what causes are like, when
    each was seen last, and how many are known, compared or not.
    """

    census: Census
    experience: Experience[int]
    seen: Mapping[int, datetime]
    known: int
    rules: ProblemRules


@dataclass(frozen=True)
class Comparison:
    """A new incident beside those of before whose cause is known, compared once and when needed."""

    new: Signature
    past: Sequence[Past[int]]
    ground: Ground

    @cached_property
    def verdict(self) -> Verdict[int]:
        """Which of these causes it may have."""
        known = self.ground
        return judge(
            self.new, self.past, known.census, known.experience, self._thresholds, known.seen
        )

    @property
    def known(self) -> float:
        """How well these causes explain it, as the rules count that."""
        return self.verdict.known - self._left_out

    @property
    def _thresholds(self) -> Thresholds:
        """The thresholds of the rules. Only what has a rare value in common is looked at, which is
        more like the new one than those that are not: known causes must explain it so much better.
        """
        rules = self.ground.rules
        return Thresholds(
            pattern=rules.pattern,
            margin=rules.margin,
            sure=rules.sure + self._left_out,
            suggest=rules.suggest + self._left_out,
        )

    @property
    def _left_out(self) -> float:
        compared = max(len({each.cause for each in self.past}), 1)
        return log(max(self.ground.known, compared) / compared)


def recognised(found: Comparison, refused: Iterable[Past[int]]) -> tuple[int, Guess] | None:
    """The problem that an incident is one of, or may be; what people `refused` for a problem speaks
    against being sure of it. None: it is of none of them.

    What repeats the conditions of a problem, and of no other, needs no figures to be recognised:
    where a customer has one kind of trouble only, nothing about it is rare.
    """
    not_so = {each.cause for each in refused if repeats(found.new, each.signature)}
    same = _repeated(found.new, found.past)
    if len(same) == 1:
        [(cause, times)] = same.items()
        if times >= found.ground.rules.pattern and cause not in not_so:
            return cause, Guess(Bond.SURE, reasons=(f"{SAME_CONDITION}, {times} times before",))
    verdict = found.verdict
    if verdict.bond is not None:
        first = verdict.ranked[0]
        bond = Bond.SUGGESTED if first.cause in not_so else verdict.bond
        return first.cause, Guess(bond, first.score, first.reasons[:_SHOWN])
    if not same:
        return None
    cause = max(same, key=lambda each: same[each])
    return cause, Guess(Bond.SUGGESTED, reasons=(SAME_CONDITION,))


def unlike(found: Comparison, before: int) -> str:
    """Why an incident is new that is of no known cause and like no other; "" where there were too
    few `before` it to say so.
    """
    if before < _HISTORY:
        return ""
    ranked, known = found.verdict.ranked, found.known
    if not ranked:
        return "it has nothing rare in common with an incident whose cause is known"
    how = "worse than chance" if known < 0 else "not well enough"
    return f"the likest known cause, problem {ranked[0].cause}, explains it {how} ({known:+.1f})"


def repeats(new: Signature, old: Signature) -> bool:
    """Whether at least half of the conditions of two incidents are the same, by their keys or by
    what they say and on which hosts.
    """
    return _same(CONDITION, new, old) or (_same("alert", new, old) and _same("host", new, old))


def alike(
    new: Signature, others: Mapping[int, Signature], ground: Ground
) -> dict[int, tuple[float, tuple[str, ...]]]:
    """Those of other incidents that are so like the new one that they may have one cause, each
    with how much speaks for it, and what.
    """
    found: dict[int, tuple[float, tuple[str, ...]]] = {}
    for number, old in others.items():
        told = clues(new, old, ground.census, ground.experience.habits)
        score = sum(each.weight for each in told)
        if repeats(new, old):
            found[number] = (max(score, _LIKE), (SAME_CONDITION,))
        elif score >= _LIKE and any(each.alike for each in told if each.field in SYMPTOMS):
            told.sort(key=lambda each: -each.weight)
            reasons = tuple(worded(each) for each in told if each.alike)
            found[number] = (score, reasons[:_SHOWN])
    return found


def enough(times: Collection[datetime], rules: ProblemRules) -> bool:
    """Whether so many like incidents, the newest included, make a problem."""
    newest = max(times)
    return sum(newest - each <= rules.within for each in times) >= rules.after


def _same(name: str, new: Signature, old: Signature) -> bool:
    one, other = new.traits.get(name), old.traits.get(name)
    if not one or not other:
        return False
    return len(one & other) >= _SAME * len(one | other)


def _repeated(new: Signature, past: Iterable[Past[int]]) -> dict[int, int]:
    """How many incidents of each problem have the conditions of the new one."""
    found: dict[int, int] = {}
    for each in past:
        if repeats(new, each.signature):
            found[each.cause] = found.get(each.cause, 0) + 1
    return found


def known_error(
    problem: Problem, incident: Incident, rules: ProblemRules, moment: Moment
) -> list[Entry]:
    """What helps with an incident whose cause is a known error, as a line on its timeline."""
    if problem.status is not ProblemStatus.KNOWN_ERROR:
        return []
    parts = [f"known error {problem.number}: {problem.workaround}"]
    if problem.runbook:
        parts.append(f"runbook: {problem.runbook}")
    if problem.worked or problem.failed:
        parts.append(f"it helped {problem.worked} of {problem.worked + problem.failed} times")
    if awaits(problem, rules):
        parts.append(f"awaiting problem {problem.number}")
    return [told(incident.number, "; ".join(parts), moment)]


def awaits(problem: Problem, rules: ProblemRules) -> bool:
    """Whether the incidents of a problem wait for it rather than for people."""
    return problem.status is ProblemStatus.KNOWN_ERROR and (problem.awaits or rules.awaits)
