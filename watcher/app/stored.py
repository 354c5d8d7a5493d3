"""What both processes have of the settings: the store, the rules as they are now, and who is told
what.
"""

from functools import partial

from watcher.decide.answers import Listeners
from watcher.engine.reload import InForce
from watcher.settings import Settings, reload_policy
from watcher.store.store import Store

# Twice that is the most it takes for a change to be in force.
RULES_EVERY = 1.0


def open_store(settings: Settings) -> Store:
    """The store in its present shape. Raises StoreUnavailable."""
    store = Store.open(settings.database_url)
    present, wanted = store.revision()
    if present != wanted:
        store.upgrade()
    return store


def listeners_of(settings: Settings) -> Listeners:
    """The sources that are told what people decide."""
    monitors = (source.monitor for source in settings.sources)
    return {each.source: each.answers for each in monitors if each and each.answers}


def rules_of(settings: Settings) -> InForce:
    """The rules, to be read anew when their files change."""
    return InForce(settings.policy, settings.rules, partial(reload_policy, settings))
