"""`modelwire import`: store the rows of a file in a resource, by bulk requests."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from fastapi import FastAPI

from ...errors import ConfigurationError
from ..ask import Failed
from ..inside import Header, Inside, opening
from ..places import Place, find_endpoint, find_place
from ..progress import showing
from .bulk import BULK, Bulk
from .chunks import Size, cut
from .files import decompressing, reading
from .formats import choose_encoding
from .readers import Line, read_lines
from .refusals import SHOWN, Refusal, Refusals, keeping
from .state import StateFile
from .transaction import Transaction, one_transaction


class Order(NamedTuple):
    """Options of an import.

    Args:
        resource: The resource.
        source: The file; None for standard input.
        format: The name of the format in an option.
        compression: The name of the compression in an option.
        on_conflict: The fields of the unique key that identifies existing rows.
        ignores: Whether existing rows are left alone; they are merged otherwise.
        left_out: The columns to ignore.
        is_dry: Whether everything is rolled back in the end.
        is_atomic: Whether all rows are stored or none.
        refused: The file for rows that are refused, while the others are stored.
        replaces: Whether that file is replaced.
        resumes: Whether progress is recorded, and the import resumes from there.
    """

    resource: str
    source: Path | None
    format: str | None = None
    compression: str | None = None
    on_conflict: str | None = None
    ignores: bool = False
    left_out: Sequence[str] = ()
    is_dry: bool = False
    is_atomic: bool = False
    refused: Path | None = None
    replaces: bool = False
    resumes: bool = False

    def check(self) -> None:
        """Check that the options go together.

        Raises:
            ConfigurationError: They do not.
        """
        if self.resumes and (self.is_atomic or self.is_dry):
            raise ConfigurationError("--resume has nothing to continue in a single transaction")
        if self.resumes and self.source is None:
            raise ConfigurationError("--resume needs a file, which standard input is not")
        if self.ignores and self.on_conflict is None:
            raise ConfigurationError("--ignore is about --on-conflict: say by which key")


class Imported(NamedTuple):
    """Result of an import.

    Args:
        resource: The resource.
        stored: The number of rows that are stored, or would be.
        refused: The number of rows that were refused.
        is_stored: Whether anything is stored at all: a dry run stores nothing, nor does one
            transaction with a refused row.
        first: The first rows that were refused, with reasons.
    """

    resource: str
    stored: int
    refused: int
    is_stored: bool
    first: Sequence[str]


async def import_rows(app: FastAPI, order: Order, headers: Sequence[Header]) -> Imported:
    """Store the rows of a file.

    Args:
        app: The application.
        order: The options.
        headers: Headers that identify the caller.

    Returns:
        The result.

    Raises:
        ConfigurationError: The options are wrong.
        Failed: A row was refused, and refused rows are not kept; or something else has failed.
    """
    order.check()
    encoding = choose_encoding(order.source, order.format, order.compression)
    async with opening(app, headers) as inside:
        place = find_place(inside, order.resource)
        size = _find_size(inside, place)
        state = _open_state(inside, order, size) if order.resumes else None
        with (
            reading(order.source) as file,
            decompressing(file, encoding.compression) as unpacked,
            keeping(
                order.refused, start=_kept_of(state, order), replaces=order.replaces
            ) as refusals,
            showing(place.name, _size_of(order.source)) as advance,
        ):
            lines = read_lines(unpacked, encoding.format, place.table, frozenset(order.left_out))
            bulk = Bulk(inside, place, order.on_conflict, ignores=order.ignores)
            run = _Import(order, bulk, refusals, state)
            await run.store(
                inside,
                cut(run.begin(lines), size if state is None else state.state.size),
                lambda: advance(run.stored, 0 if order.source is None else file.tell()),
            )
            return run.finish()


class _Import:
    """Import in progress."""

    def __init__(
        self, order: Order, bulk: Bulk, refusals: Refusals, state: StateFile | None
    ) -> None:
        self._order = order
        self._bulk = bulk
        self._refusals = refusals
        self._state = state
        self.stored = 0 if state is None else state.state.stored
        refusals.count = 0 if state is None else state.state.refused
        # A dry run reports all refusals.
        self._goes_on = refusals.are_kept or order.is_dry

    def begin(self, lines: Iterator[Line]) -> Iterator[Line]:
        """Skip the rows that are done."""
        state = self._state
        if state is not None:
            for _ in range(state.state.done):
                line = next(lines, None)
                if line is not None:
                    state.pass_over(line.body)
            state.check()
            self._note_refused(state)
            state.save()
        yield from lines

    async def store(
        self, inside: Inside, pieces: Iterator[Sequence[Line]], advance: Callable[[], None]
    ) -> None:
        """Store the rows, in one transaction if requested."""
        if not self._order.is_atomic and not self._order.is_dry:
            for piece in pieces:
                await self._store_piece(piece)
                advance()
            return
        async with one_transaction(inside) as transaction:
            for piece in pieces:
                await self._store_piece(piece)
                await transaction.check()
                advance()
            await self._settle(transaction)

    async def _settle(self, transaction: Transaction) -> None:
        if self._order.is_dry or self._refusals.count:
            await transaction.check_deferred()
        else:
            await transaction.commit()

    async def _store_piece(self, piece: Sequence[Line]) -> None:
        state = self._state
        key = "" if state is None else f"{state.state.key}-{state.state.done}"
        try:
            refusals = await self._try(piece, key)
        except Failed as exc:
            raise Failed(f"{exc}\n{self._describe_progress(piece)}") from exc
        self._refusals.add(refusals)
        self.stored += len(piece) - len(refusals)
        if state is not None:
            self._note(state, piece)

    async def _try(self, piece: Sequence[Line], key: str) -> Sequence[Refusal]:
        """Store rows together, or each by itself if one is refused; return those refused."""
        state = self._state
        if state is None or not state.state.one_by_one:
            refusals = await self._bulk.store(piece, key)
            if not refusals:
                return ()
            if not self._goes_on:
                raise self._stop(refusals)
            if state is not None:
                state.state.one_by_one = True
                state.save()
        return await self._bulk.store_each(piece, key)

    def _note(self, state: StateFile, piece: Sequence[Line]) -> None:
        """Record rows that are done."""
        state.state.stored, state.state.refused = self.stored, self._refusals.count
        self._note_refused(state)
        state.advance(b"".join(line.body for line in piece), len(piece))
        state.save()

    def _note_refused(self, state: StateFile) -> None:
        state.state.kept, state.state.kept_in = self._refusals.save(), str(self._order.refused)

    def _stop(self, refusals: Sequence[Refusal]) -> Failed:
        """Make the error for refused rows, where none may be refused."""
        lines = "\n".join(str(refusal) for refusal in refusals[:SHOWN])
        return Failed(
            f"{lines}\nNo row of this request is stored; --refused FILE writes refused rows to a "
            "file, and stores the others"
        )

    def _describe_progress(self, piece: Sequence[Line]) -> str:
        """Describe how far the import has come when a request failed."""
        lines = f"the request with lines {piece[0].number} to {piece[-1].number}"
        if self._order.is_atomic or self._order.is_dry:
            return f"It stopped at {lines}; nothing is stored"
        refused = f", {self._refusals.count} refused" if self._refusals.count else ""
        resumed = "; the same command resumes there" if self._state is not None else ""
        return f"It stopped at {lines}: {self.stored} rows before it are stored{refused}{resumed}"

    def finish(self) -> Imported:
        """Return the result."""
        order, refused = self._order, self._refusals.count
        if self._state is not None:
            self._state.remove()
        is_stored = not order.is_dry and not (order.is_atomic and refused)
        return Imported(order.resource, self.stored, refused, is_stored, self._refusals.first)


def _find_size(inside: Inside, place: Place) -> Size:
    """Find the maximum size of a bulk request.

    Raises:
        ConfigurationError: The application takes none.
    """
    endpoint = find_endpoint(inside, place, BULK, "POST")
    if endpoint is None:
        raise ConfigurationError(
            f"{place.name} can't be imported: its resource is without the operation `bulk_create`"
        )
    return Size(place.table.resource.max_bulk_rows, endpoint.limits.max_body_bytes)


def _open_state(inside: Inside, order: Order, size: Size) -> StateFile | None:
    if order.source is None:
        return None
    asked = [order.resource, order.on_conflict, order.ignores, *sorted(order.left_out)]
    text = " ".join(map(str, asked))
    return StateFile(order.source, text, size, inside.database.settings.idempotency_ttl_s)


def _kept_of(state: StateFile | None, order: Order) -> int | None:
    """Return the length of the file of refused rows, if it belongs to this import."""
    is_same = state is not None and state.state.kept_in == str(order.refused)
    return state.state.kept if state is not None and is_same else None


def _size_of(source: Path | None) -> int | None:
    try:
        return None if source is None else source.stat().st_size
    except OSError:
        return None  # reading it gives the reason
