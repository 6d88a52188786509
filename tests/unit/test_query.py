"""Queries as the parser takes them, whatever a server lets through."""

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelwire.errors import InvalidRequest
from modelwire.request.query import parse_query


@pytest.mark.parametrize("query", [b"&" * 51, b"&&a=" + b"1" * 60, b"=" * 60])
def test_length(query: bytes) -> None:
    """A query that is too long is refused, even where no parameter is in it."""
    with pytest.raises(InvalidRequest) as caught:
        parse_query(query, 50)
    (violation,) = caught.value.violations
    assert violation.code == "query_too_long"
    assert "50 bytes" in violation.message


def test_separators() -> None:
    """Separators alone are no parameters."""
    assert parse_query(b"&&&") == []


@given(st.lists(st.tuples(*2 * [st.text(st.characters(min_codepoint=33, max_codepoint=126))])))
def test_plain_queries(pairs: list[tuple[str, str]]) -> None:
    """A character that needs no encoding means the same percent-encoded, to the last one."""
    plain = "&".join(f"{quote(name, _PLAIN)}={quote(value, _PLAIN)}" for name, value in pairs)
    encoded = "&".join(f"{_encode(name)}={_encode(value)}" for name, value in pairs)
    found = [(p.name, p.value) for p in parse_query(plain.encode(), 10**6)]
    assert found == [(p.name, p.value) for p in parse_query(encoded.encode(), 10**6)] == pairs


_PLAIN = "".join(chr(code) for code in range(33, 127) if chr(code) not in "%+&=")


def _encode(text: str) -> str:
    return "".join(f"%{code:02X}" for code in text.encode())
