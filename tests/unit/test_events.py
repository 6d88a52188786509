"""Changes as pages and as events, byte by byte."""

import datetime as dt
import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from modelwire.respond.changes import (
    ChangeEvent,
    answer_changes,
    write_events,
    write_place,
    write_retry,
)

AT = dt.datetime(2026, 2, 3, tzinfo=dt.UTC)
MADE = ChangeEvent(7, AT, "create", b"3", b'{"id":3}')
GONE = ChangeEvent(9, AT, "delete", b"[1,2]", None)


def test_events() -> None:
    """Each has its number, what it comes to, and the row as far as that is still there."""
    assert write_events([MADE, GONE]) == (
        b'id: 7\nevent: create\ndata: {"key":3,"item":{"id":3}}\n\n'
        b'id: 9\nevent: delete\ndata: {"key":[1,2]}\n\n'
    )
    assert write_events([]) == b""
    assert (write_place(9), write_retry(100)) == (b"id: 9\n\n", b"retry: 100\n\n")


@pytest.mark.parametrize("character", ["\x85", "\u2028", "\u2029", "\u2027", "\u202a"])
def test_characters_that_some_clients_take_for_line_ends(character: str) -> None:
    """They are escaped in events, and mean the same; characters beside them are not."""
    event = MADE._replace(item=json.dumps(character, ensure_ascii=False).encode())
    written = write_events([event]).decode()
    assert (character in written) is (character in "\u2027\u202a")
    _, _, data = written.partition("data: ")
    assert json.loads(data)["item"] == character


def test_a_page() -> None:
    answer = answer_changes([MADE, GONE], 12)
    at = "2026-02-03T00:00:00Z"
    assert json.loads(answer.body) == {
        "items": [
            {"number": 7, "at": at, "operation": "create", "key": 3, "item": {"id": 3}},
            {"number": 9, "at": at, "operation": "delete", "key": [1, 2]},
        ],
        "next": 12,
    }
    assert (answer.status, answer.headers[-1]) == (200, (b"x-change-number", b"12"))


@given(st.text(st.characters(exclude_categories=["Cs"])))
@example("a\x85b\u2028c\u2029d")
@example("\x84\x86\u2027\u202a\r\n\x0b\x0c\x1c\x1d\x1e")
def test_no_text_is_two_lines(text: str) -> None:
    """Whatever takes what for the end of a line, the data of an event is one, and unchanged."""
    item = json.dumps(text, ensure_ascii=False).encode()
    lines = write_events([MADE._replace(item=item)]).decode().splitlines()
    assert lines[:2] == ["id: 7", "event: create"]
    assert [json.loads(line.removeprefix("data: ")) for line in lines[2:-1]] == [
        {"key": 3, "item": text}
    ]
    assert lines[-1] == ""
