"""The post-incident review as a document, in English and in Russian.

What people wrote stays as it is; what Watcher itself wrote on the timeline is in the language of
the document, as far as that is known.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

from watcher.decide.review import Account, Fact, FactKind
from watcher.decide.sla import Duty, Promise
from watcher.engine.review_said import because_in, said_in
from watcher.engine.review_words import WORDS, with_units
from watcher.engine.reviews import Reviewed
from watcher.kit.document import Block, Document, Heading, Link, Points, Prose, Table
from watcher.kit.text import listed, span
from watcher.model.action import Action, ActionStatus
from watcher.model.article import Language
from watcher.model.review import ActionItem

_MOST_HOSTS = 30
_OPEN, _DONE = "☐", "☑"


def report(reviewed: Reviewed, language: Language) -> Document:
    """What is known and what people wrote, to be read and handed on."""
    words = WORDS[language]
    incident = reviewed.account.record.incident
    return Document(
        title=words["title"].format(incident.number, incident.title),
        language=language.value,
        page=words["page"],
        blocks=tuple(_blocks(reviewed, language)),
    )


def _blocks(reviewed: Reviewed, language: Language) -> Iterator[Block]:
    words = WORDS[language]
    account, review = reviewed.account, reviewed.review
    if review is None:
        yield Prose(words["unwritten"], faint=True)
    else:
        at = _moment(review.at)
        yield Prose(words["written"].format(review.version, review.by, at), faint=True)
    yield from _section(words["summary"], review.findings.summary if review else "", words)
    yield Table(tuple(_facts(account, words)), (1, 3))
    yield Heading(words["times"])
    yield Table(tuple(_times(account, words)), (3, 1))
    yield from _promises(account, words)
    yield from _section(words["impact"], review.findings.impact if review else "", words)
    yield Table(tuple(_impact(account, words)), (1, 3))
    yield from _timeline(account, language)
    yield from _cause(reviewed, language)
    yield from _section(words["lessons"], review.findings.lessons if review else "", words)
    yield from _items(reviewed, words)
    if account.gaps:
        yield Heading(words["gaps"])
        yield Points(tuple(words[f"gap_{gap}"] for gap in account.gaps))


def _section(title: str, text: str, words: Mapping[str, str]) -> Iterator[Block]:
    yield Heading(title)
    yield Prose(text) if text.strip() else Prose(words["blank"], faint=True)


def _facts(account: Account, words: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    incident = account.record.incident
    yield words["priority"], incident.priority.value
    yield words["status"], words[f"is_{incident.status}"]
    yield words["opened"], f"{_moment(incident.opened_at)}, {incident.opened_by}"
    if incident.acknowledged_at:
        by = incident.acknowledged_by or ""
        yield words["acknowledged"], f"{_moment(incident.acknowledged_at)}, {by}"
    if incident.resolved_at:
        yield words["resolved"], _moment(incident.resolved_at)
    if incident.ticket:
        yield words["ticket"], incident.ticket.key


def _times(account: Account, words: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    times = account.times
    names = ("detect", "acknowledge", "resolve", "disrupted")
    for name in names[2:] if account.record.history else names:
        yield words[f"to_{name}"], _long(getattr(times, name), words)


def _promises(account: Account, words: Mapping[str, str]) -> Iterator[Block]:
    promises = account.record.promises
    if promises:
        yield Heading(words["promised"].format(promises[0].sla))
        taken = account.record.incident.acknowledged_at
        rows = ((_promised(each, words), _kept(each, taken, words)) for each in promises)
        yield Table(tuple(rows), (2, 3))


def _promised(promise: Promise, words: Mapping[str, str]) -> str:
    within = with_units(promise.words(promise.within), words)
    if promise.calendar:
        within = words["promise_hours"].format(within, promise.calendar)
    return words[f"promise_{promise.duty}"].format(promise.priority.value, within)


def _kept(promise: Promise, taken: datetime | None, words: Mapping[str, str]) -> str:
    """Until when it was open, and what came of it."""
    due_at = promise.due_at
    due = words["promise_due"].format(_moment(due_at)) if due_at else words["promise_far"]
    times = (promise.late, promise.spent)
    late, spent = (with_units(promise.words(each), words) for each in times)
    if promise.ended_at is None:
        open_or_late = ("promise_late", late) if promise.broken else ("promise_open", spent)
        said = words[open_or_late[0]].format(open_or_late[1])
    elif promise.broken:
        said = words["promise_broken"].format(late, spent)
    else:
        over = promise.duty is Duty.ACKNOWLEDGE and promise.ended_at != taken
        said = words["promise_over" if over else "promise_kept"].format(spent)
    return f"{due}: {said}"


def _long(time: timedelta | None, words: Mapping[str, str]) -> str:
    if time is None:
        return words["unknown"]
    return with_units(span(time), words)


def _impact(account: Account, words: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    incident = account.record.incident
    yield words["customer"], incident.customer
    yield words["services"], ", ".join(account.services) or words["unknown"]
    yield words["hosts"], listed(incident.hosts, _MOST_HOSTS) or words["unknown"]
    yield words["alerts"], str(incident.alerts)


def _timeline(account: Account, language: Language) -> Iterator[Block]:
    words = WORDS[language]
    yield Heading(words["timeline"])
    yield Prose(words["as_recorded"], faint=True)
    rows = tuple((_clock(each.at), _told(each, language), _who(each)) for each in account.facts)
    yield Table(rows, (5, 14, 4), (words["at"], words["what"], words["who"]))
    if account.left_out:
        yield Prose(words["left_out"].format(account.left_out), faint=True)


def _told(fact: Fact, language: Language) -> str:
    words = WORDS[language]
    if fact.kind in {FactKind.TOLD, FactKind.NOT_TOLD, FactKind.TO_TELL}:
        channel, event = fact.said
        said = words[f"fact_{fact.kind}"].format(channel, words.get(f"event_{event}", event))
    else:
        told = (said_in(language, fact.entry, each) for each in fact.said)
        said = words[f"fact_{fact.kind}"].format(*told)
    # The line of a ticket ends with what came of it.
    known = any(each.endswith(fact.because) for each in fact.said)
    because = "" if known else because_in(language, fact.because)
    return f"{said} ({because})" if because else said


def _who(fact: Fact) -> str:
    return fact.actor or "watcher"


def _cause(reviewed: Reviewed, language: Language) -> Iterator[Block]:
    words = WORDS[language]
    review, record = reviewed.review, reviewed.account.record
    yield from _section(words["cause"], review.findings.cause if review else "", words)
    suspect, problem = record.incident.suspect, record.problem
    if suspect is not None:
        name = next((each.name for each, _ in record.spans if each.key == suspect.key), "")
        what = " / ".join(filter(None, (name, suspect.host))) or words["unknown"]
        yield Prose(words["suspect"].format(what, because_in(language, suspect.reason.text)))
    if problem is not None:
        status = words[f"problem_{problem.status}"]
        yield Prose(words["problem"].format(problem.number, problem.title, status))
        for name in ("root_cause", "workaround", "fix"):
            if text := getattr(problem, name).strip():
                yield Prose(f"{words[name]}: {text}")
    yield Heading(words["whys"])
    whys = review.findings.whys if review else ()
    yield Points(whys, numbered=True) if whys else Prose(words["blank"], faint=True)


def _items(reviewed: Reviewed, words: Mapping[str, str]) -> Iterator[Block]:
    yield Heading(words["items"])
    if not reviewed.items:
        yield Prose(words["no_items"], faint=True)
        return
    head = ("", words["item"], words["owner"], words["due"], words["ticket"])
    filings = reviewed.filings
    rows = (_item(each, filings.get(each.number), words) for each in reviewed.items)
    yield Table(tuple(rows), (1, 10, 4, 3, 5), head)


def _item(
    item: ActionItem, filing: Action | None, words: Mapping[str, str]
) -> tuple[str | Link, ...]:
    return (
        _DONE if item.done else _OPEN,
        item.text,
        item.owner or words["nobody"],
        item.due.isoformat() if item.due else words["no_date"],
        Link(item.ticket.key, item.ticket.url) if item.ticket else _ticket(filing, words),
    )


def _ticket(filing: Action | None, words: Mapping[str, str]) -> str:
    """Why there is no ticket."""
    if filing is None:
        return words["no_ticket"]
    word = "not_filed" if filing.status is ActionStatus.GAVE_UP else "to_file"
    return words[word].format(filing.payload["tracker"])


def _moment(moment: datetime) -> str:
    return f"{_clock(moment)} UTC"


def _clock(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
