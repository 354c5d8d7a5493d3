"""What both processes have of the settings: the store, the rules as they are now, and who is told
what.
"""

from contextlib import suppress
from functools import partial
from multiprocessing import get_context

from watcher.decide.answers import Listeners
from watcher.engine.reload import InForce
from watcher.settings import Settings, reload_policy
from watcher.store.base import StoreError
from watcher.store.store import Store

# Twice that is the most it takes for a change to be in force.
RULES_EVERY = 1.0


def open_store(settings: Settings, *, apart: bool = False) -> Store:
    """The store in its present shape. Raises StoreUnavailable.

    What is needed to give it that shape is 10 MB; `apart`, a process that ends with it loads them,
    for which there may be no threads yet.
    """
    store = Store.open(settings.database_url)
    present, wanted = store.revision()
    if present != wanted:
        if apart:
            store.close()
            _upgrade_apart(settings)
            # What went wrong there goes wrong here as well, and is said.
            return open_store(settings)
        store.upgrade()
    return store


def _upgrade_apart(settings: Settings) -> None:
    def upgrade() -> None:
        with suppress(StoreError):
            open_store(settings).close()

    process = get_context("fork").Process(target=upgrade)
    process.start()
    process.join()


def listeners_of(settings: Settings) -> Listeners:
    """The sources that are told what people decide."""
    monitors = (source.monitor for source in settings.sources)
    return {each.source: each.answers for each in monitors if each and each.answers}


def rules_of(settings: Settings) -> InForce:
    """The rules, to be read anew when their files change."""
    return InForce(settings.policy, settings.rules, partial(reload_policy, settings))
