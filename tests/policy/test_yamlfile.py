"""The strict YAML loader: what a value is, what is refused, and on which line."""

from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict, field_validator

from watcher.policy.yamlfile import Document, YamlError, check, load


def written(folder: Path, text: str | bytes) -> Path:
    """A file with this content."""
    path = folder / "file.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def refusal(folder: Path, text: str | bytes) -> tuple[int, str]:
    """Line and message of the error that this content gives."""
    path = written(folder, text)
    with pytest.raises(YamlError) as caught:
        load(path)

    assert path == caught.value.file
    assert f"{path}:{caught.value.line}: {caught.value.message}" == str(caught.value)
    return caught.value.line, caught.value.message


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("false", False),
        ("no", "no"),
        ("on", "on"),
        ("True", "True"),
        ("~", None),
        ("null", None),
        ("", None),
        ("Null", "Null"),
        ("7", 7),
        ("-0", 0),
        ("0755", "0755"),
        ("0x10", "0x10"),
        ("1_000", "1_000"),
        ("+5", "+5"),
        ("1:30", "1:30"),
        ("1.5", 1.5),
        ("3.10", 3.1),
        ("1e3", "1e3"),
        (".inf", ".inf"),
        ("2026-11-22", "2026-11-22"),
        ("=", "="),
        ("'true'", "true"),
        ("10s", "10s"),
    ],
)
def test_only_the_types_of_yaml_1_2_are_implied(tmp_path: Path, text: str, value: object) -> None:
    """A plain scalar is a boolean, null or decimal number only in YAML 1.2's few spellings."""
    document = load(written(tmp_path, f"v: {text}\n"))

    assert {"v": value} == document.data


def test_keys_are_read_like_values(tmp_path: Path) -> None:
    """The key `on` is the string `on`, not true."""
    assert load(written(tmp_path, "on: 1\nyes: 2\n")).data == {"on": 1, "yes": 2}


def test_the_parent_loader_is_left_alone() -> None:
    """Strictness here does not change what PyYAML's own loaders do for others."""
    import yaml  # noqa: PLC0415 - only this test looks at PyYAML itself

    assert yaml.load("on: yes", Loader=yaml.CSafeLoader) == {True: True}


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("a: 1\nb: 2\na: 3\n", 3, "duplicate key 'a'"),
        ("a:\n  - b: 1\n    b: 2\n", 3, "duplicate key 'b'"),
        ("a: &x {b: 1}\nc:\n  <<: *x\n", 3, "merge keys (<<) are not supported"),
        ("a: 1\n[1, 2]: 3\n", 2, "a key must be a plain value"),
        ("a: 1\n{b: 1}: 3\n", 2, "a key must be a plain value"),
        ("a: 1\nb: &x\n  - *x\n", 2, "an alias stands inside the value that it names"),
        ("a: 1\n---\nb: 2\n", 2, "but found another document"),
        ("a: 1\nb: [1, 2\n", 3, "did not find expected ',' or ']'"),
        ("a: 1\n\tb: 2\n", 2, "found a tab character that violates indentation"),
        (
            "a: 1\nb: !!python/object:os.system x\n",
            2,
            "could not determine a constructor for the tag "
            "'tag:yaml.org,2002:python/object:os.system'",
        ),
        ("a: 1\nb: \x00\n", 2, "there is a character here that YAML forbids"),
        (b"a: 1\nb: \xff\n", 2, "this is not UTF-8"),
    ],
)
def test_what_is_refused_and_where(
    tmp_path: Path, text: str | bytes, line: int, message: str
) -> None:
    """A file that could be misread is refused with the line of the culprit."""
    assert (line, message) == refusal(tmp_path, text)


def test_a_file_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    """A missing file is an error like any other, not a traceback."""
    with pytest.raises(YamlError, match=r"file\.yaml:1: cannot be read: No such file or directory"):
        load(tmp_path / "file.yaml")


def test_a_deep_file_is_refused(tmp_path: Path) -> None:
    """Ten thousand brackets are a refusal, not the end of the process."""
    text = "[" * 10_000 + "]" * 10_000

    assert refusal(tmp_path, text) == (1, "the values are nested too deeply")


def test_a_billion_laughs_are_refused(tmp_path: Path) -> None:
    """Aliases of aliases of aliases do not fill the memory."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]

    assert refusal(tmp_path, "\n".join(lines))[1] == "more than 300000 values, aliases included"


def test_every_value_knows_its_line(tmp_path: Path) -> None:
    """A value stands where its key stands; what is missing stands where it would be held."""
    text = "# a comment\na: 1\nb:\n  c:\n    - d\n    - e: &x\n        f: 1\n7: *x\n"
    document = load(written(tmp_path, text))

    assert document.line(()) == 2
    assert document.line(("a",)) == 2
    assert document.line(("b", "c")) == 4
    assert document.line(("b", "c", 1, "e")) == 6
    assert document.line(("b", "c", 1, "e", "f")) == 7
    assert document.line(("b", "c", 1, "missing", "deeper")) == 6
    assert document.line((7, "f")) == 7
    assert load(written(tmp_path, "")).line(("a",)) == 1


class Leaf(BaseModel):
    model_config = ConfigDict(extra="forbid")

    timeout: int
    name: str = ""

    @field_validator("name")
    @classmethod
    def short(cls, value: str) -> str:
        if len(value) > 3:
            raise ValueError("a name has at most three letters")
        return value


class Tree(BaseModel):
    model_config = ConfigDict(extra="forbid")

    leaves: list[Leaf] = []
    named: dict[str, Leaf | None] = {}


def complaints(document: Document) -> list[tuple[int, str]]:
    """Line and message of everything that keeps this document from being a Tree."""
    with pytest.raises(ExceptionGroup) as caught:
        check(document, Tree)
    errors = caught.value.exceptions
    return [(error.line, error.message) for error in errors if isinstance(error, YamlError)]


def test_a_valid_document_becomes_its_model(tmp_path: Path) -> None:
    """What pydantic accepts is returned as the model."""
    document = load(written(tmp_path, "leaves:\n  - timeout: 5\n"))

    assert Tree(leaves=[Leaf(timeout=5)]) == check(document, Tree)


def test_all_complaints_come_at_once_with_line_and_suggestion(tmp_path: Path) -> None:
    """Every error of a file is reported, at its own line, and a misspelt key with the right one."""
    text = """\
leaves:
  - timout: 5
  - timeout: soon
    name: abcd
named:
  x:
    timeout: 1
    nmae: b
    zzzzzz: 1
leafs: []
"""
    assert complaints(load(written(tmp_path, text))) == [
        (2, "'timeout' is missing in leaves.0"),
        (2, "unknown key 'timout' in leaves.0; did you mean 'timeout'?"),
        (3, "leaves.1.timeout: should be a whole number"),
        (4, "leaves.1.name: a name has at most three letters"),
        (8, "unknown key 'nmae' in named.x; did you mean 'name'?"),
        (9, "unknown key 'zzzzzz' in named.x"),
        (10, "unknown key 'leafs'; did you mean 'leaves'?"),
    ]


def test_a_document_of_another_kind_is_one_complaint(tmp_path: Path) -> None:
    """A list where a mapping belongs is said at the top of the file."""
    assert complaints(load(written(tmp_path, "- 1\n"))) == [
        (1, "should be a mapping of keys to values")
    ]


def test_one_part_of_a_document_can_be_checked_alone(tmp_path: Path) -> None:
    """Complaints about a part name its place in the whole document."""
    document = load(written(tmp_path, "leaves:\n  - timeout: 5\n  - timeout: soon\n"))

    with pytest.raises(ExceptionGroup) as caught:
        check(document, Leaf, at=("leaves", 1))
    (error,) = caught.value.exceptions

    assert isinstance(error, YamlError)
    assert (error.line, error.message) == (3, "leaves.1.timeout: should be a whole number")
    assert error.location == ("leaves", 1, "timeout")
