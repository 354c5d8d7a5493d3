"""What incidents are like: by incident, and turned round, so that the rarest values find others.

Values are told apart by a digest; how often each occurs is counted as incidents are remembered.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from hashlib import blake2b

from watcher.model.signature import Signature
from watcher.store import problem_rows
from watcher.store.link import SIGNATURE, TRAIT, TRAIT_COUNT, Link
from watcher.store.values import Row

_ANY = 0
_ALL = ("", _ANY)
_COUNT = """
INSERT INTO trait_count (customer, field, value, count) VALUES (:customer, :field, :value, :more)
ON CONFLICT (customer, field, value) DO UPDATE SET count = trait_count.count + excluded.count
"""
_FORGET = """
DELETE FROM trait
WHERE customer = :customer AND field = :field AND value = :value AND incident = :incident
"""
_HAVING = """
SELECT incident FROM trait WHERE customer = :customer AND field = :field AND value = :value
AND incident < :before ORDER BY incident DESC LIMIT :limit
"""
_BIGGEST = 2**63 - 1

Value = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Rarity:
    """How many incidents of a customer are remembered, how many of them say anything of a field,
    and how many have a value (field, value).
    """

    total: int
    fields: Mapping[str, int]
    values: Mapping[tuple[str, str], int]


def remember(link: Link, customer: str, signatures: Mapping[int, Signature]) -> None:
    """Keeps what incidents of a customer are like, in the place of what was known of them."""
    known = signatures_of(link, customer, signatures)
    counts: Counter[Value] = Counter()
    added: list[Row] = []
    for number in sorted(signatures):
        new = _values(signatures[number])
        old = _values(known[number]) if number in known else set()
        counts.update(_counted(new, known=True))
        counts.subtract(_counted(old, known=number in known))
        added += [(customer, *value, number) for value in new - old]
        for field, value in sorted(old - new):
            asked = {"customer": customer, "field": field, "value": value, "incident": number}
            link.run(_FORGET, asked)
    link.upsert(TRAIT, sorted(added))
    link.upsert(
        SIGNATURE,
        [
            problem_rows.from_signature(number, customer, signatures[number])
            for number in signatures
        ],
    )
    for (field, value), more in sorted(counts.items()):
        if more:
            asked = {"customer": customer, "field": field, "value": value, "more": more}
            link.run(_COUNT, asked)


def signatures_of(link: Link, customer: str, numbers: Iterable[int]) -> dict[int, Signature]:
    """What is remembered of these incidents of a customer."""
    keys = [(number,) for number in sorted(set(numbers))]
    also, asked = "t.customer = :customer", {"customer": customer}
    found = link.find(SIGNATURE, ("incident",), keys, also, asked)
    return {row[0]: problem_rows.to_signature(row) for row in found}


def rarity(link: Link, customer: str, values: Collection[tuple[str, str]]) -> Rarity:
    """How many incidents of a customer have these values, and say anything of their fields."""
    named = {(field, digest(value)): (field, value) for field, value in values}
    fields = {(field, _ANY) for field, _ in values}
    keys = [(customer, *key) for key in sorted({*named, *fields, _ALL})]
    found = {
        (field, value): count
        for _, field, value, count in link.find(TRAIT_COUNT, TRAIT_COUNT.key, keys)
    }
    return Rarity(
        total=found.get(_ALL, 0),
        fields={field: found.get((field, value), 0) for field, value in fields},
        values={name: found.get(key, 0) for key, name in named.items()},
    )


def having(
    link: Link, customer: str, value: tuple[str, str], limit: int, before: int | None
) -> list[int]:
    """The newest incidents of a customer that have this value, the newest first."""
    asked = {
        "customer": customer,
        "field": value[0],
        "value": digest(value[1]),
        "before": _BIGGEST if before is None else before,
        "limit": limit,
    }
    return [number for (number,) in link.rows(_HAVING, asked)]


def digest(value: str) -> int:
    """What stands for a value, as databases know whole numbers."""
    return int.from_bytes(blake2b(value.encode(), digest_size=8).digest(), signed=True)


def _values(signature: Signature) -> set[Value]:
    return {(field, digest(each)) for field, found in signature.traits.items() for each in found}


def _counted(values: set[Value], *, known: bool) -> list[Value]:
    """What one incident adds to the counts, if it is remembered at all."""
    return [*values, *((field, _ANY) for field in {field for field, _ in values})] + known * [_ALL]
