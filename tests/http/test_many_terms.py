"""Queries with as many terms as there may be, and with more."""

import httpx2

from tests.http.rows import refused_parameters

TREE = [f"{path}{field}" for path in ("parent.parent.parent.", "parent.parent.", "parent.", "")
        for field in ("name", "parent_id", "id")]  # fmt: skip


async def test_many_sorts(zoo_client: httpx2.AsyncClient) -> None:
    """A sort by many tables works on both databases, a cursor included; too many terms are 422."""
    url = f"/categories/?sort={','.join(TREE)}"
    assert (await zoo_client.get(url)).status_code == 200
    assert (await zoo_client.get(f"{url}&cursor=")).status_code == 200
    many = ",".join(["name"] * 17)
    assert refused_parameters(await zoo_client.get(f"/categories/?sort={many}")) == ["sort"]


async def test_many_filters(zoo_client: httpx2.AsyncClient) -> None:
    """A hundred filters may stand beside each other; more are 422, and the limit is named."""
    operators = ("eq", "ne", "in", "not_in", "gt", "gte", "lt", "lte")
    names = [f"{path}__{operator}" for path in TREE for operator in operators]
    names += [f"children.{path}__eq" for path in TREE if path.count(".") < 3]
    query = dict.fromkeys(names, "1")
    assert len(query) > 100
    first = dict(list(query.items())[:100])
    assert (await zoo_client.get("/categories/", params=first)).status_code == 200
    answer = await zoo_client.get("/categories/", params=query)
    assert len(refused_parameters(answer)) == 1
    assert "more than 100 filters" in answer.text
