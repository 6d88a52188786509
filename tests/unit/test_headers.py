"""Headers: lists in which quoted strings stand, as their RFCs have it."""

from collections.abc import Mapping

import pytest

from modelwire.request.headers import (
    Format,
    accepts_gzip,
    choose_format,
    parse_entity_tags,
    parse_prefer,
)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, {}),
        ("", {}),
        (" , ,", {}),
        ("tx=rollback", {"tx": "rollback"}),
        ('tx="rollback"', {"tx": "rollback"}),
        ("TX = rollback , return=minimal", {"tx": "rollback", "return": "minimal"}),
        ("respond-async", {"respond-async": ""}),
        ("tx=rollback, tx=commit", {"tx": "rollback"}),
        ("tx=rollback; foo=bar, return=minimal", {"tx": "rollback", "return": "minimal"}),
        # A quoted string has commas, semicolons, equals signs and escaped quotes.
        ('wait="1, tx=rollback, 2"', {"wait": "1, tx=rollback, 2"}),
        ('wait="1; a", tx=rollback', {"wait": "1; a", "tx": "rollback"}),
        (r'wait="1\", tx=rollback"', {"wait": '1", tx=rollback'}),
        (r'wait="1\\", tx=rollback', {"wait": "1\\", "tx": "rollback"}),
        (r'tx="roll\back"', {"tx": "rollback"}),
        ('wait=1; note="a, tx=rollback", return=minimal', {"wait": "1", "return": "minimal"}),
        ('wait="", tx=rollback', {"wait": "", "tx": "rollback"}),
        ('wait="1, tx=rollback', {"wait": "1, tx=rollback"}),
        # A name is a whole token.
        ("tx.foo=rollback", {"tx.foo": "rollback"}),
        ("return!=minimal", {"return!": "minimal"}),
    ],
)
def test_preferences(header: str | None, expected: Mapping[str, str]) -> None:
    """A comma within a quoted string separates nothing (RFC 7240, section 2)."""
    assert parse_prefer(header) == expected


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ('text/html;title="a, text/csv, b"', Format.JSON),
        ('text/html;title="a;q=0";q=0.1, text/csv;q=0.2', Format.CSV),
        ('text/csv;title="a\\", b;q=0", application/json;q=0.5', Format.CSV),
        ('application/x-ndjson;a="b;q=0.1", text/csv;q=0.2', Format.NDJSON),
        (";", Format.JSON),
        (";,;q=0,text/csv", Format.CSV),
    ],
)
def test_media_ranges(accept: str, expected: Format) -> None:
    """Neither commas nor semicolons within a parameter of a media range separate anything."""
    assert choose_format(accept) is expected


def test_content_codings() -> None:
    """A coding within a quoted string is none."""
    assert not accepts_gzip('br;x="a, gzip, b"')
    assert accepts_gzip('br;x="a, b", gzip')


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ('"a,b", W/"c"', ("a,b", "c")),
        ("*", ("*",)),
        (" * ", ("*",)),
        ('"*"', ()),
        ('"a", "*"', ("a",)),
    ],
)
def test_entity_tags(header: str, expected: tuple[str, ...]) -> None:
    """Tags may have commas; a quoted asterisk is a tag like any other."""
    assert parse_entity_tags(header) == expected
