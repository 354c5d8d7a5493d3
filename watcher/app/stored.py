"""Opens the store that the settings name."""

from watcher.settings import Settings
from watcher.store.store import Store


def open_store(settings: Settings) -> Store:
    """The store in its present shape. Raises StoreUnavailable."""
    store = Store.open(settings.database_url)
    present, wanted = store.revision()
    if present != wanted:
        store.upgrade()
    return store
