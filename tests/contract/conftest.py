"""Both stores, for every test of the contract."""

from tests.stores import postgres_store, store, store_url

__all__ = ["postgres_store", "store", "store_url"]
