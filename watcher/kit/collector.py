"""How often Python looks for garbage that refers to itself."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

# Requests and batches make many objects, but hardly any rings of them.
_NEW_OBJECTS = 20_000


@contextmanager
def loading() -> Iterator[None]:
    """Looks for no garbage meanwhile: modules make many objects, which all stay."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def relax() -> None:
    """To be called when all is loaded: what is there now stays, and is not looked through again;
    the rest is looked through less often.
    """
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS, 20, 50)
