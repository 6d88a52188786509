"""Bodies in other encodings and of other media types, too large, or announced wrongly."""

from collections.abc import AsyncIterator

import httpx2
import pytest

from tests.http.problems import count_rows, read_problem

from .conftest import JSON, assert_serves, fault_of

ROW = b'{"code": "a"}'
TYPE = "content-type"

BODIES: dict[str, tuple[bytes, dict[str, str], int]] = {
    "nothing": (b"", JSON, 422),
    "null": (b"null", JSON, 422),
    "array": (b"[]", JSON, 422),
    "text": (b'"a"', JSON, 422),
    "number": (b"5", JSON, 422),
    "half an object": (b'{"code": "a"', JSON, 422),
    "two objects": (ROW + ROW, JSON, 422),
    "name twice": (b'{"code": "a", "code": "b"}', JSON, 422),
    "name twice, escaped": (rb'{"code": "a", "\u0063ode": "b"}', JSON, 422),
    "name twice, with spaces": (b'{"code": "a", "note" : "b", "note"\n: "c"}', JSON, 422),
    "surrogate as a name": (rb'{"code": "a", "\ud800": 1}', JSON, 422),
    "NUL as a name": (rb'{"code": "a", "\u0000": 1}', JSON, 422),
    "slash as a name": (b'{"code": "a", "a/~b": 1}', JSON, 422),
    "single quotes": (b"{'code': 'a'}", JSON, 422),
    "comment": (b"/* x */" + ROW, JSON, 422),
    "form feed": (b"\x0c" + ROW, JSON, 422),
    "no-break space": (b"\xc2\xa0" + ROW, JSON, 422),
    "byte order mark": (b"\xef\xbb\xbf" + ROW, JSON, 422),
    "byte order mark, UTF-16": (b"\xff\xfe" + ROW, JSON, 422),
    "Latin-1": (b'{"code": "\xe9"}', JSON, 422),
    "Windows-1252": (b'{"code": "\x93a\x94"}', JSON, 422),
    "Shift JIS": ('{"code": "表"}'.encode("shift_jis"), JSON, 422),
    "UTF-7": (b'{"code": "+AGE-', JSON, 422),
    "UTF-16": (ROW.decode().encode("utf-16"), JSON, 422),
    "UTF-16, little end": (ROW.decode().encode("utf-16-le"), JSON, 422),
    "UTF-32": (ROW.decode().encode("utf-32"), JSON, 422),
    "surrogate in UTF-8": (b'{"code": "\xed\xa0\x80"}', JSON, 422),
    "CESU-8": (b'{"code": "\xed\xa0\xbd\xed\xb8\x80"}', JSON, 422),
    "overlong slash": (b'{"code": "\xc0\xaf"}', JSON, 422),
    "overlong NUL": (b'{"code": "\xc0\x80"}', JSON, 422),
    "overlong quote": (b'{"code": "\xc0\xa2}', JSON, 422),
    "beyond Unicode": (b'{"code": "\xf4\x90\x80\x80"}', JSON, 422),
    "half of a character": (b'{"code": "\xe4\xb8"}', JSON, 422),
    "raw NUL": (b"\x00", JSON, 422),
    "NUL behind": (ROW + b"\x00", JSON, 422),
    "gzip": (b"\x1f\x8b\x08\x00\x00\x00\x00\x00", {**JSON, "content-encoding": "gzip"}, 415),
    "plain, named gzip": (ROW, {**JSON, "content-encoding": "gzip"}, 415),
    "charset": (ROW, {TYPE: "application/json; charset=latin-1"}, 415),
    "text/plain": (ROW, {TYPE: "text/plain"}, 415),
    "media type of another JSON": (ROW, {TYPE: "application/jsonp"}, 415),
    "no media type": (ROW, {}, 415),
    "empty media type": (ROW, {TYPE: ""}, 415),
    "malformed media type": (ROW, {TYPE: "json"}, 415),
    "form": (b"code=a", {TYPE: "application/x-www-form-urlencoded"}, 415),
    "multipart form": (b"--x--", {TYPE: "multipart/form-data; boundary=x"}, 415),
}


@pytest.mark.parametrize("path", ["/words/", "/words/bulk/"])
@pytest.mark.parametrize("name", BODIES)
async def test_body(client: httpx2.AsyncClient, name: str, path: str) -> None:
    """A body that is no JSON object in UTF-8, or does not say that it is, is refused."""
    body, headers, status = BODIES[name]
    if (name, path) == ("array", "/words/bulk/"):
        status = 201
    answer = await client.post(path, content=body, headers=headers)
    assert (answer.status_code, fault_of(answer)) == (status, "")
    assert await count_rows(client, "/words/") == 0
    await assert_serves(client)


@pytest.mark.parametrize(
    "media_type",
    ["application/json", "Application/JSON", 'application/json; charset="UTF-8"',
     "application/json;charset=utf-8", "application/json ; charset=utf-8"],
)  # fmt: skip
async def test_media_type(client: httpx2.AsyncClient, media_type: str) -> None:
    """JSON in UTF-8 may be announced in any spelling that means it."""
    answer = await client.post("/words/", content=ROW, headers={TYPE: media_type})
    assert answer.status_code == 201, answer.text


async def test_content_encoding(client: httpx2.AsyncClient) -> None:
    """A refused content coding is answered with the one that is taken (RFC 9110, 12.5.3)."""
    headers = {**JSON, "content-encoding": "br, gzip"}
    answer = await client.post("/words/", content=ROW, headers=headers)
    problem = read_problem(answer, 415, "unsupported_media_type")
    assert problem["detail"] == "Send the body as it is, without Content-Encoding"
    assert answer.headers["accept-encoding"] == "identity"
    headers = {**JSON, "content-encoding": "Identity"}
    assert (await client.post("/words/", content=ROW, headers=headers)).status_code == 201


async def in_parts(body: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(body), 65536):
        yield body[start : start + 65536]


@pytest.mark.parametrize("announced", [True, False])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/words/"),
        ("POST", "/words/bulk/"),
        ("PATCH", "/words/bulk/"),
        ("DELETE", "/words/bulk/"),
        ("PATCH", "/words/a"),
        ("POST", "/words/query"),
    ],
)
async def test_large_body(
    client: httpx2.AsyncClient, method: str, path: str, announced: bool
) -> None:
    """A body over the limit is 413, whether or not it says how large it is."""
    body = b'{"code": "' + b"x" * 2_000_000 + b'"}'
    content = body if announced else in_parts(body)
    answer = await client.request(method, path, content=content, headers=JSON)
    read_problem(answer, 413, "too_large")
    assert await count_rows(client, "/words/") == 0
    await assert_serves(client)


@pytest.mark.parametrize(
    "length", ["-1", "x", "1e9", "99999999999999999999999", "\u00b2", "9" * 5000]
)
async def test_content_length(client: httpx2.AsyncClient, length: str) -> None:
    """A malformed or absurd length is no 5xx."""
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", length.encode("latin-1")),
    ]
    answer = await client.post("/words/", content=ROW, headers=headers)
    assert answer.status_code < 500
