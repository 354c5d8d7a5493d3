"""The post-incident review as a document, in English and in Russian.

What is on record stays in the words in which it was written down.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

from watcher.decide.review import Account, Fact, FactKind
from watcher.engine.review_words import WORDS
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
        blocks=tuple(_blocks(reviewed, words)),
    )


def _blocks(reviewed: Reviewed, words: Mapping[str, str]) -> Iterator[Block]:
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
    yield from _section(words["impact"], review.findings.impact if review else "", words)
    yield Table(tuple(_impact(account, words)), (1, 3))
    yield from _timeline(account, words)
    yield from _cause(reviewed, words)
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
    for name in ("detect", "acknowledge", "resolve", "disrupted"):
        yield words[f"to_{name}"], _long(getattr(times, name), words)


def _long(time: timedelta | None, words: Mapping[str, str]) -> str:
    if time is None:
        return words["unknown"]
    text = span(time)
    for unit in ("min", "d", "h", "s"):
        text = text.replace(f" {unit}", f" {words[f'unit_{unit}']}")
    return text


def _impact(account: Account, words: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    incident = account.record.incident
    yield words["customer"], incident.customer
    yield words["services"], ", ".join(account.services) or words["unknown"]
    yield words["hosts"], listed(incident.hosts, _MOST_HOSTS) or words["unknown"]
    yield words["alerts"], str(incident.alerts)


def _timeline(account: Account, words: Mapping[str, str]) -> Iterator[Block]:
    yield Heading(words["timeline"])
    yield Prose(words["as_recorded"], faint=True)
    rows = tuple((_clock(each.at), _told(each, words), _who(each)) for each in account.facts)
    yield Table(rows, (5, 14, 4), (words["at"], words["what"], words["who"]))
    if account.left_out:
        yield Prose(words["left_out"].format(account.left_out), faint=True)


def _told(fact: Fact, words: Mapping[str, str]) -> str:
    if fact.kind in {FactKind.TOLD, FactKind.NOT_TOLD, FactKind.TO_TELL}:
        channel, event = fact.said
        said = words[f"fact_{fact.kind}"].format(channel, words.get(f"event_{event}", event))
    else:
        said = words[f"fact_{fact.kind}"].format(*fact.said)
    return f"{said} ({fact.because})" if fact.because else said


def _who(fact: Fact) -> str:
    return fact.actor or "watcher"


def _cause(reviewed: Reviewed, words: Mapping[str, str]) -> Iterator[Block]:
    review, record = reviewed.review, reviewed.account.record
    yield from _section(words["cause"], review.findings.cause if review else "", words)
    suspect, problem = record.incident.suspect, record.problem
    if suspect is not None:
        name = next((each.name for each, _ in record.spans if each.key == suspect.key), "")
        what = " / ".join(filter(None, (name, suspect.host))) or words["unknown"]
        yield Prose(words["suspect"].format(what, suspect.reason.text))
    if problem is not None:
        yield Prose(words["problem"].format(problem.number, problem.title, problem.status.value))
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
