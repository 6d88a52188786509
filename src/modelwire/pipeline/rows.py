"""Reads of single rows by key, with one statement for concurrent requests."""

from __future__ import annotations

import time
from collections.abc import Sequence

from ..access.principal import Principal
from ..execute.connect.gathering import Gathering, Turn
from ..execute.connect.lane import Row
from ..execute.database import Database
from ..overtime import LOOK_S
from ..plan.parameters import Values
from ..shape.reads import SelectShape
from ..statement.lists import ROWS
from ..statement.statements import Statement, Statements

LONG_S = 0.05
LONG_EACH_S = 0.002
"""Durations in seconds, in all and for each row, from which a statement for many rows is long.

Long work is done sooner on several connections.
"""

ALONE_S = 5.0
"""Seconds after a long statement during which rows are read one by one."""

Found = Sequence[Row]


_Asked = tuple[Values, Principal]
"""Request for a row: the parameters of its statement, and the caller."""


class RowReader:
    """Reader of single rows, which batches the requests that arrive while a row is being read.

    Args:
        database: The database.
        statements: The statements of the application.
    """

    def __init__(self, database: Database, statements: Statements) -> None:
        self._database = database
        self._statements = statements
        self._together = Gathering[_Asked, Found](
            database.settings.pool_timeout_s, shares_faults=False, patience_s=LOOK_S
        )
        self._alone_until_s: dict[SelectShape, float] = {}

    async def read(self, shape: SelectShape, values: Values, caller: Principal) -> Found:
        """Read a row on the driver's lane.

        Args:
            shape: The shape of the read, which finds one row at most.
            values: Its parameters.
            caller: The caller.

        Returns:
            The row, or none, as stored at some moment after this call.
        """
        one, many = self._statements.of(shape), self._statements.gathered(shape)
        if many is None or (self._alone_until_s and self._is_long(shape)):
            async with self._database.reading(None, one, caller) as lane:
                return await lane.fetch(one, values)

        async def work(turn: Turn[_Asked, Found]) -> Sequence[Found]:
            async with self._database.reading(None, one, caller) as lane:
                asked = turn.take()
                if len(asked) == 1:
                    return (await lane.fetch(one, values),)
                turn.text = many.compiled.text  # which is measured for each of them
                began_s = time.monotonic()
                found = await lane.fetch(many, {ROWS: _rows_of(asked, one, many)})
            self._note(shape, time.monotonic() - began_s, len(asked))
            return _hand_out(found, len(asked))

        return await self._together.find(shape, (values, caller), work)

    def _is_long(self, shape: SelectShape) -> bool:
        return self._alone_until_s.get(shape, 0) > time.monotonic()

    def _note(self, shape: SelectShape, taken_s: float, count: int) -> None:
        if taken_s >= LONG_S and taken_s >= LONG_EACH_S * count:
            self._alone_until_s[shape] = time.monotonic() + ALONE_S
        elif self._alone_until_s:
            self._alone_until_s.pop(shape, None)


def _rows_of(
    asked: Sequence[_Asked], one: Statement, many: Statement
) -> Sequence[Sequence[object]]:
    return [many.gather(one.bind(values, caller)) for values, caller in asked]


def _hand_out(rows: Sequence[Row], count: int) -> Sequence[Found]:
    """Group rows by their requests, whose indexes are the last column."""
    found: list[list[Row]] = [[] for _ in range(count)]
    for row in rows:
        found[row[-1]].append(row[:-1])
    return found
