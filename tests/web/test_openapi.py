"""The API against its own description: whatever is sent, it answers as it says it would."""

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from openapi_spec_validator import validate
from schemathesis import GenerationMode
from schemathesis.config import SchemathesisConfig
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import positive_data_acceptance
from schemathesis.specs.openapi.schemas import OpenApiSchema

from tests.web.world import World
from watcher.model.person import Role

OPERATIONS = 68
# What is wrong may be refused for its size before anybody reads it.
REFUSALS = [400, 401, 403, 404, 405, 406, 409, 413, 415, 422, 428, 429]
CONFIG = {"checks": {"negative_data_rejection": {"expected-statuses": REFUSALS}}}
# No JSON Schema says what a matcher, a cursor, a zone or a rule of repetition is, so here a text
# that fits it may be refused.
LISTS = {
    f"/api/v1/{kind}"
    for kind in (
        "incidents",
        "alerts",
        "deliveries",
        "actions",
        "runs",
        "maintenance",
        "mutes",
        "articles",
        "changes",
        "problems",
    )
}
_FUZZ = settings(
    max_examples=7,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture
def headers(world: World) -> dict[str, str]:
    """Of somebody who may do everything."""
    return {"Authorization": f"Bearer {world.token(Role.ADMINISTRATOR)}"}


@pytest.fixture
def described(world: World, headers: dict[str, str]) -> OpenApiSchema:
    """The API with its own description."""
    path, config = "/api/v1/openapi.json", SchemathesisConfig.from_dict(CONFIG)
    return schemathesis.openapi.from_asgi(path, world.app, config=config, headers=headers)


@pytest.mark.parametrize("mode", GenerationMode)
def test_every_answer_is_as_described(
    described: OpenApiSchema, headers: dict[str, str], mode: GenerationMode
) -> None:
    """Never a 500; statuses, headers and bodies conform; what is right is taken, wrong refused."""
    operations = [
        found.ok()
        for found in described.include(path_regex="^/api/").get_all_operations()
        if isinstance(found, Ok)
    ]
    for operation in operations:
        _try(operation, mode, headers)

    assert OPERATIONS == len(operations)


def _try(operation: Any, mode: GenerationMode, headers: dict[str, str]) -> None:
    beyond: list[Any] = [positive_data_acceptance] if operation.path in LISTS else []

    @_FUZZ
    @given(case=operation.as_strategy(generation_mode=mode))
    def answers(case: Any) -> None:
        case.call_and_validate(headers=headers, excluded_checks=beyond)

    answers()


def test_the_description_is_valid(world: World, headers: dict[str, str]) -> None:
    """By the rules of OpenAPI 3.1."""
    validate(world.client(**headers).get("/api/v1/openapi.json").json())
