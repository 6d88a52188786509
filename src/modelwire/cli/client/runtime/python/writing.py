"""What is written of resources, in parts: the resources of a client are made of those they have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Generic, Never, Unpack

from .answers import Row
from .connection import Sent
from .parameters import Info, Parameters, key_of, put, write_key
from .resources import (
    ConditionalWrite,
    Conditions,
    ConflictT,
    CreateT,
    IncludeT,
    KeyedT,
    Resource,
    RowT,
    TargetT,
    UpdateT,
    WhereT,
    Write,
)


class Creates(Resource[RowT], Generic[RowT, CreateT, IncludeT]):
    """Storing rows one by one."""

    async def create(self, row: CreateT, **write: Unpack[Write[IncludeT]]) -> RowT:
        """Store a row."""
        return self._row_of(await self._write("POST", f"{self._path}/", row, write=write))


class Updates(Resource[RowT], Generic[RowT, TargetT, UpdateT, IncludeT]):
    """Changing rows one by one."""

    async def update(
        self, target: TargetT, changes: UpdateT, **write: Unpack[ConditionalWrite[IncludeT]]
    ) -> RowT:
        """Change what is given of a row: None clears a field."""
        headers = _condition(target, write)
        path = self._at(target)
        return self._row_of(await self._write("PATCH", path, changes, None, headers, write))


class Deletes(Resource[RowT], Generic[RowT, TargetT]):
    """Deleting rows one by one."""

    async def delete(self, target: TargetT, **write: Unpack[ConditionalWrite[Never]]) -> None:
        """Delete a row."""
        headers = _condition(target, write)
        await self._write("DELETE", self._at(target), None, None, headers, write)


class Restores(Resource[RowT], Generic[RowT, TargetT, IncludeT]):
    """Bringing back what is deleted."""

    async def restore(self, target: TargetT, **write: Unpack[ConditionalWrite[IncludeT]]) -> RowT:
        """Bring a deleted row back."""
        headers, path = _condition(target, write), f"{self._at(target)}/restore"
        return self._row_of(await self._write("POST", path, None, None, headers, write))


class CreatesMany(Resource[RowT], Generic[RowT, CreateT, ConflictT, IncludeT]):
    """Storing many rows, all or none."""

    async def create_many(
        self,
        rows: Sequence[CreateT],
        *,
        on_conflict: ConflictT | None = None,
        keep: bool = False,
        **write: Unpack[Write[IncludeT]],
    ) -> Sequence[RowT]:
        """Store many rows, all or none.

        Args:
            rows: The rows.
            on_conflict: The unique key by which rows are found that are there already.
            keep: Whether those are left alone; what is given is merged into them otherwise.
            write: What the answer shows along, and whether it is only tried.
        """
        parameters: Parameters = {}
        put(parameters, on_conflict=on_conflict)
        headers = {"prefer": "resolution=ignore-duplicates"} if keep else {}
        path = f"{self._path}/bulk/"
        return self._rows_of(await self._write("POST", path, rows, parameters, headers, write))


class UpdatesMany(Resource[RowT], Generic[RowT, UpdateT, KeyedT, WhereT, IncludeT]):
    """Changing many rows, all or none."""

    async def update_many(
        self, changes: Sequence[KeyedT], **write: Unpack[Write[IncludeT]]
    ) -> Sequence[RowT]:
        """Change many rows: each change holds the key of its row."""
        path = f"{self._path}/bulk/"
        return self._rows_of(await self._write("PATCH", path, changes, write=write))

    async def update_matching(
        self,
        changes: UpdateT,
        *,
        max_affected: int,
        dry_run: bool = False,
        **conditions: Unpack[Conditions[WhereT, Never]],
    ) -> int:
        """Change all rows that match, if they are not more; tells how many there were."""
        return await self._affect("PATCH", changes, max_affected, dry_run, conditions)


class DeletesMany(Resource[RowT], Generic[RowT, TargetT, WhereT]):
    """Deleting many rows, all or none."""

    async def delete_many(self, targets: Sequence[TargetT], *, dry_run: bool = False) -> None:
        """Delete many rows."""
        keys = [_key_in_body(self._info, target) for target in targets]
        path = f"{self._path}/bulk/"
        write: Write[Never] = {"dry_run": dry_run}
        await self._write("DELETE", path, keys, write=write)

    async def delete_matching(
        self,
        *,
        max_affected: int,
        dry_run: bool = False,
        **conditions: Unpack[Conditions[WhereT, Never]],
    ) -> int:
        """Delete all rows that match, if they are not more; tells how many there were."""
        return await self._affect("DELETE", None, max_affected, dry_run, conditions)


class Reverts(Resource[RowT], Generic[RowT, TargetT, IncludeT]):
    """Taking changes back."""

    async def revert(
        self, target: TargetT, number: int, **write: Unpack[ConditionalWrite[IncludeT]]
    ) -> RowT:
        """Take a change of a row back."""
        headers, path = _condition(target, write), f"{self._at(target)}/history/{number}/revert"
        return self._row_of(await self._write("POST", path, None, None, headers, write))


class Links(Resource[RowT], Generic[RowT, TargetT]):
    """Ties between a row and the rows of a relation."""

    async def link(self, other: TargetT) -> None:
        """Link the row to another one; if they are linked already, they stay so."""
        await self._tie("PUT", other)

    async def unlink(self, other: TargetT) -> None:
        """Take the link to another row away; if there is none, nothing changes."""
        await self._tie("DELETE", other)

    async def _tie(self, method: str, other: TargetT) -> None:
        await self._connection.send(Sent(method, self._at(other)))


def _condition(target: object, write: ConditionalWrite[IncludeT]) -> Mapping[str, str]:
    tag = write.get("if_match", target.etag if isinstance(target, Row) else None)
    return {"if-match": tag} if tag else {}


def _key_in_body(info: Info, target: object) -> object:
    values = key_of(info, target)
    return values[0] if len(values) == 1 else write_key(info, target)
