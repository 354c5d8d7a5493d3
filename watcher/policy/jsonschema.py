"""Makes a JSON Schema of a model of a file, by which editors check and complete what is written."""

from datetime import timedelta
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from watcher.policy.values import write_duration

# Names of classes, and bounds of what is written as text: no editor can use them.
_USELESS = frozenset(("title", "gt", "ge", "lt", "le"))


def schema_of(model: type[BaseModel], title: str) -> dict[str, Any]:
    """The schema of a file, in the draft that all editors know."""
    found: dict[str, Any] = _useful(model.model_json_schema(schema_generator=_Lean))
    return {"$schema": "http://json-schema.org/draft-07/schema#", "title": title, **found}


class _Lean(GenerateJsonSchema):
    """Whoever does not want a key leaves it out, so that nothing is said of null."""

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        """What it is if it is there."""
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        """Nothing is no default worth telling."""
        if self.get_default_value(schema) is None:
            return self.generate_inner(schema["schema"])
        return super().default_schema(schema)

    def encode_default(self, dft: Any) -> Any:
        """Durations as they are written."""
        return write_duration(dft) if isinstance(dft, timedelta) else super().encode_default(dft)


def _useful(node: Any) -> Any:
    if isinstance(node, list):
        return [_useful(each) for each in node]
    if not isinstance(node, dict):
        return node
    # A key of the same name is described by a mapping.
    return {
        key: _useful(value)
        for key, value in node.items()
        if key not in _USELESS or isinstance(value, dict)
    }
