"""Retries of transactions after contention."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
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
from .turns import WriteQueue, WriteTurn

T = TypeVar("T")

FIRST_RETRY = 2
"""Number of the first attempt that is a retry."""

FIRST_PAUSE_S = 0.01
"""Maximum length of the first pause in seconds, which doubles with each further pause."""

LONGEST_PAUSE_S = 0.5
"""Maximum length of any pause, in seconds."""


async def retry_contended(
    attempt: Callable[[], Awaitable[T]],
    met: Contention,
    *,
    begun_s: float,
    max_retries: int,
    patience_s: float,
    again: WriteQueue,
) -> T:
    """Retry a transaction after contention.

    The pauses are random, so that transactions that have met do not meet again. After a second
    contention, a transaction waits in a queue: otherwise, of many transactions that lock the same
    rows in different orders, and take longer than the pauses, none would succeed. Other errors are
    not retried, least of all an unknown outcome.

    Args:
        attempt: Runs the whole transaction, from BEGIN to COMMIT, without anything done before.
        met: The error of the first attempt.
        begun_s: The start of that attempt, by the monotonic clock.
        max_retries: The maximum number of retries.
        patience_s: Seconds after which there are no more retries.
        again: The queue of transactions that have met contention twice.

    Returns:
        The result of the attempt that succeeds.

    Raises:
        Contention: Every attempt has met contention.
    """
    first = [met]

    async def go_on() -> T:
        # For tenacity, which counts and waits, the failed attempt is the first one.
        if first:
            raise first.pop()
        count_retry()
        if retrying.statistics["attempt_number"] == FIRST_RETRY:
            return await attempt()
        async with WriteTurn(again, nullcontext()):
            return await attempt()

    left_s = patience_s - (time.monotonic() - begun_s)
    retrying = AsyncRetrying(
        retry=retry_if_exception_type(Contention),
        stop=stop_after_attempt(max_retries + 1) | stop_before_delay(left_s),
        wait=wait_random_exponential(FIRST_PAUSE_S, LONGEST_PAUSE_S),
        reraise=True,
    )
    return await retrying(go_on)
