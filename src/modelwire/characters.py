"""Which characters a text may not have, wherever it comes from."""

from __future__ import annotations


def check_characters(text: str) -> tuple[str, str] | None:
    """Say why a text can't be stored or compared: NUL characters and lone surrogates can't.

    Args:
        text: The text.

    Returns:
        A code and a message, or None where it can.
    """
    if "\x00" in text:
        return "string_nul", "should have no NUL characters"
    if not text.isascii() and any("\ud800" <= c <= "\udfff" for c in text):
        return "string_unicode", "should have no lone surrogates"
    return None
