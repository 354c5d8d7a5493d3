"""Both stores, for every test of the contract."""

from tests.stores import store, store_url

__all__ = ["store", "store_url"]
