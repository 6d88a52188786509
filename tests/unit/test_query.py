"""Queries as the parser takes them, whatever a server lets through."""

import pytest

from modelwire.errors import InvalidRequest
from modelwire.request import parse_query


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
