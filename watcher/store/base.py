"""What can go wrong in the store, in words that tell the caller what to do next."""


class StoreError(Exception):
    """Every error that leaves the store."""


class StoreUnavailable(StoreError):
    """The database cannot take this now (gone, locked, full); try the whole step again later."""


class Unstorable(StoreError):
    """The database will never take these values; trying again does not help."""


class TooSlow(StoreUnavailable):
    """A query that would take too long; a narrower one may not."""


class UnknownField(StoreError):
    """A query names a field that the listed things do not have."""


class BadCursor(StoreError):
    """A cursor that no earlier page of this list gave out."""
