"""Notice of a server's shutdown, which all of its processes receive."""

from __future__ import annotations

import os
import signal
import time
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from threading import Thread


class Notice:
    """Event that occurs once: given by the process that created it, or by its end, however sudden.

    It is the end of a pipe, which the kernel closes. Processes spawned with it can't give it.
    """

    def __init__(self) -> None:
        self._reader, self._writer = Pipe(duplex=False)

    def give(self) -> None:
        """Give the notice."""
        self._writer.close()

    def is_given(self) -> bool:
        """Return whether it was given."""
        return self._reader.poll()

    def leave(self, delay_s: float) -> None:
        """Have this process end some time after the notice was given.

        Args:
            delay_s: Seconds until then.
        """

        def wait() -> None:
            self._reader.poll(None)
            time.sleep(delay_s)
            os.kill(os.getpid(), signal.SIGTERM)

        Thread(target=wait, name="modelwire-notice", daemon=True).start()

    def __getstate__(self) -> Connection:
        return self._reader

    def __setstate__(self, reader: Connection) -> None:
        self._reader = reader
