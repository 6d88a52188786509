"""Operations that write resources, as parts of which the resources of a client are composed."""

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
    """Creation of single rows."""

    async def create(self, row: CreateT, **write: Unpack[Write[IncludeT]]) -> RowT:
        """Store a row."""
        return self._row_of(await self._write("POST", f"{self._path}/", row, write=write))


class Updates(Resource[RowT], Generic[RowT, TargetT, UpdateT, IncludeT]):
    """Update of single rows."""

    async def update(
        self, target: TargetT, changes: UpdateT, **write: Unpack[ConditionalWrite[IncludeT]]
    ) -> RowT:
        """Update the given fields of a row: None clears a field."""
        headers = _condition(target, write)
        path = self._at(target)
        return self._row_of(await self._write("PATCH", path, changes, None, headers, write))


class Deletes(Resource[RowT], Generic[RowT, TargetT]):
    """Deletion of single rows."""

    async def delete(self, target: TargetT, **write: Unpack[ConditionalWrite[Never]]) -> None:
        """Delete a row."""
        headers = _condition(target, write)
        await self._write("DELETE", self._at(target), None, None, headers, write)


class Restores(Resource[RowT], Generic[RowT, TargetT, IncludeT]):
    """Restoration of deleted rows."""

    async def restore(self, target: TargetT, **write: Unpack[ConditionalWrite[IncludeT]]) -> RowT:
        """Restore a deleted row."""
        headers, path = _condition(target, write), f"{self._at(target)}/restore"
        return self._row_of(await self._write("POST", path, None, None, headers, write))


class CreatesMany(Resource[RowT], Generic[RowT, CreateT, ConflictT, IncludeT]):
    """Creation of many rows, all or none."""

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
            on_conflict: The unique key that identifies existing rows.
            keep: Whether existing rows are left unchanged; new values are merged into them
                otherwise.
            write: Includes of the response, and whether the write is only tried.
        """
        parameters: Parameters = {}
        put(parameters, on_conflict=on_conflict)
        headers = {"prefer": "resolution=ignore-duplicates"} if keep else {}
        path = f"{self._path}/bulk/"
        return self._rows_of(await self._write("POST", path, rows, parameters, headers, write))


class UpdatesMany(Resource[RowT], Generic[RowT, UpdateT, KeyedT, WhereT, IncludeT]):
    """Update of many rows, all or none."""

    async def update_many(
        self, changes: Sequence[KeyedT], **write: Unpack[Write[IncludeT]]
    ) -> Sequence[RowT]:
        """Update many rows: each change holds the key of its row."""
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
        """Update all rows that match, if not too many; return their number."""
        return await self._affect("PATCH", changes, max_affected, dry_run, conditions)


class DeletesMany(Resource[RowT], Generic[RowT, TargetT, WhereT]):
    """Deletion of many rows, all or none."""

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
        """Delete all rows that match, if not too many; return their number."""
        return await self._affect("DELETE", None, max_affected, dry_run, conditions)


class Reverts(Resource[RowT], Generic[RowT, TargetT, IncludeT]):
    """Revert of changes."""

    async def revert(
        self, target: TargetT, number: int, **write: Unpack[ConditionalWrite[IncludeT]]
    ) -> RowT:
        """Revert a change of a row."""
        headers, path = _condition(target, write), f"{self._at(target)}/history/{number}/revert"
        return self._row_of(await self._write("POST", path, None, None, headers, write))


class Links(Resource[RowT], Generic[RowT, TargetT]):
    """Links between a row and the rows of a relation."""

    async def link(self, other: TargetT) -> None:
        """Link the row to another one; a link that exists stays."""
        await self._tie("PUT", other)

    async def unlink(self, other: TargetT) -> None:
        """Remove the link to another row; without a link, nothing changes."""
        await self._tie("DELETE", other)

    async def _tie(self, method: str, other: TargetT) -> None:
        await self._connection.send(Sent(method, self._at(other)))


def _condition(target: object, write: ConditionalWrite[IncludeT]) -> Mapping[str, str]:
    tag = write.get("if_match", target.etag if isinstance(target, Row) else None)
    return {"if-match": tag} if tag else {}


def _key_in_body(info: Info, target: object) -> object:
    values = key_of(info, target)
    return values[0] if len(values) == 1 else write_key(info, target)
