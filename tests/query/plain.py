"""Decimals of columns without a scale."""

from decimal import Decimal


def plain(value: Decimal) -> Decimal:
    """A decimal as it is shown: without zeros at its end, and without an exponent."""
    return Decimal(f"{value.normalize():f}")
