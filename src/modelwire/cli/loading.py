"""Loading of modules and objects that stay as long as a command runs."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def loading() -> Iterator[None]:
    """Exempt what the block loads from garbage collection (Python, gc.freeze).

    The collector would go through all that is loaded again and again while it grows, which takes a
    sixth of the time until a server answers.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_enabled:
            gc.enable()
