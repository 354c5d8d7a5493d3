"""What a new incident is like: its signature, and what those of before with the same cause say.

Of all incidents of before only those are read that have a rare value in common with it.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo

from watcher.decide.census import Census
from watcher.decide.identify import resolve
from watcher.decide.problem import LIVE, Guess
from watcher.decide.recognise import Comparison, Ground, alike, enough, recognised, unlike
from watcher.decide.recur import Experience, Past
from watcher.decide.rhythm import rhythm
from watcher.decide.signature import signature_of
from watcher.engine.rulebook import Rulebook
from watcher.model.catalogue import Catalogue
from watcher.model.incident import EntryKind, Incident
from watcher.model.policy import ProblemRules
from watcher.model.problem import Bond, Problem, ProblemStatus, Tie
from watcher.model.signature import Signature
from watcher.store.views import View

# So many of the rarest values find so many incidents each, and so many of all are compared.
_RAREST = 8
_EACH = 50
_COMPARED = 60
# What causes are like changes slowly.
_LEARNED_FOR = timedelta(minutes=10)
# From so many of the newest confirmed ties, each of which is compared with so many before it.
_LEARNED = 500
_BEFORE = 20


@dataclass(frozen=True, slots=True)
class Learned:
    """What a customer's confirmed ties taught, and how many causes are known; for a while."""

    until: datetime
    experience: Experience[int]
    known: int


@dataclass(frozen=True, slots=True)
class Sight:
    """What was made of one incident: the problem it is recognised by, or the others like it, each
    with what speaks for it; and in words, how often and since when. It is new where `unlike` says
    why, by so many `before` it.
    """

    incident: Incident
    signature: Signature
    guess: tuple[int, Guess] | None = None
    likes: Mapping[int, Guess] = field(default_factory=dict)
    enough: bool = False
    history: tuple[str, ...] = ()
    unlike: str = ""
    before: int = 0


def look(
    view: View, incident: Incident, signature: Signature, learned: Learned, rulebook: Rulebook
) -> Sight:
    """What to make of an incident, by those of its customer that opened before it."""
    customer, rules = incident.customer, rulebook.policy.problems
    numbers = _candidates(view, incident, signature)
    others = view.signatures(customer, numbers)
    ties = [each for each in view.ties_of_incidents(numbers) if each.customer == customer]
    problems = view.problems({each.problem for each in ties})
    past, refused = _past(view, incident, ties, others, problems)
    ground = Ground(
        _census(view, customer, [signature, *others.values()]),
        learned.experience,
        _seen(incident, problems),
        learned.known,
        rules,
    )
    zone = _zone(rulebook.catalogue, customer)
    compared = Comparison(signature, past, ground)
    guess = recognised(compared, refused)
    if guess is not None:
        return Sight(
            incident, signature, guess, history=_of_problem(view, incident, guess[0], rules, zone)
        )
    taken = {each.incident for each in ties if each.firm}
    since = incident.opened_at - rules.within
    late = {
        number: each
        for number, each in others.items()
        if number not in taken and each.opened_at >= since
    }
    rest = {number: each for number, each in others.items() if number not in late}
    # What is older is looked at only where nothing of late is like it.
    told = alike(signature, late, ground) or alike(signature, rest, ground)
    if not told:
        before = _before(view, incident, ground)
        why = unlike(compared, before)
        return Sight(incident, signature, unlike=why, before=before)
    likes = {
        number: Guess(Bond.SURE, *each) for number, each in told.items() if number not in taken
    }
    found = [each for each in view.incidents(likes).values() if each.merged_into is None]
    times = [incident.opened_at, *(each.opened_at for each in found)]
    return Sight(
        incident,
        signature,
        likes={each.number: likes[each.number] for each in found},
        enough=enough(times, rules),
        history=_history(view, incident, found, rules, zone),
    )


def _before(view: View, incident: Incident, ground: Ground) -> int:
    """How many other incidents of the customer are remembered."""
    number = incident.number
    return ground.census.total - len(view.signatures(incident.customer, [number]))


def made_of(view: View, incident: Incident, catalogue: Catalogue) -> Signature:
    """The signature of an incident as it is now."""
    alerts = [alert for alert, _ in view.alerts_of(incident.number)]
    diagnoses = [each.diagnosis for each in view.evidence_of(incident.number)]
    hosts = {*incident.hosts, *(each.host for each in alerts if each.host)}
    known = {each: resolve(catalogue, incident.customer, each) for each in hosts}
    tags = {name: host.tags for name, host in known.items() if host is not None}
    return signature_of(incident, alerts, diagnoses, tags)


def _candidates(view: View, incident: Incident, signature: Signature) -> list[int]:
    """The incidents before that have most of the rarest values of this one, newer ones first."""
    values = [(name, each) for name, found in signature.traits.items() for each in found]
    seen = view.rarity(incident.customer, values).values
    rarest = sorted((seen[each], each) for each in values if seen.get(each))[:_RAREST]
    found = Counter(
        number
        for _, value in rarest
        for number in view.having(incident.customer, value, _EACH, incident.number)
    )
    return sorted(found, key=lambda each: (found[each], each))[-_COMPARED:]


def _census(view: View, customer: str, signatures: Iterable[Signature]) -> Census:
    values = {
        (name, value)
        for each in signatures
        for name, found in each.traits.items()
        for value in found
    }
    seen = view.rarity(customer, values)
    return Census(seen.total, dict(seen.fields), dict(seen.values))


def _seen(incident: Incident, problems: Mapping[int, Problem]) -> dict[int, datetime]:
    """When each was seen last, as far as that was before the incident: it may be one of it."""
    return {
        number: each.last_at
        for number, each in problems.items()
        if each.last_at < incident.opened_at
    }


def _past(
    view: View,
    incident: Incident,
    ties: Sequence[Tie],
    others: Mapping[int, Signature],
    known: Mapping[int, Problem],
) -> tuple[list[Past[int]], list[Past[int]]]:
    """Whose cause is known, and what people said is not of a problem. A problem that was refused
    still has those it was made of, so that what is like them is not proposed again.
    """
    not_here = {
        each.problem
        for each in view.ties_of_incidents([incident.number])
        if each.bond is Bond.REFUSED
    }
    firm = {each.incident for each in ties if each.firm}
    past, refused = [], []
    for each in ties:
        problem = known.get(each.problem)
        if problem is None or problem.merged_into is not None or each.incident not in others:
            continue
        one = Past(each.problem, others[each.incident])
        silent = problem.status is ProblemStatus.REFUSED and each.incident not in firm
        if (each.firm or silent) and each.problem not in not_here:
            past.append(one)
        elif each.bond is Bond.REFUSED:
            refused.append(one)
    return past, refused


def _of_problem(
    view: View, incident: Incident, number: int, rules: ProblemRules, zone: tzinfo
) -> tuple[str, ...]:
    problem = view.problems([number])[number]
    mine = [each for each in view.incidents_of_problem(number) if each.number < incident.number]
    return _history(view, incident, mine, rules, zone, problem.fix)


def _history(
    view: View,
    incident: Incident,
    others: Sequence[Incident],
    rules: ProblemRules,
    zone: tzinfo,
    fix: str = "",
) -> tuple[str, ...]:
    """How often of late and when, and how it was the last time."""
    if not others:
        return ()
    times = [incident.opened_at, *(each.opened_at for each in others)]
    often = rhythm(times, max(rules.within.days, 1), zone)
    last = max(others, key=lambda each: (each.opened_at, each.number))
    ended = [each for each in view.timeline(last.number) if each.kind is EntryKind.RESOLVED]
    if fix:
        how = f"fixed by: {fix}"
    elif ended:
        how = f"{ended[-1].text}: {ended[-1].reason.text}"
    else:
        how = "not resolved yet"
    return (*([often] if often else []), f"last time (#{last.number}) {how}")


def learn(view: View, customer: str, now: datetime) -> Learned:
    """What the ties that people confirmed teach of a customer's causes, and how many there are."""
    problems = view.problems_of(customer, (*LIVE, ProblemStatus.CLOSED))
    ties = [tie for each in problems for tie in view.ties_of_problem(each.number)]
    confirmed = [each for each in ties if each.bond is Bond.CONFIRMED]
    confirmed = sorted(confirmed, key=lambda each: each.incident)[-_LEARNED:]
    signatures = view.signatures(customer, [each.incident for each in confirmed])
    census, experience = Census(), Experience[int](_BEFORE)
    for each in confirmed:
        if (signature := signatures.get(each.incident)) is not None:
            experience.learn(signature, each.problem, census)
            census.note(signature)
    known = len({each.problem for each in ties if each.firm})
    return Learned(now + _LEARNED_FOR, experience, known)


def _zone(catalogue: Catalogue, customer: str) -> tzinfo:
    known = catalogue.customers.get(customer)
    return known.calendar.timezone if known and known.calendar else UTC
