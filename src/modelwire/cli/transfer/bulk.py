"""Bulk requests, and the identification of refused rows."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from ...errors import KeyInFlight, KeyReused
from ..inside import Header, Inside, Reply
from ..places import Place
from ..replies import Reason, read_reasons, refuse
from .chunks import write_body
from .readers import Line
from .refusals import Refusal

BULK = "/bulk"

_MAY_BE_ROWS = (400, 403, 404, 409, 412, 413, 422)
"""Statuses of bulk requests whose refusal may concern single rows."""

_MAY_BE_ONE = (400, 413, 422)
"""Statuses of requests that write each row by itself, where one row may spoil the whole request."""

_ABOUT_KEYS = (KeyInFlight.code, KeyReused.code)
"""Codes on the idempotency key: rows sent under it may be stored, so nothing is sent again."""

_EACH = 207


class Bulk:
    """Storage of rows of a resource by bulk requests.

    Args:
        inside: The application.
        place: The resource.
        on_conflict: The fields of the unique key that identifies existing rows.
        ignores: Whether existing rows are left alone; they are merged otherwise.
    """

    def __init__(
        self, inside: Inside, place: Place, on_conflict: str | None, *, ignores: bool = False
    ) -> None:
        self._inside = inside
        self._place = place
        self._query = "" if on_conflict is None else f"on_conflict={quote(on_conflict, safe=',')}"
        self._preference = b", resolution=ignore-duplicates" if ignores else b""

    async def store(self, piece: Sequence[Line], key: str = "") -> Sequence[Refusal]:
        """Store rows, all or none.

        Args:
            piece: The rows.
            key: The idempotency key of the request; none if empty.

        Returns:
            The refused rows, as far as they are known without trying the others; no row is stored
            then.

        Raises:
            Failed: The application has refused for a reason that concerns no row.
            ConfigurationError: The request was wrong.
        """
        if unreadable := _find_unreadable(piece):
            return unreadable
        reply = await self._ask(piece, self._query, b"return=minimal", key)
        if reply.is_success:
            return ()
        return self._read_refusals(reply, piece)

    async def store_each(self, piece: Sequence[Line], key: str = "") -> Sequence[Refusal]:
        """Store those rows that can be stored, each by itself; return the others.

        Raises:
            Failed: The application has refused for a reason that concerns no row.
        """
        refusals = _find_unreadable(piece)
        sent = [line for line in piece if not line.fault]
        if not sent:
            return refusals
        query = "&".join(filter(None, [self._query, "atomic=false"]))
        reply = await self._ask(sent, query, b"return=minimal", f"{key}-each" if key else "")
        if reply.status in _MAY_BE_ONE and _is_about_rows(reply):
            return [*refusals, *await self._halve(sent, reply, key)]
        if reply.status != _EACH:
            raise refuse(reply, self._place.name)
        items = reply.document["items"]
        for line, item in zip(sent, items, strict=True):
            if "problem" in item:
                reasons = [_split(reason, [line])[1] for reason in read_reasons(item["problem"])]
                refusals.append(Refusal(line, reasons))
        return sorted(refusals, key=lambda refusal: refusal.line.number)

    async def _halve(self, piece: Sequence[Line], reply: Reply, key: str) -> Sequence[Refusal]:
        """Store rows of which one can't be sent: it is too large, or no valid JSON."""
        if len(piece) == 1:
            return [Refusal(piece[0], read_reasons(reply.document))]
        middle = len(piece) // 2
        return [
            *await self.store_each(piece[:middle], f"{key}a" if key else ""),
            *await self.store_each(piece[middle:], f"{key}b" if key else ""),
        ]

    async def _ask(self, piece: Sequence[Line], query: str, preference: bytes, key: str) -> Reply:
        headers: list[Header] = [(b"prefer", preference + self._preference)]
        if key:
            headers.append((b"idempotency-key", key.encode()))
        path = f"{self._place.path}{BULK}"
        return await self._inside.ask("POST", path, query, headers=headers, body=write_body(piece))

    def _read_refusals(self, reply: Reply, piece: Sequence[Line]) -> Sequence[Refusal]:
        """Read the rows for which a request was refused.

        Raises:
            Failed: It was refused for none.
        """
        if reply.status not in _MAY_BE_ROWS or not _is_about_rows(reply):
            raise refuse(reply, self._place.name)
        found: dict[int, list[Reason]] = {}
        for reason in read_reasons(reply.document):
            index, within = _split(reason, piece)
            found.setdefault(index, []).append(within)
        return [Refusal(piece[index], reasons) for index, reasons in sorted(found.items())]


def _is_about_rows(reply: Reply) -> bool:
    """Whether a refusal may concern rows, and not a parameter or the key of the request."""
    problem = reply.document
    if problem.get("code") in _ABOUT_KEYS:
        return False
    return not any("parameter" in error for error in problem.get("errors", ()))


def _find_unreadable(piece: Sequence[Line]) -> list[Refusal]:
    return [Refusal(line, [Reason("", "unreadable", line.fault)]) for line in piece if line.fault]


def _split(reason: Reason, piece: Sequence[Line]) -> tuple[int, Reason]:
    """Split a reason into the row that it concerns, and the reason within that row."""
    head, _, rest = reason.pointer.removeprefix("/").partition("/")
    if head.isdecimal():
        return int(head), reason._replace(pointer=f"/{rest}" if rest else "")
    which = "" if len(piece) == 1 else f"this or one of the rows up to line {piece[-1].number}: "
    return 0, reason._replace(message=f"{which}{reason.message}")
