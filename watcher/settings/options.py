"""What a file may say for the options of an adapter, which its own dataclass declares."""

from collections.abc import Mapping
from dataclasses import MISSING, fields
from types import ModuleType
from typing import Annotated, Any, get_type_hints

from pydantic import AfterValidator, Field, create_model

from watcher.kit.secrets import Secret
from watcher.policy.problems import Place, Problems, checked
from watcher.policy.references import SecretRef, TextRef
from watcher.policy.values import FilePath, Names, Strict

PathText = Annotated[FilePath, AfterValidator(str)]


def read_options(
    place: Place, module: ModuleType, context: Mapping[str, object], problems: Problems
) -> Any:
    """The adapter's own options; None where they are unsound, which is noted."""
    model = options_model(module.Options)
    given = checked(place.document, model, problems, context, place.location)
    if given is None:
        return None
    try:
        return module.Options(**dict(given))
    except ValueError as error:
        problems.error(place, f"options: {error}")
        return None


def options_model(options: type[Any]) -> type[Strict]:
    """What a file may say for this dataclass: secrets by reference, files relative to the file."""
    hints = get_type_hints(options)
    known: dict[str, Any] = {
        field.name: (_written(field.name, hints[field.name]), _default(field))
        for field in fields(options)
        if field.init
    }
    return create_model("Options", __base__=Strict, **known)


def _default(field: Any) -> Any:
    if field.default_factory is not MISSING:
        return Field(default_factory=field.default_factory)
    return ... if field.default is MISSING else field.default


def _written(name: str, hint: Any) -> Any:
    """How a value of that type is written in a file."""
    if hint is str:
        return PathText if name.endswith("_file") else TextRef
    return {
        Secret: SecretRef,
        Secret | None: SecretRef | None,
        tuple[str, ...]: Names,
    }.get(hint, hint)
