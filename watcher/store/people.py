"""Who may come in: logins, sessions and tokens. Only digests of secrets are kept."""

from dataclasses import dataclass
from datetime import datetime

from watcher.model.person import Principal, Role
from watcher.store import schema
from watcher.store.link import Link, Shape
from watcher.store.values import Row, from_micros, to_micros

_PERSON = Shape.of(schema.person)
_SESSION = Shape.of(schema.session)
_TOKEN = Shape.of(schema.token)

_BY_SESSION = """
SELECT p.name, p.role, p.customer FROM session AS s JOIN person AS p ON p.name = s.person
WHERE s.digest = :digest AND s.expires_at > :now
"""


@dataclass(frozen=True, slots=True)
class Person:
    """A login; `password` is a hash."""

    name: str
    password: str
    role: Role
    customer: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Token:
    """What programs prove themselves by; `digest` is the SHA-256 of the secret, in hexadecimal."""

    digest: str
    name: str
    role: Role
    customer: str | None
    created_at: datetime


def person(link: Link, name: str) -> Person | None:
    """Whoever has this login."""
    found = link.rows(f"{_PEOPLE} WHERE name = :name", {"name": name})
    return _to_person(found[0]) if found else None


def everybody(link: Link) -> list[Person]:
    """Everybody with a login, by name."""
    return [_to_person(row) for row in link.rows(f"{_PEOPLE} ORDER BY name")]


def save_person(link: Link, who: Person) -> None:
    """Adds a login, or replaces it; then whoever used it before must log in again."""
    row = (who.name, who.password, who.role.value, who.customer, to_micros(who.created_at))
    link.upsert(_PERSON, [row])
    link.run("DELETE FROM session WHERE person = :name", {"name": who.name})


def remove_person(link: Link, name: str) -> bool:
    """Takes a login away, and all of its sessions; false if there was none."""
    link.run("DELETE FROM session WHERE person = :name", {"name": name})
    return link.run("DELETE FROM person WHERE name = :name", {"name": name}) == 1


def session(link: Link, digest: str, now: datetime) -> Principal | None:
    """Who has the session, unless it has expired or the login is gone."""
    found = link.rows(_BY_SESSION, {"digest": digest, "now": to_micros(now)})
    return _to_principal(found[0]) if found else None


def add_session(link: Link, digest: str, name: str, until: datetime) -> None:
    """Lets a person in until then."""
    link.upsert(_SESSION, [(digest, name, to_micros(until))])


def end_session(link: Link, digest: str) -> None:
    """Lets nobody in by this session any more."""
    link.run("DELETE FROM session WHERE digest = :digest", {"digest": digest})


def expire_sessions(link: Link, now: datetime) -> int:
    """Forgets the sessions that are over; returns how many."""
    return link.run("DELETE FROM session WHERE expires_at <= :now", {"now": to_micros(now)})


def token(link: Link, digest: str) -> Principal | None:
    """Who has the token, unless it was revoked."""
    sql = "SELECT name, role, customer FROM token WHERE digest = :digest"
    found = link.rows(sql, {"digest": digest})
    return _to_principal(found[0]) if found else None


def tokens(link: Link) -> list[Token]:
    """All tokens, by name."""
    sql = f"SELECT {', '.join(_TOKEN.columns)} FROM token ORDER BY name, created_at, digest"  # noqa: S608 - names of the schema
    return [
        Token(digest, name, Role(role), customer, from_micros(created_at))
        for digest, name, role, customer, created_at in link.rows(sql)
    ]


def add_token(link: Link, new: Token) -> None:
    """Lets a program in."""
    row = (new.digest, new.name, new.role.value, new.customer, to_micros(new.created_at))
    link.upsert(_TOKEN, [row])


def revoke_tokens(link: Link, name: str) -> int:
    """Lets nobody in by the tokens of that name any more; returns how many there were."""
    return link.run("DELETE FROM token WHERE name = :name", {"name": name})


_PEOPLE = f"SELECT {', '.join(_PERSON.columns)} FROM person"  # noqa: S608 - names of the schema


def _to_person(row: Row) -> Person:
    name, password, role, customer, created_at = row
    return Person(name, password, Role(role), customer, from_micros(created_at))


def _to_principal(row: Row) -> Principal:
    name, role, customer = row
    return Principal(name, Role(role), customer)
