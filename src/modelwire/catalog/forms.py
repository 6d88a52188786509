"""Column types whose values are texts of a certain form, such as addresses."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Collection
from functools import lru_cache, partial
from ipaddress import ip_interface, ip_network
from typing import Any, NamedTuple

from sqlalchemy import Uuid
from sqlalchemy.dialects.postgresql import BIT, CIDR, INET, MACADDR, MACADDR8
from sqlalchemy.types import TypeEngine

from .kinds import storage_type


class Form(NamedTuple):
    """Form of the texts of a type.

    Args:
        read: Raises `ValueError` for a text that does not have the form.
        expected: The expected text, for messages.
    """

    read: Callable[[str], object]
    expected: str

    def fits(self, text: str) -> bool:
        """Whether a text has the form."""
        try:
            self.read(text)
        except ValueError:
            return False
        return True


@lru_cache(maxsize=1024)
def form_of(sql_type: TypeEngine[Any]) -> Form | None:
    """Return the form of the texts of a column's type; None if it allows any text, or no texts."""
    stored = storage_type(sql_type)
    if isinstance(stored, Uuid):
        return None if stored.as_uuid else _UUID
    if isinstance(stored, BIT):
        return _form_of_bits(stored)
    return next((form for cls, form in _FORMS if isinstance(stored, cls)), None)


def _read_mac(lengths: Collection[int], text: str) -> None:
    """Parse a MAC address with one of some numbers of digits (PostgreSQL manual, 8.9.3)."""
    found = _MAC.fullmatch(text)
    if not found or len(re.sub("[:.-]", "", text)) not in lengths:
        raise ValueError(text)


def _form_of_bits(stored: BIT) -> Form:
    """Return the form of bit strings: PostgreSQL would truncate or pad those of another length."""
    least, most = (0, stored.length) if stored.varying else (stored.length or 1,) * 2
    times = "" if most is None else f"{'at most' if stored.varying else 'exactly'} {most} "
    pattern = re.compile(rf"[01]{{{least},{most or ''}}}")

    def read(text: str) -> None:
        if not pattern.fullmatch(text):
            raise ValueError(text)

    return Form(read, f"a text of {times}digits 0 and 1")


_MAC = re.compile(
    r"[0-9a-f]{2}([:-])[0-9a-f]{2}(\1[0-9a-f]{2})+|[0-9a-f]{4}([.-])[0-9a-f]{4}(\3[0-9a-f]{4})+"
    r"|[0-9a-f]{6}[:-][0-9a-f]{6,10}|[0-9a-f]+",
    re.IGNORECASE,
)
"""Digits in groups of two or four, or split after the sixth, or in one run."""

_UUID = Form(uuid.UUID, "a UUID")

_FORMS: tuple[tuple[type[TypeEngine[Any]], Form], ...] = (
    (INET, Form(ip_interface, "an IP address, as in 192.0.2.1")),
    (CIDR, Form(ip_network, "an IP network, as in 192.0.2.0/24")),
    (MACADDR, Form(partial(_read_mac, (12,)), "a MAC address, as in 08:00:2b:01:02:03")),
    (MACADDR8, Form(partial(_read_mac, (12, 16)), "a MAC address, as in 08:00:2b:01:02:03:04:05")),
)
