"""Reading an estate from a table, as spreadsheets write it."""

from pathlib import Path

import pytest

from watcher.model.estate import Estate, FoundHost, FoundService
from watcher.policy.estate.table import read_table
from watcher.policy.spreadsheet import TableError


def read(folder: Path, content: str | bytes, **columns: str) -> Estate:
    """What a table of this content says."""
    path = folder / "hosts.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_table(path, {name.replace("_", ":"): it for name, it in columns.items()},
                      services=True)  # fmt: skip


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1251"])
def test_a_table_is_read_as_spreadsheets_write_it(
    tmp_path: Path, delimiter: str, encoding: str
) -> None:
    """With any usual delimiter and encoding, and headings of its own."""
    rows = ["Имя|customer|Address|Aliases|OS|depends_on|tag:Role", "узел-1|acme|10.0.0.1|||sw1|db",
            "sw1|acme|||||", "||||||", '"b ""1"""||10.0.0.3|a b|Linux||']  # fmt: skip
    text = "\r\n".join(rows).replace("|", delimiter)
    found = read(tmp_path, text.encode(encoding), name="имя")

    assert (
        FoundHost(
            "2",
            "узел-1",
            "line 2",
            addresses=("10.0.0.1",),
            said="acme",
            tags=(("Role", "db"),),
            depends_on=("3",),
        ),
        FoundHost("3", "sw1", "line 3", said="acme"),
        FoundHost("5", 'b "1"', "line 5", ("a", "b"), ("10.0.0.3",), os="linux"),
    ) == found.hosts
    assert ("hosts.csv", ()) == (found.who, found.services)
    assert (encoding == "cp1251") is ("it is not UTF-8 and was read as Windows-1251" in found.notes)


def test_services_are_those_that_rows_name(tmp_path: Path) -> None:
    """One for each customer; what is said of it must agree."""
    found = read(
        tmp_path,
        "name,customer,service,criticality\n"
        'a,acme,"shop, mail",3\nb,acme,shop,\nc,globex,shop,1\nd,acme,mail,4\ne,acme,wiki,high\n',
    )

    assert (
        FoundService("acme/shop", "shop", "line 2", ("2", "3"), said="acme", criticality=3),
        FoundService("acme/mail", "mail", "line 2", ("2", "5"), said="acme"),
        FoundService("globex/shop", "shop", "line 4", ("4",), said="globex", criticality=1),
        FoundService("acme/wiki", "wiki", "line 6", ("6",), said="acme"),
    ) == found.services
    assert (
        "lines 2, 5: the criticality of mail is 3 and 4; it should be one number from 1 to 4",
        "lines 6: the criticality of wiki is high; it should be one number from 1 to 4",
    ) == found.notes


def test_rows_that_cannot_be_read_are_named_and_left_out(tmp_path: Path) -> None:
    """By the line on which they begin; so are columns that say nothing."""
    found = read(tmp_path, 'name,Rack\n"two\nlines",A\n,B\nc,C,surplus\nd,D,\n')

    assert ["two\nlines", "d"] == [each.name for each in found.hosts]
    assert (
        "columns that say nothing to Watcher: Rack",
        "line 4: it has no name and is left out",
        "line 5: more cells than the heading has; it is left out",
    ) == found.notes


@pytest.mark.parametrize(
    ("content", "columns", "said"),
    [
        ("", {}, "no column is called `name`.*unknown columns: none"),
        ("Host,Rack\na,b\n", {}, "no column is called `name`.*--column name=Host.*Host, Rack"),
        ("Host,Rack\na,b\n", {"name": "Hots"}, "line 1: there is no column Hots"),
        ("name,Name\na,b\n", {}, "line 1: there are two columns name"),
        ('name\n"a\n', {}, "line 2: unexpected end of data"),
        (b"name\n\x98\xff\n", {}, "neither UTF-8 nor Windows-1251"),
    ],
)
def test_a_table_that_cannot_be_read_says_why(
    tmp_path: Path, content: str | bytes, columns: dict[str, str], said: str
) -> None:
    """With the line, and what to do."""
    with pytest.raises(TableError, match=said):
        read(tmp_path, content, **columns)


def test_a_table_that_is_not_there_or_too_large_is_refused(tmp_path: Path) -> None:
    """Before it fills the memory."""
    (tmp_path / "large.csv").touch()
    with (tmp_path / "large.csv").open("r+b") as file:
        file.truncate(65 * 1024 * 1024)

    with pytest.raises(TableError, match="No such file"):
        read_table(tmp_path / "none.csv", {}, services=True)
    with pytest.raises(TableError, match="larger than 64 MiB"):
        read_table(tmp_path / "large.csv", {}, services=True)
