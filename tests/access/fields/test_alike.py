"""A caller is answered as by a service that has no more fields than those he may see and set."""

from __future__ import annotations

import json
from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelwire.pipeline.variants import Variants
from tests.examples import examples
from tests.lanes import LANES
from tests.query.conftest import describe

from .asking import Asked, reads, writes
from .conftest import World
from .staff import CALLERS

_HEADERS = ("etag", "link", "location", "content-type", "preference-applied", "vary", "allow")

_WHO = st.sampled_from([*CALLERS, CALLERS[-1]])


async def send(world: World, way: str, who: str, asked: Asked) -> httpx2.Response:
    """Send a request for a caller."""
    headers = {**asked.headers, "x-who": who}
    client = world.clients[way]
    return await client.request(asked.method, asked.url, json=asked.body, headers=headers)


def described(answer: httpx2.Response) -> tuple[int, dict[str, str], bytes]:
    """Return the parts of a response that a client can observe."""
    found = {name: answer.headers[name] for name in _HEADERS if name in answer.headers}
    return answer.status_code, found, answer.content


def compare(answer: httpx2.Response, plain: httpx2.Response) -> None:
    """Compare an answer with that of the service without policies.

    What its caller can see and can't set has a code of its own; the other service takes it for a
    name that it does not know.
    """
    if b'"read_only"' not in answer.content:
        assert described(answer) == described(plain)
        return
    assert answer.status_code == plain.status_code
    assert _faults(answer.json()) == _faults(plain.json())


def _faults(found: Any) -> Any:
    """A problem without the words for what is read-only."""
    if isinstance(found, list):
        return [_faults(item) for item in found]
    if not isinstance(found, dict):
        return found
    left = {n: _faults(value) for n, value in found.items() if n not in ("detail", "message")}
    if left.get("code") == "read_only":
        left["code"] = "unknown_field"
    return left


@examples(60, quick=8)
@given(data=st.data())
async def test_reads(world: World, data: st.DataObject) -> None:
    """Whatever he asks, by whatever name in whatever place, on every page."""
    await world.fill()
    for _ in range(12):
        who, asked = data.draw(_WHO), data.draw(reads())
        for _ in range(3):
            plain = await send(world, who, who, asked)
            for lane in LANES:
                with describe(lane=lane, who=who, asked=asked):
                    answer = await send(world, lane, who, asked)
                    compare(answer, plain)
            following = plain.links.get("next", {}).get("url")
            if following is None:
                break
            asked = Asked("GET", following)


@examples(60, quick=8)
@given(data=st.data())
async def test_writes(world: World, data: st.DataObject) -> None:
    """Whatever he writes, and what is stored then."""
    for _ in range(5):
        who, asked = data.draw(_WHO), data.draw(writes())
        await world.fill()
        plain = await send(world, who, who, asked)
        stored = await world.read()
        for lane in LANES:
            await world.fill()
            with describe(lane=lane, who=who, asked=asked):
                compare(await send(world, lane, who, asked), plain)
                assert await world.read() == stored


async def test_tags(world: World) -> None:
    """A tag that one has is his row's: what he can't see does not change it."""
    await world.fill()
    change = Asked("PATCH", "/people/p0", {"salary": 71})
    for who, is_changed in (("manager", True), ("nobody", False)):
        before = await send(world, "direct", who, Asked("GET", "/people/p0?include="))
        assert (await send(world, "direct", "auditor", change)).status_code == 200
        after = await send(world, "direct", who, Asked("GET", "/people/p0?include="))
        assert (before.headers["etag"] != after.headers["etag"]) is is_changed
        await world.fill()
        headers = {"if-match": before.headers["etag"]}
        renamed = Asked("PATCH", "/people/p0", {"name": "x"}, headers)
        assert (await send(world, "direct", who, renamed)).status_code == 200
        await world.fill()


async def test_a_bypass_is_told(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Were everyone served as those who may see most, these comparisons would fail."""
    await world.fill()
    monkeypatch.setattr(Variants, "choose", lambda variants, _caller: variants.widest)
    for asked in (Asked("GET", "/people/"), Asked("PATCH", "/people/p0", {"title": "boss"})):
        plain = await send(world, "nobody", "nobody", asked)
        with pytest.raises(AssertionError):
            compare(await send(world, "direct", "nobody", asked), plain)


def test_differences_are_told() -> None:
    """The comparison of responses notices differences."""
    problem = {"code": "invalid", "errors": [{"code": "read_only", "pointer": "/a"}]}
    other = {"code": "invalid", "errors": [{"code": "unknown_field", "pointer": "/b"}]}
    assert _faults(problem) != _faults(other)
    assert json.dumps(_faults(problem)) == json.dumps(
        _faults({"code": "invalid", "errors": [{"code": "unknown_field", "pointer": "/a"}]})
    )
