"""Floats of four bytes as numbers of eight: by the shortest text that tells each from others."""

from __future__ import annotations

import math
import struct

_REAL = struct.Struct("<f")
_MAX = (2 - 2**-23) * 2.0**127


def shorten(real: float) -> float:
    """The number of the shortest text that a float of four bytes can be read from.

    Args:
        real: The float, as a number of eight bytes: `0.10000000149011612`.

    Returns:
        The number that is meant: `0.1`.
    """
    for digits in range(6, 9):
        number = float(f"{real:.{digits}g}")
        if _round(number) == real:
            return number
    return float(f"{real:.9g}")


def place_among_reals(number: float) -> float:
    """Where a number lies among floats of four bytes, each of which stands for its shortest text.

    Args:
        number: The number: `0.1`.

    Returns:
        The float of that text: `0.10000000149011612`; or if there is none, a number that is on the
        same side of each float as the given one is of its text.
    """
    real = _round(number)
    if not math.isfinite(real):
        return number
    meant = shorten(real)
    if meant == number:
        return real
    return math.nextafter(real, math.inf if meant < number else -math.inf)


def _round(number: float) -> float:
    if abs(number) > _MAX:
        return math.copysign(math.inf, number)
    return float(_REAL.unpack(_REAL.pack(number))[0])
