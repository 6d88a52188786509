"""Headers, cookies and preferences together decide the content of a response."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelwire.errors import InvalidRequest
from modelwire.request.freshness import (
    ANY,
    Freshness,
    read_freshness,
    read_position,
    write_position,
)


def read(*, cookies: bool = False, **headers: str) -> Freshness:
    named = {name.replace("_", "-").encode(): value.encode() for name, value in headers.items()}
    return read_freshness(named, cookies=cookies)


@given(st.integers(0, 2**64 - 1))
def test_positions(position: int) -> None:
    """A position is written as PostgreSQL does, and read as it was written."""
    text = write_position(position)
    assert read_position(text) == position
    assert read(modelwire_position=text) == Freshness(position, is_followed=True)


def test_nothing_asked() -> None:
    """Without a header anything may be shown, and nothing is told."""
    assert read() is ANY
    assert read(prefer="return=minimal") == ANY


def test_all_that_is_asked() -> None:
    """The largest of the positions holds, beside what is preferred."""
    found = read(
        cookies=True,
        modelwire_position="0/20",
        cookie='other=1; modelwire_position="0/30"',
        prefer="max-staleness=1.5, consistency=strong",
    )
    assert found == Freshness(0x30, is_latest=True, max_staleness_s=1.5, is_followed=True)


def test_first_visit() -> None:
    """A browser that has no cookie yet has seen nothing, and is told how far the answer is."""
    assert read(cookies=True) == Freshness(0, is_followed=True)


@pytest.mark.parametrize("value", ["latest", '"0/x"', "%", ""])
def test_what_may_have_been_seen(value: str) -> None:
    """A cookie that can't be read stands for all: its browser may have seen anything."""
    assert read(cookies=True, cookie=f"modelwire_position={value}").is_latest


@pytest.mark.parametrize("value", ["soon", "0/", "16", "0/123456789", "LATEST", ""])
def test_bad_header(value: str) -> None:
    """A header that is no position is refused, and said what would be right."""
    with pytest.raises(InvalidRequest, match="0/16B3740"):
        read(modelwire_position=value)


@pytest.mark.parametrize("value", ["", "soon", "-1", "1e9", "inf"])
def test_bad_staleness(value: str) -> None:
    """A preference that can't be understood is passed over (RFC 7240, section 2)."""
    assert read(prefer=f"max-staleness={value}") == ANY
