"""Puts reviewed files in place: all or none, each as a whole, and back again."""

import os
from collections.abc import Mapping
from pathlib import Path


class Placed:
    """Files as they are put in place, with what stood there before."""

    def __init__(self, files: Mapping[Path, bytes]) -> None:
        self._files = dict(files)
        self._before: dict[Path, bytes | None] = {}
        self._made: list[Path] = []

    def put(self) -> None:
        """Writes every file; raises OSError, and then none is changed."""
        try:
            for path, content in self._files.items():
                if not path.parent.exists():
                    path.parent.mkdir()
                    self._made.append(path.parent)
                self._before[path] = path.read_bytes() if path.exists() else None
                _write(path, content)
        except OSError:
            self.take_back()
            raise

    def take_back(self) -> None:
        """Puts back what stood there before."""
        for path, before in self._before.items():
            if before is None:
                path.unlink(missing_ok=True)
            elif path.read_bytes() != before:
                _write(path, before)
        for folder in self._made:
            folder.rmdir()


def _write(path: Path, content: bytes) -> None:
    """A reader finds the old file or the new one, also after a power cut."""
    beside = path.with_name(f".{path.name}.new")
    try:
        with beside.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
