"""Four-byte floats as eight-byte floats: by the shortest texts that distinguish them."""

from __future__ import annotations

import math
import struct

_REAL = struct.Struct("<f")


def shorten(real: float) -> float:
    """Return the number of the shortest text that a four-byte float can be read from.

    Args:
        real: The float, as an eight-byte number: `0.10000000149011612`.

    Returns:
        The intended number: `0.1`.
    """
    for digits in range(6, 9):
        number = float(f"{real:.{digits}g}")
        if _round(number) == real:
            return number
    return float(f"{real:.9g}")


def place_among_reals(number: float) -> float:
    """Find the place of a number among four-byte floats, each of which stands for its shortest
    text.

    Args:
        number: The number: `0.1`.

    Returns:
        The float with that text: `0.10000000149011612`; if there is none, a number that compares
        with each float as the given one compares with its text.
    """
    real = _round(number)
    if not math.isfinite(real):
        return number
    meant = shorten(real)
    if meant == number:
        return real
    return math.nextafter(real, math.inf if meant < number else -math.inf)


def _round(number: float) -> float:
    try:
        return float(_REAL.unpack(_REAL.pack(number))[0])
    except OverflowError:
        return math.copysign(math.inf, number)
