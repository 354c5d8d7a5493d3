"""Where rules, runbooks and integrations that come with Watcher lie, checked out or installed."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent.parent


def shipped(name: str) -> Path:
    """The shipped folder of this name. Raises FileNotFoundError."""
    for folder in (_PACKAGE / "_shipped" / name, _PACKAGE.parent / name):
        if folder.is_dir():
            return folder
    raise FileNotFoundError(f"Watcher was installed without its folder {name!r}")
