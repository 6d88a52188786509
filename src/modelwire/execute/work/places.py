"""Places: the progress of workers through the changes, and their leases."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, NamedTuple

from sqlalchemy.engine import Dialect

from ...errors import ConfigurationError
from ...statement import places as sql
from ...statement.dialects.known import DIALECTS
from ...statement.places import PLACES
from ...statement.statements import Statement
from ..connect.lane import Lane
from ..tables import creation_of

LEASE_S = 3.0
"""Seconds after the last sign of life of a process before another one takes over."""

Open = Callable[..., AbstractAsyncContextManager[Lane]]


class Place(NamedTuple):
    """Progress of a worker through the changes.

    Args:
        name: The name of the worker.
        number: The last processed change.
        trying: The change given to it after that, if any.
        attempts: The number of times that it was given that change.
        left: The number of changes after the last processed one.
        works: Whether a process currently works under the name.
    """

    name: str
    number: int
    trying: int | None
    attempts: int
    left: int
    works: bool


class Lost(Exception):
    """Another process has taken the place."""


class Places:
    """Places that a database keeps.

    Args:
        dialect: SQLAlchemy's dialect of the engine that runs the statements.
        reading: Takes a lane that reads.
        writing: Takes a lane for one transaction.
    """

    def __init__(self, dialect: Dialect, reading: Open, writing: Open) -> None:
        self._reading = reading
        self._writing = writing
        own = DIALECTS[dialect.name]

        def of(statement: Any) -> Statement:
            return Statement(statement, dialect)

        self._creation = creation_of(PLACES, dialect)
        self._look, self._list = of(sql.build_look(own)), of(sql.build_places(own))
        self._begin, self._free = of(sql.build_begin(own)), of(sql.build_free(own))
        self._take, self._hold = of(sql.build_take(own)), of(sql.build_hold(own))
        self._go_on, self._leave = of(sql.build_go_on(own)), of(sql.build_leave())
        self._move = of(sql.build_move())

    async def list(self) -> Sequence[Place]:
        """List the places."""
        async with self._reading() as lane:
            ((there, logged),) = await lane.fetch(self._look, {})
            rows = await lane.fetch(self._list, {}) if there and logged else ()
        return [
            Place(name, number, trying, attempts, left, bool(works))
            for name, number, trying, attempts, left, works in rows
        ]

    async def has_log(self) -> bool:
        """Whether the database has a log of changes."""
        async with self._reading() as lane:
            ((_, logged),) = await lane.fetch(self._look, {})
        return bool(logged)

    async def open(self, name: str, number: int) -> None:
        """Make sure that a place exists.

        Args:
            name: Its name.
            number: The change after which a new place begins.
        """
        async with self._writing() as lane:
            ((there, _),) = await lane.fetch(self._look, {})
            for step in () if there else self._creation:
                await lane.fetch(step, {})
            await lane.fetch(self._begin, {"v_name": name, "v_number": number})

    async def move(self, name: str, number: int) -> None:
        """Move a place to a change: the changes after it come next.

        Raises:
            ConfigurationError: No place has the name.
        """
        async with self._writing(single=True) as lane:
            moved = await lane.fetch(self._move, {"v_name": name, "done": number})
        if not moved:
            raise ConfigurationError(f"No worker called {name} has processed changes here")

    async def take(self, name: str) -> Hold | None:
        """Take a place for this process; None while another process has it."""
        # Waiting processes poll without a lock on the place.
        async with self._reading() as lane:
            ((is_free,),) = await lane.fetch(self._free, {"v_name": name})
        if not is_free:
            return None
        named = {"v_name": name, "v_holder": secrets.token_hex(16), "lease_s": LEASE_S}
        async with self._writing(single=True) as lane:
            taken = await lane.fetch(self._take, named)
        return Hold(self, named, taken[0][0]) if taken else None


class Hold:
    """Place that this process has taken.

    Args:
        places: All places.
        named: Its name, and the id of this process as its holder.
        number: The last processed change.

    Attributes:
        number: The same, as far as it is known.
    """

    def __init__(self, places: Places, named: dict[str, Any], number: int) -> None:
        self._places = places
        self._named = named
        self.number = number

    async def go_on(self, following: int | None) -> int:
        """Mark a change as processed, and announce the next one.

        Args:
            following: The next change, if any.

        Returns:
            The last processed change, which may be further on if the place was moved.

        Raises:
            Lost: Another process has taken the place.
        """
        given = {**self._named, "done": self.number, "following": following}
        self.number = await self._run(self._places._go_on, given)
        return self.number

    async def keep(self) -> None:
        """Renew the lease.

        Raises:
            Lost: Another process has taken the place.
        """
        await self._run(self._places._hold, self._named)

    async def leave(self) -> None:
        """Release the place."""
        named = {name: self._named[name] for name in ("v_name", "v_holder")}
        async with self._places._writing(single=True) as lane:
            await lane.fetch(self._places._leave, named)

    async def _run(self, statement: Statement, values: dict[str, Any]) -> int:
        async with self._places._writing(single=True) as lane:
            rows = await lane.fetch(statement, values)
        if not rows:
            raise Lost
        number: int = rows[0][0]
        return number
