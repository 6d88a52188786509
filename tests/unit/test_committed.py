"""Hooks that run after a commit: on which session, for how long, and what their failures change."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from modelwire.execute.hooks import committed as committed_module
from modelwire.execute.hooks.committed import defer, run_after_commit, wait_for_hooks
from modelwire.execute.hooks.run import HookRun, _Written
from modelwire.hooks import Change
from tests.plan.depot import DEPOT
from tests.zoo import Group


class Session:
    """A session that notes how it ends."""

    def __init__(self) -> None:
        self.info: dict[str, object] = {}
        self.events: list[str] = []
        self.may_go_on = asyncio.Event()
        self.may_go_on.set()

    async def rollback(self) -> None:
        self.events.append("rolled back")

    async def close(self) -> None:
        self.events.append("closed")

    async def note(self, change: Any) -> None:
        assert change.session is self
        self.events.append("called")
        await self.may_go_on.wait()

    async def fail(self, change: Any) -> None:
        await self.note(change)
        raise ZeroDivisionError

    def changed(self, *hooks: Any) -> list[tuple[Change, Any]]:
        """Make a change for each hook."""
        earlier: Any = SimpleNamespace()
        return [(Change(Group, "create", (), earlier), [hook]) for hook in hooks]


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


@pytest.mark.parametrize("is_own", [True, False])
async def test_a_session_of_their_own_is_closed(is_own: bool) -> None:
    """That of an endpoint goes on."""
    session: Any = Session()
    await run_after_commit(session.changed(session.note), session, is_own=is_own)
    assert session.events == ["called", *["closed"] * is_own]
    unused: Any = Session()
    await run_after_commit([], unused, is_own=is_own)
    assert unused.events == ["closed"] * is_own


@pytest.mark.parametrize("is_own", [True, False])
async def test_a_failure_keeps_no_other_hook_from_running(
    is_own: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """It is logged; what it has left in a session of theirs is rolled back."""
    session: Any = Session()
    hooks = session.changed(session.fail, session.note)
    await run_after_commit(hooks, session, is_own=is_own)
    ends = ["called", "rolled back", "called", "closed"] if is_own else ["called", "called"]
    assert session.events == ends
    (record,) = caplog.records
    assert record.getMessage() == (
        "Session.fail, which runs after the commit of the create of Group, has failed"
    )


@pytest.mark.parametrize("is_own", [True, False])
async def test_slow_hooks_go_on(monkeypatch: pytest.MonkeyPatch, is_own: bool) -> None:
    """A response waits for them only so long, unless they use the session of its endpoint."""
    monkeypatch.setattr(committed_module, "WAIT_S", 0)
    session: Any = Session()
    session.may_go_on.clear()
    hooks = session.changed(session.note)
    running = asyncio.ensure_future(run_after_commit(hooks, session, is_own=is_own))
    await settle()
    assert running.done() is is_own
    ending = asyncio.ensure_future(wait_for_hooks())
    await settle()
    assert not ending.done()
    session.may_go_on.set()
    await ending
    await running
    assert session.events == ["called", *["closed"] * is_own]
    await wait_for_hooks()


async def test_a_cancelled_request_does_not_end_them() -> None:
    session: Any = Session()
    session.may_go_on.clear()
    hooks = session.changed(session.note)
    running = asyncio.ensure_future(run_after_commit(hooks, session, is_own=True))
    await settle()
    running.cancel()
    session.may_go_on.set()
    await wait_for_hooks()
    assert session.events == ["called", "closed"]


async def test_deferred_hooks() -> None:
    """They wait for the commit of all that is committed together."""
    session: Any = Session()
    waiting = defer(session)
    hooks = session.changed(session.note)
    for _ in range(2):
        await run_after_commit(hooks, session, is_own=False)
    assert waiting == hooks * 2
    assert session.events == []


@pytest.mark.parametrize("has_written", [True, False])
@pytest.mark.parametrize("is_own", [True, False])
async def test_objects_of_a_session_of_their_own_are_read_again(
    is_own: bool, has_written: bool
) -> None:
    """Those that hooks before the write have loaded may be outdated by it."""
    expired: list[int] = []
    session: Any = SimpleNamespace(expire_all=lambda: expired.append(1))
    nothing: Any = None
    run = HookRun(nothing, nothing, session, None, is_own=is_own, has_triggers=False)
    if has_written:
        run._written[DEPOT.tables["labels"], "create"] = _Written()
    await run.finish()
    assert len(expired) == (is_own and has_written)
