"""Values as JSON texts."""

from __future__ import annotations

from typing import Any

import msgspec

_encoder = msgspec.json.Encoder()


def write_json(value: Any) -> str:
    """Encode a value of JSON types as a text."""
    return _encoder.encode(value).decode()
