"""Reading one row."""

import httpx2


async def test_row_is_answered_with_its_own_columns(client: httpx2.AsyncClient) -> None:
    """A row that was stored is read back as it is, under the address that creating it gave."""
    created = await client.post("/users/", json={"username": "ann", "email": "ann@example.com"})
    read = await client.get(created.headers["location"])
    assert read.status_code == 200
    assert read.json() == created.json()


async def test_thing(zoo_client: httpx2.AsyncClient) -> None:
    created = await zoo_client.post(
        "/things/",
        json={
            "text": "x",
            "price": "1.50",
            "color": "red",
            "data": {"a": [1, None]},
            "moment": "2026-01-01T00:00:00+02:00",
            "span": "PT1H",
        },
    )
    assert created.status_code == 201, created.text
    read = await zoo_client.get(created.headers["location"])
    assert read.json() == created.json()
    print(created.text)
