"""Suggestions for names that are unknown."""

import httpx2
import pytest

from tests.http.problems import read_problem


@pytest.mark.parametrize(
    ("query", "suggested"),
    [
        ("usrname=a", "username"),
        ("USERNAME=a", "username"),
        ("usrname__icontains=a", "username__icontains"),
        ("username__icontain=a", "icontains"),
        ("Limit=5", "limit"),
        ("limit__eq=5", None),
        ("%66ull_nam=x", "full_name"),
        ("sort=Full_Name", "full_name"),
        ("fields=emial", "email"),
        ("or=(emial__eq:x)", "email"),
    ],
)
async def test_parameter(client: httpx2.AsyncClient, query: str, suggested: str | None) -> None:
    """The closest name is suggested, in any case of letters and with its operator."""
    problem = read_problem(await client.get(f"/users/?{query}"), 422, "invalid")
    (error,) = problem["errors"]
    assert (f"(did you mean `{suggested}`?)" in error["message"]) == (suggested is not None)
    assert error["message"] in problem["detail"]


@pytest.mark.parametrize(
    ("url", "suggested"),
    [
        ("/users/?offset=10", "skip"),
        ("/users/?page=2", "skip"),
        ("/users/?page[number]=2", "skip"),
        ("/users/?page_size=50", "limit"),
        ("/users/?perPage=50", "limit"),
        ("/users/?$top=50", "limit"),
        ("/users/?order_by=email", "sort"),
        ("/users/?ordering=-email", "sort"),
        ("/users/?search=ann", "q"),
        ("/users/?select=email", "fields"),
        ("/players/1?expand=team", "include"),
        ("/users/?cursor&offset=10", None),
        ("/users/?limit=5&page_size=50", None),
        ("/users/stream/?offset=10", None),
        ("/users/aggregate?group_by=is_active", "group"),
    ],
)
async def test_parameter_by_its_name_elsewhere(
    client: httpx2.AsyncClient, url: str, suggested: str | None
) -> None:
    """A usual name of a parameter has the name here suggested, where that can be sent."""
    (error,) = read_problem(await client.get(url), 422, "invalid")["errors"]
    note = "" if suggested is None else f" (did you mean `{suggested}`?)"
    assert error["message"] == f"is not a parameter here{note}"


@pytest.mark.parametrize(
    ("query", "suggested"),
    [("team.nmae=x", "team.name"), ("taem.name__icontains=x", "team.name__icontains")],
)
async def test_path(client: httpx2.AsyncClient, query: str, suggested: str) -> None:
    """A path through a relation is suggested whole."""
    problem = read_problem(await client.get(f"/players/?{query}"), 422, "invalid")
    assert f"(did you mean `{suggested}`?)" in problem["detail"]


async def test_parameter_without_a_name(client: httpx2.AsyncClient) -> None:
    """A parameter without a name is said to be one."""
    assert read_problem(await client.get("/users/?=5"), 422, "invalid")["errors"] == [
        {"parameter": "", "code": "unknown_parameter", "message": "a parameter has no name"}
    ]


@pytest.mark.parametrize(
    ("method", "url", "pointer"),
    [
        ("POST", "/users/", "/Full_name"),
        ("PATCH", "/users/1", "/Full_name"),
        ("POST", "/users/bulk/", "/0/Full_name"),
    ],
)
async def test_field(client: httpx2.AsyncClient, method: str, url: str, pointer: str) -> None:
    """A field of a body that is not known has the closest one suggested."""
    row = {"username": "ann", "email": "a@b.org", "Full_name": "Ann"}
    body = [row] if "bulk" in url else row
    problem = read_problem(await client.request(method, url, json=body), 422, "invalid")
    assert [(error["pointer"], error["code"], error["message"]) for error in problem["errors"]] == [
        (
            pointer,
            "unknown_field",
            "is not a field that can be set here (did you mean `full_name`?)",
        )
    ]


async def test_field_that_is_like_no_other(client: httpx2.AsyncClient) -> None:
    """A name that resembles no other gets no suggestion."""
    body = {"username": "ann", "email": "a@b.org", "zzz": 1}
    problem = read_problem(await client.post("/users/", json=body), 422, "invalid")
    assert problem["detail"] == "zzz: is not a field that can be set here"


async def test_field_that_is_there(client: httpx2.AsyncClient) -> None:
    """A field that the body has already is not suggested."""
    body = {"username": "ann", "email": "a@b.org", "emial": 1}
    problem = read_problem(await client.post("/users/", json=body), 422, "invalid")
    assert problem["detail"] == "emial: is not a field that can be set here"
