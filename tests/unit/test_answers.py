"""Responses, byte by byte: status, body and headers."""

import json
from collections.abc import AsyncGenerator, Callable, Collection, Sequence
from functools import partial
from ipaddress import IPv6Address
from typing import Any

import msgspec
import pytest

from modelwire.errors import (
    AlreadyExists,
    Answered,
    InvalidRequest,
    KeyInFlight,
    MethodNotAllowed,
    NotFound,
    ParentNotFound,
    PreconditionFailed,
    RequestError,
    Unavailable,
    UnknownOutcome,
    UnsupportedEncoding,
    Violation,
)
from modelwire.request.headers import Format, Preconditions
from modelwire.respond import answer as answers
from modelwire.respond.answer import Answer, check_preconditions, entity_tag, matches
from modelwire.respond.batch import answer_batch
from modelwire.respond.groups import answer_groups, answer_sheet
from modelwire.respond.links import Address, Bounds, link_keyset, link_pages
from modelwire.respond.outcomes import Statuses, answer_each
from modelwire.respond.problem import answer_other_problem, answer_problem
from modelwire.respond.statuses import title_of
from modelwire.respond.stream import Batch, answer_stream

JSON = (b"content-type", b"application/json")
TAG = (b"etag", b'"t"')
MINIMAL = (b"preference-applied", b"return=minimal")
PLACE = (b"location", b"/users/1")
LINK = (b"link", b"<>")
VARY = (b"vary", b"Accept")
AFFECTED = (b"preference-applied", b"max-affected=9")

BODY = b'{"id":1}'
PAGE = Bounds(2, 10, 30, has_next=True)
LAST = Bounds(2, 10, None, has_next=False)


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (partial(answers.answer_row, BODY, "t"), Answer(200, BODY, (JSON, TAG))),
        (partial(answers.answer_not_modified, "t"), Answer(304, b"", (TAG,))),
        (
            partial(answers.answer_created, BODY, "t", "/users/1", minimal=False),
            Answer(201, BODY, (JSON, TAG, PLACE)),
        ),
        (
            partial(answers.answer_created, BODY, "t", "/users/1", minimal=True),
            Answer(201, b"", (TAG, PLACE, MINIMAL), BODY),
        ),
        (partial(answers.answer_updated, BODY, "t", minimal=False), Answer(200, BODY, (JSON, TAG))),
        (
            partial(answers.answer_updated, BODY, "t", minimal=True),
            Answer(204, b"", (TAG, MINIMAL), BODY),
        ),
        (
            partial(answers.answer_rows, b"[]", status=200, minimal=False, applied=(LINK,)),
            Answer(200, b"[]", (JSON, LINK)),
        ),
        (
            partial(answers.answer_rows, b"[]", status=200, minimal=True, applied=(LINK,)),
            Answer(204, b"", (MINIMAL, LINK), b"[]"),
        ),
        (
            partial(answers.answer_rows, b"[]", status=201, minimal=True),
            Answer(201, b"", (MINIMAL,), b"[]"),
        ),
        (
            partial(answers.answer_affected, 3, 9, minimal=False),
            Answer(200, b'{"affected":3}', (JSON, AFFECTED)),
        ),
        (
            partial(answers.answer_affected, 3, 9, minimal=True),
            Answer(204, b"", (MINIMAL, AFFECTED), b'{"affected":3}'),
        ),
        (
            partial(answers.answer_page, b"[1]", PAGE, (LINK,)),
            Answer(200, b'{"items":[1],"total":30,"skip":2,"limit":10}', (JSON, LINK)),
        ),
        (
            partial(answers.answer_page, b"[1]", PAGE, estimated=True),
            Answer(
                200,
                b'{"items":[1],"total":30,"total_is_estimate":true,"skip":2,"limit":10}',
                (JSON,),
            ),
        ),
        (
            partial(answers.answer_page, b"[1]", LAST),
            Answer(200, b'{"items":[1],"total":null,"skip":2,"limit":10}', (JSON,)),
        ),
        (
            partial(answers.answer_keyset_page, b"[1]", 5, "abc", None, (LINK,)),
            Answer(200, b'{"items":[1],"limit":5,"next":"abc","previous":null}', (JSON, LINK)),
        ),
        (
            partial(answers.answer_keyset_page, b"[1]", 5, None, "xyz"),
            Answer(200, b'{"items":[1],"limit":5,"next":null,"previous":"xyz"}', (JSON,)),
        ),
        (partial(answers.answer_deleted), Answer(204)),
        (
            partial(answer_groups, b"[1]", PAGE, (LINK,)),
            Answer(200, b'{"items":[1],"skip":2,"limit":10,"more":true}', (JSON, VARY, LINK)),
        ),
        (
            partial(answer_groups, b"[1]", LAST),
            Answer(200, b'{"items":[1],"skip":2,"limit":10,"more":false}', (JSON, VARY)),
        ),
        (
            partial(answer_sheet, b"a\r\n", (LINK,)),
            Answer(
                200,
                b"a\r\n",
                ((b"content-type", b"text/csv; charset=utf-8; header=present"), VARY, LINK),
            ),
        ),
    ],
)
def test_answers(make: Callable[[], Answer], expected: Answer) -> None:
    """Each kind of response has its status, its body, and exactly its headers."""
    assert make() == expected


def test_batch() -> None:
    """Responses contain their bodies, unless these are left out, and headers joined by name."""
    headers = (JSON, (b"content-length", b"8"), TAG, PLACE, VARY, (b"vary", b"Prefer"))
    parts = [Answer(200, BODY, headers), Answer(204, b"", (), BODY)]
    expected = (
        b'{"responses":[{"status":200,'
        b'"headers":{"ETag":"\\"t\\"","Location":"/users/1","Vary":"Accept, Prefer"},'
        b'"body":{"id":1}},{"status":204,"headers":{}}]}'
    )
    assert answer_batch(parts, minimal=False) == Answer(200, expected, (JSON,))
    assert answer_batch(parts, minimal=True) == Answer(200, expected, (JSON, MINIMAL))


def test_each_outcome() -> None:
    """A row has its JSON or its problem; a deleted one, and any on request, its status alone."""
    outcomes = [BODY, None, AlreadyExists("Name already exists"), NotFound("User not found")]
    statuses = Statuses(success=201, conflict=409)
    answer = answer_each(outcomes, statuses, minimal=False, applied=(LINK,))
    assert (answer.status, answer.headers) == (207, (JSON, LINK))
    written, deleted, refused, missing = json.loads(answer.body)["items"]
    assert (written, deleted) == ({"status": 201, "item": {"id": 1}}, {"status": 201})
    assert (refused["status"], refused["problem"]["code"]) == (409, "already_exists")
    assert (missing["status"], missing["problem"]["status"]) == (404, 404)
    minimal = answer_each(outcomes, statuses, minimal=True)
    assert minimal.headers == (JSON, MINIMAL)
    assert json.loads(minimal.body)["items"] == [{"status": 201}] * 2 + [refused, missing]


PROBLEM = (b"content-type", b"application/problem+json")


@pytest.mark.parametrize(
    ("error", "status", "headers"),
    [
        (AlreadyExists("x"), 400, ()),
        (NotFound("x"), 404, ()),
        (Unavailable("x", 7), 503, ((b"retry-after", b"7"),)),
        (UnknownOutcome(3), 503, ((b"retry-after", b"3"),)),
        (KeyInFlight("x", 2), 409, ((b"retry-after", b"2"),)),
        (MethodNotAllowed(["GET", "HEAD"]), 405, ((b"allow", b"GET, HEAD"),)),
        (UnsupportedEncoding("x"), 415, ((b"accept-encoding", b"identity"),)),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, RequestError) else None,
)
def test_problems(
    error: RequestError, status: int, headers: tuple[tuple[bytes, bytes], ...]
) -> None:
    """A problem has the status of its code, and the headers that tell a client what to do."""
    answer = answer_problem(error)
    assert (answer.status, answer.headers) == (status, (PROBLEM, *headers))
    document = {"type": f"urn:modelwire:{error.code}", "title": title_of(status)}
    detail = {"detail": error.detail} if error.detail else {}
    assert json.loads(answer.body) == {**document, "status": status, "code": error.code, **detail}


@pytest.mark.parametrize("status", [400, 409, 422])
def test_status_of_conflicts(status: int) -> None:
    """The setting is the status of a taken value and a missing parent, and of nothing else."""
    for error in (AlreadyExists("x"), ParentNotFound("x")):
        assert answer_problem(error, conflict_status=status).status == status
    assert answer_problem(NotFound("x"), conflict_status=status).status == 404


def test_errors_of_a_problem() -> None:
    """Each fault has its place as far as it has one, 0 included; the rest are counted."""
    faults = (
        Violation("m", "a", pointer=""),
        Violation("m", "b", parameter="sort", position=0),
        Violation("m", "c"),
    )
    document = json.loads(answer_problem(InvalidRequest(*faults, more=4)).body)
    assert document["errors"] == [
        {"pointer": "", "code": "a", "message": "m"},
        {"parameter": "sort", "position": 0, "code": "b", "message": "m"},
        {"code": "c", "message": "m"},
    ]
    assert document["more_errors"] == 4
    assert json.loads(answer_other_problem(418, "x", violations=faults[2:]).body)["errors"] == [
        {"code": "c", "message": "m"}
    ]


@pytest.mark.parametrize(
    ("status", "title", "code"),
    [
        (418, "I'm a Teapot", "im_a_teapot"),
        (413, "Content Too Large", "content_too_large"),
        (414, "URI Too Long", "uri_too_long"),
        (422, "Unprocessable Content", "unprocessable_content"),
        (203, "Non-Authoritative Information", "non_authoritative_information"),
        (599, "Error", "error"),
    ],
)
def test_other_problems(status: int, title: str, code: str) -> None:
    """The application's own refusal has its standard phrase, and that as its code."""
    answer = answer_problem(Answered(status, {"why": 1}, headers=(LINK,)))
    assert (answer.status, answer.headers) == (status, (PROBLEM, LINK))
    assert json.loads(answer.body) == {
        "type": "about:blank",
        "title": title_of(status),
        "status": status,
        "code": code,
        "detail": {"why": 1},
    }
    assert title_of(status).casefold() == title.casefold()


def test_entity_tags() -> None:
    """The first half covers the row, the second what is shown with it, whatever either holds."""
    own, _, _ = entity_tag((1, "a"), b"shown").partition("-")
    assert entity_tag((1, "a")) == own
    assert len(own) == 18
    tags = {entity_tag(row, shown) for row in ((1, "a"), (1, "b")) for shown in (b"", b"x", b"y")}
    assert len(tags) == 6
    assert entity_tag((IPv6Address("::1"),)) != entity_tag((IPv6Address("::2"),))
    assert len({entity_tag(("\ud800",)), entity_tag(("\ud801",)), entity_tag(("?",))}) == 3


@pytest.mark.parametrize(
    ("tags", "is_match"),
    [((), False), (("t",), True), (("s", "t"), True), (("*",), True), (("s",), False)],
)
def test_matches(tags: tuple[str, ...], is_match: bool) -> None:
    assert matches(tags, "t") is is_match


OWN = entity_tag((1, "a"))


@pytest.mark.parametrize(
    ("if_match", "if_none_match", "is_met"),
    [
        (None, None, True),
        ((OWN,), None, True),
        ((f"{OWN}-included",), None, True),
        (("*",), None, True),
        (("other", OWN), None, True),
        (("other",), None, False),
        (("!",), None, False),
        ((f"other-{OWN}",), None, False),
        ((), None, False),
        (None, (OWN,), False),
        (None, ("*",), False),
        (None, ("other",), True),
        (None, (), True),
        ((OWN,), (OWN,), False),
        (("other",), ("other",), False),
    ],
)
def test_preconditions(
    if_match: tuple[str, ...] | None, if_none_match: tuple[str, ...] | None, is_met: bool
) -> None:
    """`If-Match` requires one of its tags, `If-None-Match` excludes all of its own."""
    conditions = Preconditions(if_match, if_none_match)
    if is_met:
        check_preconditions(conditions, (1, "a"))
        return
    with pytest.raises(PreconditionFailed):
        check_preconditions(conditions, (1, "a"))


def links_of(skip: int, total: int | None, *, has_next: bool = False, exact: bool = True) -> str:
    """Return where the links of a page with ten rows lead, by their relations' first letters."""
    bounds = Bounds(skip, 10, total, has_next)
    ((_, header),) = link_pages(Address("/u", b""), bounds, exact=exact)
    links = header.decode().replace("</u?skip=", "").split(", ")
    return " ".join(f"{rel[5]}{at}" for at, rel in (link.split(">; ") for link in links))


@pytest.mark.parametrize(
    ("links", "expected"),
    [
        (partial(links_of, 0, 0), "f0 l0"),
        (partial(links_of, 0, 1), "f0 l0"),
        (partial(links_of, 0, 10), "f0 l0"),
        (partial(links_of, 0, 11, has_next=True), "f0 n10 l10"),
        (partial(links_of, 10, 20), "f0 p0 l10"),
        (partial(links_of, 10, 21, has_next=True), "f0 p0 n20 l20"),
        (partial(links_of, 25, 60, has_next=True), "f0 p15 n35 l55"),
        (partial(links_of, 3, 14, has_next=True), "f0 p0 n13 l13"),
        (partial(links_of, 3, 13), "f0 p0 l3"),
        (partial(links_of, 1, 1), "f0 p0 l0"),
        (partial(links_of, 50, 12), "f0 p10 l10"),
        (partial(links_of, 5, 0), "f0 p0 l0"),
        (partial(links_of, 20, None, has_next=True, exact=False), "f0 p10 n30"),
        (partial(links_of, 20, 25, exact=False), "f0 p10"),
    ],
)
def test_links(links: Callable[[], str], expected: str) -> None:
    """The pages around one, counted from it; the last one only if the total is exact."""
    assert links() == expected


@pytest.mark.parametrize(
    ("query", "kept"),
    [
        (b"", ""),
        (b"skip=3", ""),
        (b"a=1&cursor=x&b=%26&skip", "a=1&b=%26&"),
        (b"&&a=1&", "a=1&"),
        (b"%73kip=3&%63ursor=&skip%5B%5D=1&skips=1", "skip%5B%5D=1&skips=1&"),
        (b'a="<>\xff b', "a=%22%3C%3E%FF%20b&"),
    ],
)
def test_queries_of_links(query: bytes, kept: str) -> None:
    """A link keeps the query but for its start, and is a valid header whatever that contains."""
    header = link_keyset(Address("/ü<", query), "n", None)
    start = f"/%FC%3C?{kept}cursor="
    assert header == ((b"link", f'<{start}>; rel="first", <{start}n>; rel="next"'.encode()),)
    ((_, both),) = link_keyset(Address("/u", b""), None, "p")
    assert both == b'</u?cursor=>; rel="first", </u?cursor=p>; rel="prev"'


def test_long_links_are_left_out() -> None:
    """A header is as long as proxies accept at most."""
    length = len(link_keyset(Address("", b""), None, None)[0][1])
    longest = Address("/" * (4000 - length), b"")
    assert len(link_keyset(longest, None, None)[0][1]) == 4000
    assert link_keyset(Address(longest.path + "/", b""), None, None) == ()


class Encoder:
    """An encoder of numbers."""

    names: Sequence[str] = ("n",)
    times: Collection[str] = ()

    def encode_many(self, rows: Sequence[Any], _branches: Sequence[Any]) -> bytes:
        return msgspec.json.encode([{"n": n} for n in rows])

    def encode_lines(self, rows: Sequence[Any], _branches: Sequence[Any]) -> bytes:
        return b"".join(b'{"n":%d}\n' % n for n in rows)


ARRAY = {(): b"[]", (1,): b'[{"n":1}]', (1, 2, 3): b'[{"n":1},{"n":2},{"n":3}]'}


@pytest.mark.parametrize("marks_end", [False, True], ids=["", "end-marker"])
@pytest.mark.parametrize("format_", [Format.JSON, Format.NDJSON, Format.JSONL, Format.CSV])
@pytest.mark.parametrize("batches", [[[]], [[], [1]], [[1], []], [[1, 2], [], [3]]], ids=str)
async def test_streams(batches: list[list[int]], format_: Format, marks_end: bool) -> None:
    """However rows are batched, the body is the same; lines end with their number on request."""

    async def rest() -> AsyncGenerator[Batch, None]:
        for batch in batches[1:]:
            yield batch, ()

    answer = answer_stream(format_, (batches[0], ()), rest(), Encoder(), marks_end=marks_end)
    body = b"".join([part async for part in answer.parts])
    rows = tuple(row for batch in batches for row in batch)
    lines, count = b"".join(b'{"n":%d}\n' % row for row in rows), len(rows)
    sheet = b"n\r\n" + b"".join(b"%d\r\n" % row for row in rows)
    expected, media_type, end = {
        Format.JSON: (ARRAY[rows], b"application/json", b""),
        Format.NDJSON: (lines, b"application/x-ndjson", b'{"$rows":%d}\n' % count),
        Format.JSONL: (lines, b"application/jsonl", b'{"$rows":%d}\n' % count),
        Format.CSV: (sheet, b"text/csv; charset=utf-8; header=present", b"#rows,%d\r\n" % count),
    }[format_]
    applied = ((b"preference-applied", b"end-marker"),) if marks_end and end else ()
    assert answer.status == 200
    assert body == expected + end * marks_end
    assert answer.headers == (
        (b"content-type", media_type),
        (b"vary", b"Accept, Prefer"),
        *applied,
    )
