"""Hostile values in bodies: refused with a problem, or stored and read back the same."""

import json
import math
from typing import Any

import httpx2
import pytest

from tests.http.problems import count_rows

from .conftest import JSON, Share, assert_serves, fault_of
from .corpus import JSON_VALUES
from .tables import FIELDS, KEYED

ONE_FORM = ("price", "amount", "day", "moment", "local", "clock", "span", "reference")
"""Fields whose values have one form in answers, whatever form they are sent in."""


TO_STANDARD = str.maketrans("-_", "+/")
"""From the other alphabet of base64 to its standard one."""


def is_kept(field: str, sent: Any, shown: Any) -> bool:
    """Whether a value that was sent is shown as it was sent, or in the form that its field has."""
    if field in ONE_FORM or type(shown) is not type(sent):
        return True
    if field == "blob" and sent is not None:
        return bool(shown.rstrip("=") == sent.rstrip("=").translate(TO_STANDARD))
    if isinstance(sent, float):
        return math.isclose(shown, sent, rel_tol=0, abs_tol=0)
    return bool(shown == sent)


async def fault_of_new_row(client: httpx2.AsyncClient, field: str, value: str) -> str:
    """Create a row with a value and delete it; says what is wrong with that, if anything is."""
    body = f'{{"{field}": {value}}}'.encode()
    answer = await client.post("/cells/", content=body, headers=JSON)
    if not answer.is_success:
        return fault_of(answer)
    location = answer.headers["location"]
    read = await client.get(location)
    listed = await client.get("/cells/", params={"limit": 1, "count": "none"})
    assert (await client.delete(location)).status_code == 204
    if read.content != answer.content or listed.json()["items"] != [read.json()]:
        return f"answered {answer.json()[field]}, stored {read.json()[field]}"
    sent, shown = json.loads(value), read.json()[field]
    return "" if is_kept(field, sent, shown) else f"stored {shown!r:.80}"


@pytest.mark.parametrize("field", FIELDS)
async def test_value_of_a_field(client: httpx2.AsyncClient, field: str, share: Share) -> None:
    """Whatever stands in a field is refused with a problem, or kept whole; never a 5xx."""
    values = share(JSON_VALUES, FIELDS.index(field))
    faults = {n: await fault_of_new_row(client, field, value) for n, value in values.items()}
    assert {name: fault for name, fault in faults.items() if fault} == {}
    assert await count_rows(client, "/cells/") == 0
    await assert_serves(client)


@pytest.mark.parametrize("field", FIELDS)
async def test_value_of_a_change(client: httpx2.AsyncClient, field: str, share: Share) -> None:
    """Whatever stands in a change is refused with a problem, or kept whole; never a 5xx."""
    created = await client.post("/cells/", json={})
    location, expected = created.headers["location"], created.content
    faults: dict[str, str] = {}
    for name, value in share(JSON_VALUES, FIELDS.index(field)).items():
        method = "PUT" if len(faults) % 2 else "PATCH"
        content = f'{{"{field}": {value}}}'.encode()
        answer = await client.request(method, location, content=content, headers=JSON)
        expected = answer.content if answer.is_success else expected
        stored = (await client.get(location)).content
        faults[name] = fault_of(answer)
        if stored != expected:
            faults[name] += f"answered {answer.text[:300]}, stored {stored[:300]!r}"
            expected = stored
    assert {name: fault for name, fault in faults.items() if fault} == {}
    await assert_serves(client)


FORMS = {
    "row": ("POST", "/cells/", "{}"),
    "change": ("PATCH", "/cells/1", "{}"),
    "rows": ("POST", "/cells/bulk/", "{}"),
    "row of many": ("POST", "/cells/bulk/", "[{}]"),
    "named rows": ("POST", "/cells/bulk/", '{{"cells": {}}}'),
    "named row": ("POST", "/cells/bulk/", '{{"cells": [{}]}}'),
    "changes": ("PATCH", "/cells/bulk/", "[{}]"),
    "key of a change": ("PATCH", "/cells/bulk/", '[{{"id": {}}}]'),
    "keys": ("DELETE", "/cells/bulk/", "{}"),
    "key": ("DELETE", "/cells/bulk/", "[{}]"),
    "composite key": ("DELETE", "/pairs/bulk/", "[{}]"),
    "query": ("POST", "/cells/query", "{}"),
    "parent": ("POST", "/cells/", '{{"row_id": {}}}'),
}


@pytest.mark.parametrize("form", FORMS)
async def test_value_as_a_body(client: httpx2.AsyncClient, form: str, share: Share) -> None:
    """Any value in place of a row, a key or a query gives no 5xx, and is not stored."""
    method, path, text = FORMS[form]
    faults: dict[str, str] = {}
    for name, value in share(JSON_VALUES, list(FORMS).index(form)).items():
        body = text.format(value).encode()
        answer = await client.request(method, path, content=body, headers=JSON)
        faults[name] = fault_of(answer)
        if answer.status_code == 201 and answer.json() != []:
            await empty(client)
    assert {name: fault for name, fault in faults.items() if fault} == {}
    await assert_serves(client)


async def empty(client: httpx2.AsyncClient) -> None:
    """Delete every cell."""
    for cell in (await client.get("/cells/")).json()["items"]:
        assert (await client.delete(f"/cells/{cell['id']}")).status_code == 204


PARAMETERS = (
    "skip", "limit", "cursor", "count", "sort", "fields", "include", "q", "or", "nope",
    "number", "text__in", "day__between", "level__isnull",
)  # fmt: skip


@pytest.mark.parametrize("parameter", PARAMETERS)
async def test_value_of_a_query(client: httpx2.AsyncClient, parameter: str, share: Share) -> None:
    """Whatever a parameter is given in a body is no 5xx."""
    faults: dict[str, str] = {}
    for name, value in share(JSON_VALUES, PARAMETERS.index(parameter)).items():
        form = value if len(faults) % 3 else f"[{value}]"
        content = f'{{"{parameter}": {form}}}'.encode()
        answer = await client.post("/cells/query", content=content, headers=JSON)
        faults[name] = fault_of(answer)
    assert {name: fault for name, fault in faults.items() if fault} == {}


@pytest.mark.parametrize("path", KEYED)
async def test_value_of_a_key(client: httpx2.AsyncClient, path: str, share: Share) -> None:
    """Whatever stands in a key is refused, or its row is found by the link that it is given."""
    _, row, _ = KEYED[path]
    name = next(iter(row))
    faults: dict[str, str] = {}
    for value_name, value in share(JSON_VALUES, list(KEYED).index(path)).items():
        rest = "".join(f', "{k}": {json.dumps(v)}' for k, v in row.items() if k != name)
        body = f'{{"{name}": {value}{rest}}}'.encode()
        answer = await client.post(f"/{path}/", content=body, headers=JSON)
        faults[value_name] = fault_of(answer)
        if answer.is_success:
            location = answer.headers["location"]
            read = await client.get(location)
            removed = await client.delete(location)
            if read.content != answer.content or removed.status_code != 204:
                faults[value_name] = f"{location[:80]}: {read.status_code}, {removed.status_code}"
    assert {name: fault for name, fault in faults.items() if fault} == {}
    assert await count_rows(client, f"/{path}/") == 0
