"""Which articles answer a search, and which may help with an incident; each with the reason."""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from watcher.decide.article import Known, name_of, told_by
from watcher.model.article import Hit, Topic

_SHOWN = 5
_SHOWN_NAMES = 4
# What an article is about is a term of the index that no word of a text can be.
_PROBLEM, _ALERT, _FINDING, _SERVICE = ":problem", ":alert", ":finding", ":service"
# What each kind of likeness counts, and how it is said.
_COUNTED = {_PROBLEM: 8.0, _ALERT: 4.0, _FINDING: 3.0, _SERVICE: 1.0}
_SAID = {
    _PROBLEM: "it is about problem {}",
    _ALERT: "it names the alert {}",
    _FINDING: "it names what was found: {}",
    _SERVICE: "it is about the service {}",
}
_WORDS = 3.0
# Words alone speak for an article from this share on, with the service from half of that on.
_ENOUGH = 0.35
_FEWEST = 3
# A word found by its beginning only is less sure.
_BEGINNING = 0.5
# So much makes a word count half.
_MIDDLING = 2.0


@dataclass(frozen=True, slots=True)
class Likely:
    """An article that may help, and why."""

    article: int
    score: float
    reasons: tuple[str, ...]


def topic_terms(topic: Topic, problem: int | None) -> list[str]:
    """What an article is about, as terms of the index."""
    found = [f"{_ALERT} {_folded(each)}" for each in topic.alerts]
    found += [f"{_FINDING} {_folded(each)}" for each in topic.findings]
    if topic.service:
        found.append(f"{_SERVICE} {_folded(topic.service)}")
    if problem is not None:
        found.append(f"{_PROBLEM} {problem}")
    return found


def facets(known: Known) -> dict[str, str]:
    """The terms that an article about this incident may have, and what each names."""
    incident = known.incident
    found = {}
    if incident.problem is not None:
        found[f"{_PROBLEM} {incident.problem}"] = f"#{incident.problem}"
    for alert in known.alerts:
        found[f"{_ALERT} {_folded(name_of(alert))}"] = name_of(alert)
    for diagnosis in known.diagnoses:
        for name, highlight in told_by(diagnosis):
            found[f"{_FINDING} {_folded(name)}"] = highlight.say
    if incident.service:
        found[f"{_SERVICE} {_folded(incident.service)}"] = incident.service
    return found


def told(known: Known) -> str:
    """What an incident says in words: its title, its alerts, and what is wrong on its hosts."""
    said = [known.incident.title]
    said += [part for alert in known.alerts for part in (name_of(alert), alert.summary)]
    said += [each.say for diagnosis in known.diagnoses for _, each in told_by(diagnosis)]
    return "\n".join(dict.fromkeys(filter(None, said)))


def answers(
    asked: Sequence[tuple[str, str]], hits: Iterable[Hit], total: int
) -> list[tuple[int, float]]:
    """The articles that have every word, as (stem, beginning), the best first; `total` is how many
    articles there are.
    """
    weights: list[dict[int, float]] = [defaultdict(float) for _ in asked]
    for hit in hits:
        for found, (stem, beginning) in zip(weights, asked, strict=True):
            share = _likeness(hit.term, stem, beginning)
            found[hit.article] = max(found[hit.article], share * hit.weight)
    scores: dict[int, float] = defaultdict(float)
    matched: dict[int, int] = defaultdict(int)
    for found in weights:
        having = {article: weight for article, weight in found.items() if weight > 0}
        for article, weight in having.items():
            matched[article] += 1
            scores[article] += _rarity(len(having), total) * weight / (weight + _MIDDLING)
    whole = [(article, scores[article]) for article in scores if matched[article] == len(asked)]
    return sorted(whole, key=lambda each: (-each[1], -each[0]))


def likely(
    about: Mapping[str, str], words: Mapping[str, str], hits: Iterable[Hit], total: int
) -> list[Likely]:
    """The articles that may help with an incident, the likeliest first: those that are `about` one
    of its facets (term to what it names), or that have enough of its `words` (stem to word).
    """
    having: dict[str, set[int]] = defaultdict(set)
    terms: dict[int, set[str]] = defaultdict(set)
    for hit in hits:
        having[hit.term].add(hit.article)
        terms[hit.article].add(hit.term)
    rarity = {stem: _rarity(len(having[stem]), total) for stem in words}
    every = sum(rarity.values())
    found = []
    for article, own in terms.items():
        named = [term for term in about if term in own]
        common = sorted(own & words.keys(), key=lambda stem: (-rarity[stem], stem))
        share = sum(rarity[stem] for stem in common) / every if len(common) >= _FEWEST else 0.0
        kinds = {term.split(" ", 1)[0] for term in named}
        if kinds - {_SERVICE} or share >= (_ENOUGH / 2 if kinds else _ENOUGH):
            score = sum(_COUNTED[kind] for kind in sorted(kinds)) + _WORDS * share
            reasons = _named(named, about)
            if not kinds - {_SERVICE}:
                shown = ", ".join(words[stem] for stem in common[:_SHOWN_NAMES])
                reasons.append(f"it has {len(common)} words of this incident: {shown}")
            found.append(Likely(article, score, tuple(reasons)))
    return sorted(found, key=lambda each: (-each.score, -each.article))[:_SHOWN]


def _named(terms: Sequence[str], about: Mapping[str, str]) -> list[str]:
    """What an article names, one sentence for each kind."""
    reasons = []
    for kind, said in _SAID.items():
        names = [about[term] for term in terms if term.split(" ", 1)[0] == kind]
        more = len(names) - 1
        if names:
            reasons.append(said.format(names[0]) + (f", and {more} more" if more else ""))
    return reasons


def _likeness(term: str, stem: str, beginning: str) -> float:
    if term == stem:
        return 1.0
    return _BEGINNING if beginning and term.startswith(beginning) else 0.0


def _rarity(having: int, total: int) -> float:
    return math.log(1 + (total + 1) / (having + 1))


def _folded(text: str) -> str:
    return " ".join(text.split()).casefold()[:300]
