"""Trying a transaction again that others were in the way of."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from tenacity import (
    AsyncRetrying,
    retry_if_exception_type,
    stop_after_attempt,
    stop_before_delay,
    wait_random_exponential,
)

from ...errors import Contention
from ...observe.exchange import count_retry
from .turns import WriteQueue

T = TypeVar("T")

FIRST_RETRY = 2
"""The number of the attempt that is the first one to be tried again."""

FIRST_PAUSE_S = 0.01
"""Seconds that the first pause takes at most; each one after it may take twice as many."""

LONGEST_PAUSE_S = 0.5
"""Seconds that no pause is longer than."""


async def retry_contended(
    attempt: Callable[[], Awaitable[T]],
    met: Contention,
    *,
    begun_s: float,
    max_retries: int,
    patience_s: float,
    again: WriteQueue,
) -> T:
    """Run a transaction again that others were in the way of.

    The pauses between are random, so that those who met once don't meet again. Who does so all the
    same, waits for a turn: of many transactions that lock the same rows in other orders, and that
    take longer than the pauses, none would get through otherwise. What has failed otherwise is not
    tried again, least of all what has an unknown outcome.

    Args:
        attempt: Runs the whole transaction, from BEGIN to COMMIT, with nothing done before it.
        met: What the first attempt has raised.
        begun_s: When that was begun, by the monotonic clock.
        max_retries: How often it is tried again at most.
        patience_s: Seconds after which it is not tried again.
        again: The turns of those that others were in the way of twice.

    Returns:
        What the attempt that succeeded has returned.

    Raises:
        Contention: Others were in the way each time.
    """
    first = [met]

    async def go_on() -> T:
        # The attempt that has failed is the first one for tenacity too, which counts and waits.
        if first:
            raise first.pop()
        count_retry()
        if retrying.statistics["attempt_number"] == FIRST_RETRY:
            return await attempt()
        await again.begin()
        try:
            return await attempt()
        finally:
            again.end()

    left_s = patience_s - (time.monotonic() - begun_s)
    retrying = AsyncRetrying(
        retry=retry_if_exception_type(Contention),
        stop=stop_after_attempt(max_retries + 1) | stop_before_delay(left_s),
        wait=wait_random_exponential(FIRST_PAUSE_S, LONGEST_PAUSE_S),
        reraise=True,
    )
    return await retrying(go_on)
