"""What runs once a write is committed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import cast

from sqlalchemy.ext.asyncio import AsyncSession as BaseSession
from sqlmodel.ext.asyncio.session import AsyncSession

from ...hooks import Change, Hook
from .calls import call_hook, name_hook

logger = logging.getLogger("modelwire")

WAIT_S = 1.0
"""Seconds that an answer waits for what runs after the commit. What takes longer goes on."""

_DEFERRED = "modelwire.deferred"
"""Where a session has what waits for a later commit."""

_running: set[asyncio.Task[None]] = set()

Committed = tuple[Change, Sequence[Hook]]
"""What was written, and the hooks that are told once it is committed."""


def defer(session: BaseSession) -> list[Committed]:
    """Have what runs after a commit wait, where what a session commits is committed with more.

    Args:
        session: The session.

    Returns:
        What is to run once all is committed; it grows.
    """
    waiting: list[Committed] = []
    session.info[_DEFERRED] = waiting
    return waiting


async def run_after_commit(
    committed: Sequence[Committed], session: BaseSession, *, is_own: bool
) -> None:
    """Run the hooks after a commit, in order. What fails is logged, and changes nothing.

    They run to their end where the request is cancelled meanwhile: it is committed.

    Args:
        committed: What was written, with the hooks.
        session: What hooks work with.
        is_own: Whether it is theirs alone, and closed when they have ended.
    """
    if not committed:
        if is_own:
            await session.close()
        return
    deferred = session.info.get(_DEFERRED)
    if deferred is not None:
        deferred += committed
        return
    task = asyncio.ensure_future(_run(committed, cast(AsyncSession, session), is_own=is_own))
    _running.add(task)
    task.add_done_callback(_running.discard)
    await asyncio.wait([task], timeout=WAIT_S if is_own else None)


async def wait_for_hooks() -> None:
    """Wait for the hooks that are still running, where nothing else would let them end."""
    if _running:
        await asyncio.wait(_running)


async def _run(committed: Sequence[Committed], session: AsyncSession, *, is_own: bool) -> None:
    try:
        for change, hooks in committed:
            for hook in hooks:
                if not await _succeeds(hook, replace(change, session=session)) and is_own:
                    await session.rollback()
    finally:
        if is_own:
            await session.close()


async def _succeeds(hook: Hook, change: Change) -> bool:
    try:
        await call_hook(hook, change)
    except Exception:
        logger.exception(
            "%s, which runs after the commit of the %s of %s, has failed",
            name_hook(hook),
            change.operation,
            change.model.__name__,
        )
        return False
    return True
