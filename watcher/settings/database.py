"""What a database address may look like, and the password in it."""

import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

from watcher.policy.values import EnvText

_SQLITE = "sqlite:///"
_POSTGRES = re.compile(r"postgres(?:ql)?(?:\+psycopg)?://(?=.)")


def database_url(given: str | None, base: Path, data_dir: Path) -> str:
    """The address as the store takes it; without one, SQLite in the data directory.

    A relative SQLite path starts at `base`, or at the working directory if the environment gave
    it. Raises ValueError, which does not hold the address.
    """
    if given is None:
        return f"{_SQLITE}{data_dir / 'watcher.db'}"
    if given.startswith(_SQLITE) and given != _SQLITE:
        folder = Path.cwd() if isinstance(given, EnvText) else base
        return f"{_SQLITE}{folder / given.removeprefix(_SQLITE)}"
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
