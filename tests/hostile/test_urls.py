"""Hostile values in paths, queries and headers: refused with a problem, or answered as usual."""

from collections.abc import Iterator
from itertools import cycle

import httpx2
import pytest
import pytest_asyncio

from modelwire.plan.reading.operators import OPERATORS
from tests.http.problems import count_rows
from tests.worlds import World

from .conftest import Share, assert_serves, fault_of, faults_of
from .corpus import ESCAPES, HEADER_VALUES, TEXTS, URL_VALUES
from .tables import FIELDS, KEYED

PATHS = ("/cells/", "/numbers/1/cells/", "/cells/stream/", "/cells/", "/cells/1")
NAMES = (*FIELDS, "row.note", "id", "row_id")


@pytest_asyncio.fixture
async def served(world: World, client: httpx2.AsyncClient) -> httpx2.AsyncClient:
    """A client of one row of each table, which must still be there after the test."""
    for path in KEYED:
        await store_row(world, path)
    assert (await client.post("/cells/", json={"row_id": 1, "text": "a"})).status_code == 201
    return client


async def store_row(world: World, path: str) -> None:
    """Store the row of a table whose key is known."""
    row, _, _ = KEYED[path]
    async with world.database.session() as session:
        session.add(type(row)(**row.model_dump()))
        await session.commit()


async def assert_unchanged(client: httpx2.AsyncClient) -> None:
    """Every table still has its one row, and takes another."""
    for path, (_, _, key) in KEYED.items():
        assert await count_rows(client, f"/{path}/") == 1
        assert (await client.get(f"/{path}/{key}")).json()["note"] == "x"
    await assert_serves(client)


@pytest.mark.parametrize("path", KEYED)
async def test_key(world: World, served: httpx2.AsyncClient, path: str, share: Share) -> None:
    """Whatever stands as a key is a refusal, unless it is that of the row, and touches no other."""
    faults: dict[str, str] = {}
    methods = ("GET", "PUT", "PATCH", "DELETE", "HEAD")
    own = KEYED[path][2]
    values = share(URL_VALUES, list(KEYED).index(path))
    for number, (name, value) in enumerate(values.items()):
        keys = [f"{value},7", f"w,{value}", f"{value},{value}"] if "," in own else [value]
        for key in keys:
            method = methods[number % len(methods)]
            url = f"/{path}/{key}" + ("/cells/" if method == "HEAD" and path == "numbers" else "")
            body = {"note": "x"} if method in ("PUT", "PATCH") else None
            if value in ("", "..%2F.."):
                continue
            answer = await served.request(method, url, json=body)
            if method == "HEAD":
                faults[f"{method} {name}"] = "" if answer.status_code < 500 else "5xx"
            else:
                faults[f"{method} {name}"] = fault_of(answer)
            if answer.status_code == 204:  # it was another form of the row's own key
                await store_row(world, path)
    assert {value: fault for value, fault in faults.items() if fault} == {}
    await assert_unchanged(served)


def filters_of(name: str, values: dict[str, str]) -> Iterator[str]:
    """Filters of a field, each value with another operator, and every third in an expression."""
    operators = ("", *(f"__{operator}" for operator in OPERATORS))
    for number, value in enumerate(values.values()):
        operator = operators[number % len(operators)]
        form = "or=({}{}:{})&count=none" if number % 3 == 0 else "{}{}={}"
        yield f"/cells/?{form.format(name, operator, value)}"


@pytest.mark.parametrize("name", NAMES)
async def test_filter(served: httpx2.AsyncClient, name: str, share: Share) -> None:
    """Whatever a filter compares with is no 5xx, for every kind of column."""
    values = share(URL_VALUES, NAMES.index(name))
    assert await faults_of(served, filters_of(name, dict(values))) == {}
    await assert_unchanged(served)


PARAMETERS = (
    "sort", "skip", "limit", "q", "fields", "include", "or", "count", "cursor", "nope",
    "limit=1&cursor", "sort=-day,text&cursor", "q=a&text__contains",
)  # fmt: skip


@pytest.mark.parametrize("parameter", PARAMETERS)
async def test_parameter(served: httpx2.AsyncClient, parameter: str, share: Share) -> None:
    """Whatever a parameter is given is no 5xx, for lists, single rows, streams and children."""
    values = share(URL_VALUES, PARAMETERS.index(parameter)).values()
    urls = (
        f"{path}?{parameter}={value}" for value, path in zip(values, cycle(PATHS), strict=False)
    )
    assert await faults_of(served, urls) == {}


NAME_FORMS = ("{}", "text__{}", "{}__eq", "row.{}", "{}.note", "row.{}__in", "{}%00")


@pytest.mark.parametrize("form", NAME_FORMS)
async def test_parameter_name(served: httpx2.AsyncClient, form: str, share: Share) -> None:
    """Whatever a parameter is called, it is refused unless it is known."""
    faults: dict[str, str] = {}
    paths = cycle(PATHS)
    for name, value in share(URL_VALUES, NAME_FORMS.index(form)).items():
        raw = form.format(value)
        path = next(paths)
        if raw and not raw.startswith("="):
            answer = await served.get(f"{path}?{raw}=1")
            faults[f"{path} {name}"] = "accepted" if answer.is_success else fault_of(answer)
    assert {name: fault for name, fault in faults.items() if fault} == {}


EXPRESSIONS = (
    "{}", "({})", "(text:{})", "(number__in:({},1))", "(day__between:({},{}))", "(not({}))",
    "({}:1)", "(text__{}:1)", "(and({},{}))", '(text:"{}")', "(row.note:{})",
)  # fmt: skip


@pytest.mark.parametrize("form", EXPRESSIONS)
async def test_expression(served: httpx2.AsyncClient, form: str, share: Share) -> None:
    """Whatever stands in a logical expression is no 5xx."""
    values = share(URL_VALUES, EXPRESSIONS.index(form)).values()
    urls = (f"/cells/?or={form.replace('{}', value)}" for value in values)
    assert await faults_of(served, urls) == {}


@pytest.mark.parametrize(
    "query",
    [
        "or=" + "not(" * 5000 + "id:1" + ")" * 5000,
        "or=(" + ",".join(["id:1"] * 5000) + ")",
        "or=" + "(" * 20_000,
        "id__in=" + ",".join(["1"] * 25_000),
        "sort=" + ",".join(["id"] * 5000),
        "fields=" + ",".join(["id"] * 5000),
        "include=" + "row." * 5000 + "row",
        "sort=" + "row." * 5000 + "note",
        "&".join(["id__in=1"] * 5000),
        "&".join(f"nope{i}=1" for i in range(5000)),
        "q=" + "%20".join(["a"] * 5000),
        "cursor=" + "A" * 60_000,
        "text__like=" + "%25" * 9000,
        "text__ilike=" + "%25a" * 2000,
        "&" * 5000,
        "=" * 5000,
    ],
    ids=lambda query: query[:12],
)
async def test_long_query(served: httpx2.AsyncClient, query: str) -> None:
    """A query of absurd length is no 5xx."""
    assert await faults_of(served, [f"/cells/?{query}", f"/cells/stream/?{query}"]) == {}


@pytest.mark.parametrize("name", ["..", ".", "%2e%2e", "%2F", "%5C", "%00"])
async def test_path(served: httpx2.AsyncClient, name: str) -> None:
    """Whatever stands in a path is no 5xx and leads nowhere else."""
    for form in ("/{}", "/cells/{}/", "/cells/1/{}", "/cells/1/{}/1", "/numbers/{}/cells/", "//{}"):
        answer = await served.get(httpx2.URL("http://test", raw_path=form.format(name).encode()))
        assert answer.status_code in (200, 404, 422), answer.text
        assert "Error" not in answer.text


HEADERS = (
    "accept", "accept-encoding", "authorization", "content-type", "cookie", "expect", "host",
    "idempotency-key", "if-match", "if-none-match", "prefer", "range", "x-forwarded-for",
    "x-forwarded-host", "x-request-id",
)  # fmt: skip


@pytest.mark.parametrize("header", HEADERS)
async def test_header(served: httpx2.AsyncClient, header: str, share: Share) -> None:
    """Whatever a header says is no 5xx, and nothing of it stands in a header of the answer."""
    faults: dict[str, str] = {}
    requests = cycle((("GET", "/cells/1"), ("PATCH", "/cells/1"), ("GET", "/cells/stream/")))
    for name, value in share(HEADER_VALUES, HEADERS.index(header)).items():
        fields = {b"content-type": b"application/json", header.encode(): value}
        method, url = next(requests)
        content = b"{}" if method == "PATCH" else None
        answer = await served.request(method, url, content=content, headers=fields)
        is_cached = answer.status_code == 304 and not answer.content
        faults[f"{method} {name}"] = "" if is_cached else fault_of(answer)
        assert "x-injected" not in answer.headers
    assert {name: fault for name, fault in faults.items() if fault} == {}
    await assert_unchanged(served)


async def test_corpus(world: World) -> None:
    """The corpus is large, and its values differ."""
    assert len(TEXTS) > 200
    assert len(set(TEXTS.values())) == len(TEXTS)
    assert len(set(ESCAPES.values()) - set(URL_VALUES.values())) == 0


@pytest.mark.parametrize(
    "limit", ["9" * 5000, "-1", "1e3", "0", "\u00b2", "1, max-affected=2", '"5"']
)
async def test_mass_change(served: httpx2.AsyncClient, limit: str) -> None:
    """Whatever is said of how many rows may be affected, no more than that are."""
    fields = {b"prefer": f"max-affected={limit}".encode("latin-1")}
    answer = await served.request("DELETE", "/cells/?text=a", headers=fields)
    assert answer.status_code in (200, 400, 422, 428), answer.text
    assert fault_of(answer) == ""
