"""What is known of disruptions that come back, told to whoever is next."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class ArticleStatus(StrEnum):
    """Where an article stands: only what is published is shown to everybody, and on incidents."""

    DRAFT = "draft"
    PUBLISHED = "published"
    RETIRED = "retired"


class Language(StrEnum):
    """In which language an article is drafted."""

    ENGLISH = "en"
    RUSSIAN = "ru"


@dataclass(frozen=True, slots=True)
class Topic:
    """What an article is about, so that it is found where it helps: a service, alerts by their
    names without what is volatile and without hosts, and findings as `runbook/signal`.
    """

    service: str | None = None
    alerts: tuple[str, ...] = ()
    findings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Text:
    """What somebody writes: the `body` is Markdown."""

    title: str
    body: str
    topic: Topic = Topic()


@dataclass(frozen=True, slots=True)
class Version:
    """An article as somebody left it; `comment` says what he changed, or why."""

    article: int
    number: int
    at: datetime
    by: str
    text: Text
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Article:
    """One article. `number` is its identity within the installation, `customer` None means that it
    is for all customers. It was drafted of an `incident` or a `problem`, or freely.
    """

    number: int
    customer: str | None
    status: ArticleStatus
    language: Language
    created_at: datetime
    created_by: str
    changed_at: datetime
    newest: Version
    incident: int | None = None
    problem: int | None = None

    @property
    def title(self) -> str:
        """What people know it by."""
        return self.newest.text.title


@dataclass(frozen=True, slots=True)
class Vote:
    """Whether an article helped somebody with an incident."""

    article: int
    incident: int
    customer: str
    by: str
    helped: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class Votes:
    """How many votes say that an article helped, and how many that it did not."""

    helped: int = 0
    vain: int = 0


@dataclass(frozen=True, slots=True)
class Hit:
    """A term as an article has it, and how much it counts there."""

    term: str
    article: int
    weight: int
