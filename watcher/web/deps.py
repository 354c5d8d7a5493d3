"""What the pages and the API are handed by the composition root."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends, Request

from watcher.decide.answers import Listeners
from watcher.decide.flapping import Spell, hold_for, spell_of
from watcher.engine.command import Desk
from watcher.engine.reload import InForce
from watcher.kit.clock import Clock
from watcher.kit.metrics import Metrics
from watcher.model.alert import Alert
from watcher.model.catalogue import Catalogue
from watcher.model.concern import Watched
from watcher.model.runbook import Runbook
from watcher.store.store import Store
from watcher.trackers.base import Tracker


@dataclass(frozen=True)
class Deps:
    """Everything from outside. `public_url` is where people find Watcher, without a slash at its
    end; `wake` tells the worker that a command left it something to do; `runbooks` are those that
    may run; `secrets` are never shown; `sources` post alerts; the `listeners` are told what people
    decide; `trackers` keep what they agree to do.
    """

    store: Store
    clock: Clock
    public_url: str
    metrics: Metrics
    rules: InForce
    catalogue: Catalogue
    wake: Callable[[], None]
    runbooks: Mapping[str, Runbook] = field(default_factory=dict)
    secrets: tuple[str, ...] = field(default=(), repr=False)
    sources: tuple[Watched, ...] = ()
    listeners: Listeners = field(default_factory=dict)
    trackers: tuple[Tracker, ...] = ()

    def spell(self, alert: Alert) -> Spell | None:
        """How the condition flaps now, under the rules as they are now."""
        return spell_of(alert, hold_for(alert, self.rules.policy), self.clock.now())

    @property
    def desk(self) -> Desk:
        """Where people's commands are carried out, under the rules as they are now."""
        return Desk(
            store=self.store,
            clock=self.clock,
            policy=self.rules.policy,
            catalogue=self.catalogue,
            wake=self.wake,
            listeners=self.listeners,
            trackers=self.trackers,
        )


async def deps_of(request: Request) -> Deps:
    """The parts that this application was built with."""
    deps: Deps = request.app.state.deps
    return deps


Parts = Annotated[Deps, Depends(deps_of)]
