"""A test alert on the real way, from a monitoring system that does not tell our answer to it: it is
looked for in the store by a mark of its own.
"""

from collections.abc import Callable
from secrets import token_hex
from threading import Event

import typer

from watcher.cli._common import fail, local_url, store_of
from watcher.cli.connect._arrival import AGAIN, runs
from watcher.cli.connect._shared import Chosen
from watcher.kit.clock import Clock
from watcher.model.matcher import Matcher, Operator
from watcher.monitors.base import MonitorError
from watcher.store.query import Query
from watcher.store.store import Store

_PATIENCE = 20.0
_PAUSE = 0.2

# What may be wrong between the monitoring system and Watcher, and what to do.
_REMEDIES = {
    "401": "Watcher runs with another secret than the configuration says: start it anew",
    "404": "there is no such source: start Watcher anew, or correct `public_url`",
    "30": "`public_url` must be the final address",
}


def send_test(chosen: Chosen, send: Callable[[str], None], patience: float = _PATIENCE) -> None:
    """Says that a test has arrived; else ends the command with where it got lost and the remedy.

    `send` has it posted with the mark that it is given, and raises MonitorError.
    """
    own = local_url(chosen.settings)
    if not runs(own):
        fail(f"not tested: Watcher does not answer at {own}; start `watcher serve`{AGAIN}")
    mark = f"Watcher: test of {chosen.source.name}, {token_hex(8)}"
    try:
        send(mark)
    except MonitorError as error:
        found = (remedy for status, remedy in _REMEDIES.items() if f" {status}" in str(error))
        remedy = next(found, "is it reached from there? Correct `public_url` or the firewall")
        fail(f"not tested: {error}; {chosen.hook}: {remedy}{AGAIN}")
    clock, pause = Clock(), Event()
    begun = clock.monotonic()
    with store_of(chosen.settings) as store:
        while (number := _find(store, chosen, mark.encode())) is None:
            if clock.monotonic() - begun > patience:
                fail(
                    f"not tested: {chosen.hook} took the test alert, but it is not here: is that "
                    f"another Watcher? Correct `public_url`{AGAIN}"
                )
            pause.wait(_PAUSE)
    typer.echo(f"A test alert has arrived: delivery {number}.")


def _find(store: Store, chosen: Chosen, mark: bytes) -> int | None:
    """The delivery of our source that carries the mark."""
    source = chosen.source
    matcher = Matcher("source", Operator.EQUAL, source.name)
    with store.view() as view:
        for listed in view.delivery_list(Query((matcher,), source.customer, limit=20)).items:
            delivery = view.raw_delivery(listed.id, source.customer)
            if delivery is not None and mark in delivery.body:
                return listed.id
    return None
