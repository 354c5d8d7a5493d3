"""How often Python looks for garbage that refers to itself."""

import gc

# Requests and batches make many objects, but hardly any rings of them.
_NEW_OBJECTS = 20_000


def relax() -> None:
    """To be called when all is loaded: what is there now stays, and is not looked through again;
    the rest is looked through less often.
    """
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS, 20, 50)
