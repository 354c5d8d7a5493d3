"""Resolves secrets, which stand in files by reference only: `{env: NAME}` or `{file: PATH}`."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Annotated

from pydantic import PlainValidator, ValidationInfo

from watcher.kit.secrets import Secret
from watcher.policy.values import resolve_path

_HOW = "a secret is given by reference: {env: NAME} or {file: PATH}"


class Secrets:
    """Where references lead, and every value that was found, to be kept out of all output.

    A file that is `awaited` may be missing: what it will hold is empty as yet.
    """

    def __init__(self, env: Mapping[str, str], awaited: Collection[Path] = ()) -> None:
        self._env = env
        self._awaited = awaited
        self.found: set[str] = set()

    def resolve(self, value: object, info: ValidationInfo) -> str:
        """The value behind a reference. Raises ValueError, which never holds a value."""
        match value:
            case {"env": str(name), **rest} if not rest:
                text = self._from_env(name)
            case {"file": str(name), **rest} if not rest:
                path = resolve_path(name, info)
                if path in self._awaited and not path.exists():
                    return ""
                text = _from_file(path)
            case _:
                raise ValueError(_HOW)
        self.found.add(text)
        return text

    def _from_env(self, name: str) -> str:
        if text := self._env.get(name):
            return text
        raise ValueError(f"the environment variable {name} is not set")


def _from_file(path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8").rstrip("\r\n")
    except OSError as error:
        raise ValueError(f"the secret file {path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ValueError(f"the secret file {path} is not UTF-8 text") from None
    if not text:
        raise ValueError(f"the secret file {path} is empty")
    return text


def _collector(info: ValidationInfo) -> Secrets:
    secrets: Secrets = (info.context or {})["secrets"]
    return secrets


def _secret(value: object, info: ValidationInfo) -> Secret:
    return Secret(_collector(info).resolve(value, info))


def _text(value: object, info: ValidationInfo) -> str:
    if isinstance(value, Mapping):
        return _collector(info).resolve(value, info)
    if isinstance(value, str):
        return value
    raise ValueError("should be text, or a reference: {env: NAME} or {file: PATH}")


Reference = dict[str, str]
SecretRef = Annotated[Secret, PlainValidator(_secret, json_schema_input_type=Reference)]
TextRef = Annotated[str, PlainValidator(_text, json_schema_input_type=str | Reference)]
