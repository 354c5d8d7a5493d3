"""What a database address may look like, and the password in it."""

import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

from pydantic import ValidationInfo

from watcher.policy.values import EnvText, resolve_path

_SQLITE = "sqlite:///"
_POSTGRES = re.compile(r"postgres(?:ql)?(?:\+psycopg)?://(?=.)")


def sqlite_url(path: Path) -> str:
    """The address of an SQLite file."""
    return f"{_SQLITE}{path}"


def database_url(given: str, info: ValidationInfo) -> str:
    """The address as the store takes it. Raises ValueError, which does not hold the address."""
    if given.startswith(_SQLITE):
        path = given.removeprefix(_SQLITE)
        return sqlite_url(resolve_path(EnvText(path) if isinstance(given, EnvText) else path, info))
    if head := _POSTGRES.match(given):
        return f"postgresql+psycopg://{given[head.end() :]}"
    raise ValueError("should begin with sqlite:///, postgresql:// or postgresql+psycopg://")


def passwords(url: str) -> set[str]:
    """The password in an address, as it stands there and as it is meant."""
    try:
        password = urlsplit(url).password
    except ValueError:
        password = None
    return {password, unquote(password)} if password else set()
