"""What machines ask about Watcher itself: is it ready, how much, and what API."""

from collections import Counter
from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

from watcher.kit.metrics import CONTENT_TYPE
from watcher.store.views import View
from watcher.web.deps import Parts
from watcher.web.guard import ForbiddenError, Viewer
from watcher.web.health import Check, checks

router = APIRouter()


# Answered in front of this application, which need not even be loaded for it.
_ALIVE: dict[str, Any] = {
    "get": {
        "summary": "Whether the process is alive; asks nothing else.",
        "operationId": "healthz",
        "responses": {
            "200": {
                "description": "It is",
                "content": {
                    "application/json": {
                        "schema": {
                            "type": "object",
                            "properties": {"status": {"const": "alive"}},
                            "required": ["status"],
                        }
                    }
                },
            }
        },
    }
}


class Ready(BaseModel):
    """Whether incidents are being made, and each thing that this depends on, in words."""

    ready: bool
    checks: dict[str, Check]


@router.get("/readyz", responses={503: {"model": Ready, "description": "Not ready"}})
def readyz(parts: Parts, response: Response) -> Ready:
    """Whether the store answers, its schema is current and a worker has been seen lately."""
    found = checks(parts)
    ready = all(check.ok for check in found.values())
    response.status_code = 200 if ready else 503
    return Ready(ready=ready, checks=found)


@router.get("/metrics", include_in_schema=False)
def metrics(parts: Parts, by: Viewer) -> Response:
    """The metrics of this process and of the store, in Prometheus' text format."""
    if by.customer is not None:
        raise ForbiddenError("metrics are about all customers, and this token is for one")
    with parts.store.view() as view:
        counts = view.counts()
        _sources(parts, view)
    for status, number in counts.incidents.items():
        parts.metrics.incidents.labels(status).set(number)
    for state, number in counts.actions.items():
        parts.metrics.actions.labels(state).set(number)
    parts.metrics.rules_loaded.set(len(parts.rules.policy.rules))
    parts.metrics.rules_last_reload_success.set(not parts.rules.problems)
    parts.metrics.deliveries_pending.set(counts.pending)
    parts.metrics.deliveries_dead.set(counts.dead)
    return Response(parts.metrics.render(), media_type=CONTENT_TYPE)


def _sources(parts: Parts, view: View) -> None:
    """What is known of sources that spoke, or were asked."""
    metrics, now = parts.metrics, parts.clock.now()
    for name, state in view.sources().items():
        if state.heard.at is not None:
            metrics.source_delivered.labels(name).set(state.heard.at.timestamp())
        if state.asked.at is not None:
            metrics.source_up.labels(name).set(not state.asked.trouble)
        if state.asked.complete_at is not None:
            metrics.source_reconciled.labels(name).set(state.asked.complete_at.timestamp())
            metrics.source_lag.labels(name).set((now - state.asked.complete_at).total_seconds())
    drift: Counter[tuple[str, ...]] = Counter()
    for each in view.missed():
        drift[each.source, each.kind.value] += each.count
    metrics.source_drift.values = drift


@router.get("/api/v1/openapi.json", include_in_schema=False)
async def openapi(request: Request, by: Viewer) -> dict[str, Any]:
    """The description of this API."""
    document: dict[str, Any] = request.app.openapi()
    return document | {"paths": {"/healthz": _ALIVE, **document["paths"]}}
