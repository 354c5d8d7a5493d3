"""Which articles answer a search, and which may help with an incident; each with the reason."""

import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from watcher.decide.article import Known, name_of, told_by
from watcher.model.article import Hit, Topic

_SHOWN = 5
_NAMED = 4
# What each kind of likeness counts.
_PROBLEM, _ALERT, _FINDING, _SERVICE, _WORDS = 8.0, 4.0, 3.0, 1.0, 3.0
# Words alone speak for an article from this share on, with the service from half of that on.
_ENOUGH = 0.5
_FEWEST = 2
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
    """What an article is about, as terms of the index that no word of a text can be."""
    found = [f":alert {_folded(each)}" for each in topic.alerts]
    found += [f":finding {_folded(each)}" for each in topic.findings]
    if topic.service:
        found.append(f":service {_folded(topic.service)}")
    if problem is not None:
        found.append(f":problem {problem}")
    return found


def facets(known: Known) -> dict[str, str]:
    """The terms that an article about this incident may have, and what each is in words."""
    incident = known.incident
    found = {}
    if incident.problem is not None:
        found[f":problem {incident.problem}"] = f"it is about problem #{incident.problem}"
    for alert in known.alerts:
        found[f":alert {_folded(name_of(alert))}"] = f"it names the alert {name_of(alert)}"
    for diagnosis in known.diagnoses:
        for name, highlight in told_by(diagnosis):
            found[f":finding {_folded(name)}"] = f"it names what was found: {highlight.say}"
    if incident.service:
        found[f":service {_folded(incident.service)}"] = f"it is about {incident.service}"
    return found


def told(known: Known) -> str:
    """What an incident says in words: its title, its alerts, and what is wrong on its hosts."""
    said = [known.incident.title]
    said += [part for alert in known.alerts for part in (name_of(alert), alert.summary)]
    said += [each.say for diagnosis in known.diagnoses for _, each in told_by(diagnosis)]
    return "\n".join(dict.fromkeys(said))


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
    about: Mapping[str, str], words: Mapping[str, str], hits: Collection[Hit], total: int
) -> list[Likely]:
    """The articles that may help with an incident, the likeliest first: those that are `about` one
    of its facets (term to reason), or that have enough of its `words` (stem to word).
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
        common = sorted(own & words.keys(), key=lambda stem: (-rarity[stem], stem))
        share = sum(rarity[stem] for stem in common) / every if len(common) >= _FEWEST else 0.0
        each = _score([term for term in about if term in own], share)
        if each is not None:
            reasons = [about[term] for term in about if term in own]
            if share:
                named = ", ".join(words[stem] for stem in common[:_NAMED])
                reasons.append(f"it has {len(common)} words of this incident: {named}")
            found.append(Likely(article, each, tuple(reasons)))
    return sorted(found, key=lambda each: (-each.score, -each.article))[:_SHOWN]


def _score(about: Sequence[str], share: float) -> float | None:
    """How likely it is to help; None where nothing speaks for it."""
    kinds = {term.split(" ", 1)[0] for term in about}
    telling = kinds - {":service"}
    needed = _ENOUGH / 2 if ":service" in kinds else _ENOUGH
    if not telling and share < needed:
        return None
    counted = {":problem": _PROBLEM, ":alert": _ALERT, ":finding": _FINDING, ":service": _SERVICE}
    return sum(counted[kind] for kind in sorted(kinds)) + _WORDS * share


def _likeness(term: str, stem: str, beginning: str) -> float:
    if term == stem:
        return 1.0
    return _BEGINNING if beginning and term.startswith(beginning) else 0.0


def _rarity(having: int, total: int) -> float:
    return math.log(1 + (total + 1) / (having + 1))


def _folded(text: str) -> str:
    return " ".join(text.split()).casefold()[:300]
