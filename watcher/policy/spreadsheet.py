"""Reads CSV as spreadsheets write it: UTF-8 or Windows-1251, with commas, semicolons or tabs."""

import csv
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

_SIZE = 64 * 1024 * 1024


class TableError(ValueError):
    """A table that cannot be read at all; the text says why."""


def text_of(path: Path) -> tuple[str, list[str]]:
    """The file's text, and notes about it; spreadsheets write UTF-8 with a mark, or what Windows
    uses in Russia. Raises TableError.
    """
    try:
        if path.stat().st_size > _SIZE:
            raise TableError(f"{path}: larger than {_SIZE // 1024 // 1024} MiB")
        content = path.read_bytes()
    except OSError as error:
        raise TableError(f"{path}: cannot be read: {error.strerror}") from None
    try:
        return content.decode("utf-8-sig"), []
    except UnicodeDecodeError:
        pass
    try:
        return content.decode("cp1251"), ["it is not UTF-8 and was read as Windows-1251"]
    except UnicodeDecodeError:
        raise TableError(f"{path}: neither UTF-8 nor Windows-1251; save it as UTF-8") from None


def rows_of(text: str) -> Iterator[tuple[int, list[str]]]:
    """The heading, then every row that is not empty, each with the line on which it begins. Raises
    TableError.
    """
    delimiter = max(",;\t", key=text.split("\n", 1)[0].count)
    reader = csv.reader(StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        yield 1, next(reader, [])
        line = reader.line_num + 1
        for cells in reader:
            if any(map(str.strip, cells)):
                yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        raise TableError(f"line {reader.line_num}: {error}") from None
