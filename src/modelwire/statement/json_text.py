"""Values as the texts that JSON has for them."""

from __future__ import annotations

from typing import Any

import msgspec

_encoder = msgspec.json.Encoder()


def write_json(value: Any) -> str:
    """Write a value of JSON's types as a text."""
    return _encoder.encode(value).decode()
