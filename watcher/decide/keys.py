"""How conditions and their spans are named: the one place where such keys are put together.

A key begins with the version of its making. Receivers choose the parts; docs/reference/receivers.md
tells which, and docs/adr/0011-keys.md how another version would come in.
"""

from datetime import UTC, datetime
from hashlib import sha256
from urllib.parse import unquote

LIMIT = 512
"""So many characters are in a key at most."""

_VERSION = "v1"
_DIGEST_LENGTH = 16
_MARK = "…"
# Within a part these are escaped, so that other parts always make another key: what divides parts,
# what escapes, what marks a cut, and what no database stores.
_ESCAPED = str.maketrans({":": "%3A", "%": "%25", _MARK: "%E2%80%A6", "\0": "%00"})


def recurrence_key(source: str, *parts: str) -> str:
    """The key of a condition for ever: the same parts give the same key, other parts another."""
    return _key(source, *parts)


def occurrence_key(*parts: str) -> str:
    """The key of one span of a condition; empty where the source has no name for its spans."""
    return _key(*parts) if any(parts) else ""


def parts_of(key: str) -> tuple[str, ...]:
    """The parts of which a key was made, if it is none that was too long; of that, what is left."""
    return tuple(unquote(part) for part in key.split(":")[1:])


def moment_part(at: datetime) -> str:
    """A moment as part of a key: 20261122T093000Z, with a fraction where it has one."""
    utc = at.astimezone(UTC)
    fraction = f".{utc:%f}" if utc.microsecond else ""
    return f"{utc:%Y%m%dT%H%M%S}{fraction}Z"


def to_milliseconds(at: datetime) -> datetime:
    """The moment without what is finer: a webhook may give it where an API of the same system does
    not, and a span has one name.
    """
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


def digest(text: str) -> str:
    """Sixteen hexadecimal digits that stand for the text."""
    return sha256(text.encode()).hexdigest()[:_DIGEST_LENGTH]


def _key(*parts: str) -> str:
    """A longer key keeps its beginning and ends in the digest of all of it."""
    text = ":".join((_VERSION, *(part.translate(_ESCAPED) for part in parts)))
    if len(text) <= LIMIT:
        return text
    return f"{text[: LIMIT - _DIGEST_LENGTH - 1]}{_MARK}{digest(text)}"
