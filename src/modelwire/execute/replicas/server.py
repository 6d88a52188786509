"""Interface of a server among several."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol, TypeVar

from sqlalchemy.ext.asyncio import AsyncEngine

from ...observe.counts import PoolState
from ...settings import Settings
from ..connect.lane import Lane
from ..servers import Server


class Asked(Protocol):
    """Database on one server, as `Database` is."""

    settings: Settings

    @property
    def engine(self) -> AsyncEngine: ...

    @property
    def pool_state(self) -> PoolState: ...

    @property
    def servers(self) -> Sequence[Server]: ...

    def reading(self) -> AbstractAsyncContextManager[Lane]: ...

    async def close_db(self) -> None: ...


D = TypeVar("D", bound=Asked)
