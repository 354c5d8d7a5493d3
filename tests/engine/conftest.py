"""Both stores, for every test of the engine that asks for one."""

from tests.stores import store, store_url

__all__ = ["store", "store_url"]
