"""Notification of other processes after commits."""

import asyncio
from collections.abc import AsyncIterator
from contextvars import ContextVar

import pytest
import pytest_asyncio

from modelwire.errors import Unavailable
from modelwire.execute.feed import notifier as notifier_module
from modelwire.execute.feed.notifier import Notifier
from modelwire.execute.feed.stopping import STOPPING, Stopping, is_leaving, is_stopping

REQUEST: ContextVar[str | None] = ContextVar("request", default=None)


class Sender:
    """Sends notifications, each as soon as it may.

    Args:
        error: The error of each.
    """

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.sent = 0
        self.contexts: set[str | None] = set()
        self.may_send = asyncio.Event()
        self.may_send.set()
        self.notifier = Notifier(self.send)

    async def send(self) -> None:
        self.sent += 1
        self.contexts.add(REQUEST.get())
        await self.may_send.wait()
        if self.error is not None:
            raise self.error


@pytest_asyncio.fixture
async def sender(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Sender]:
    """A sender, whose notifier pauses after each notification until it is closed."""
    monkeypatch.setattr(notifier_module, "PAUSE_S", 600)
    found = Sender()
    yield found
    await found.notifier.close()


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_one_notification_covers_many_commits(sender: Sender) -> None:
    """The first is sent at once, the rest together, and none outside of its own context."""
    token = REQUEST.set("first")
    for _ in range(3):
        sender.notifier.ring()
    REQUEST.reset(token)
    await settle()
    assert sender.sent == 1
    for _ in range(3):
        sender.notifier.ring()
    await settle()
    assert sender.sent == 1
    await sender.notifier.close()
    assert sender.sent == 2
    assert sender.contexts == {None}


async def test_it_rests_until_the_next_commit(
    sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing runs without a commit, and the next one is notified as before."""
    monkeypatch.setattr(notifier_module, "PAUSE_S", 0)
    for sent in (1, 2):
        sender.notifier.ring()
        async with asyncio.timeout(60):
            while sender.notifier._runs_here:
                await asyncio.sleep(0)
        assert sender.sent == sent
    await sender.notifier.close()
    assert sender.sent == 2


async def test_a_failure_is_passed_over(sender: Sender) -> None:
    """The next commit is notified even so; an unexpected error is not hidden."""
    sender.error = Unavailable()
    sender.notifier.ring()
    await settle()
    sender.notifier.ring()
    await sender.notifier.close()
    assert sender.sent == 2


async def test_a_cancelled_end_gives_up(sender: Sender) -> None:
    """Nothing is left running by a stop that is cancelled."""
    sender.may_send.clear()
    sender.notifier.ring()
    await settle()
    closing = asyncio.ensure_future(sender.notifier.close())
    await settle()
    assert not closing.done()
    closing.cancel()
    await settle()
    assert closing.cancelled()
    assert not sender.notifier._runs_here


def test_an_event_loop_after_another() -> None:
    """Each has a task of its own, and waits for no other's."""
    sender = Sender()

    async def commit() -> None:
        sender.may_send = asyncio.Event()
        sender.may_send.set()
        assert not sender.notifier._runs_here
        sender.notifier.ring()
        await sender.notifier.close()

    for _ in range(2):
        asyncio.run(commit())
    assert sender.sent == 2


@pytest.mark.parametrize("has_begun", [True, False])
@pytest.mark.parametrize("is_near", [True, False])
async def test_signals_of_a_stop(has_begun: bool, is_near: bool) -> None:
    """They are those of the server of the request; without one there are none."""
    assert (is_stopping(), is_leaving()) == (False, False)
    begun: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    if has_begun:
        begun.set_result(None)
    token = STOPPING.set(Stopping(begun, lambda: is_near))
    assert (is_stopping(), is_leaving()) == (has_begun, is_near)
    STOPPING.reset(token)
    assert (is_stopping(), is_leaving()) == (False, False)
