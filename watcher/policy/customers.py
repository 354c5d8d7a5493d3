"""Checks that whatever names a customer names one that there is."""

from collections.abc import Collection

from watcher.policy.problems import Problems, parts
from watcher.policy.suggest import did_you_mean
from watcher.policy.yamlfile import Document


def check_customers(
    document: Document, key: str, customers: Collection[str], problems: Problems
) -> None:
    """Notes every unknown `customer`, or one of `customers` or `used_by`, in a list of entries.

    A misspelt customer would put things before the wrong eyes, so entries that are unsound in
    other ways are looked at too.
    """
    for place, entry in parts(document, key):
        if not isinstance(entry, dict):
            continue
        for field in ("customer", "customers", "used_by"):
            value = entry.get(field, [])
            for name in value if isinstance(value, list) else [value]:
                if str(name) not in customers:
                    hint = did_you_mean(str(name), customers)
                    problems.error(place / field, f"there is no customer {str(name)!r}{hint}")
