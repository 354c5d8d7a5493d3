"""Both stores, for every test of the engine that asks for one."""

from tests.stores import postgres_store, store, store_url

__all__ = ["postgres_store", "store", "store_url"]
