"""Hooks that run after the commit."""

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
"""Maximum delay of a response for hooks after the commit, in seconds; slower ones go on."""

_DEFERRED = "modelwire.deferred"
"""Key of a session's `info` that holds hooks deferred to a later commit."""

_running: set[asyncio.Task[None]] = set()

Committed = tuple[Change, Sequence[Hook]]
"""Change, and the hooks to call once it is committed."""


def defer(session: BaseSession) -> list[Committed]:
    """Defer the hooks after a commit, where the session's writes are committed together with more.

    Args:
        session: The session.

    Returns:
        The hooks to run once all is committed; the list grows.
    """
    waiting: list[Committed] = []
    session.info[_DEFERRED] = waiting
    return waiting


async def run_after_commit(
    committed: Sequence[Committed], session: BaseSession, *, is_own: bool
) -> None:
    """Run the hooks after a commit, in order. Failures are logged, and change nothing.

    The hooks run to their end even if the request is cancelled: its write is committed.

    Args:
        committed: The changes, with their hooks.
        session: The session for the hooks.
        is_own: Whether it is theirs alone, and to be closed afterwards.
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
    """Wait for running hooks, for a process that would otherwise end before them."""
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
