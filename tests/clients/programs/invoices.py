"""The invoices: each caller has a token, which is requested first."""

import asyncio
import datetime as dt
import sys
from decimal import Decimal

import httpx
from api import Client, Problem
from api.problems import NotFound


async def sign_up(url: str, username: str) -> Client:
    form = {"username": username, "password": "correct horse battery"}
    async with httpx.AsyncClient(base_url=url) as client:
        await client.post("/sign-up", data=form)
        token: str = (await client.post("/token", data=form)).json()["access_token"]

    async def tell() -> str:
        return token

    return Client(url, token=tell)


async def main(url: str) -> None:
    async with await sign_up(url, "ann@example.org") as ann:
        acme = await ann.organisations.create({"name": "Acme"})
        customer = await ann.customers.create({"organisation_id": acme.id, "name": "Bo"})
        invoice = await ann.invoices.create(
            {
                "organisation_id": acme.id,
                "customer_id": customer.id,
                "due_on": dt.date(2026, 12, 31),
                "lines": [{"text": "Work", "quantity": 3, "price": Decimal("19.99")}],
            },
            include=["lines", "customer"],
        )
        assert invoice.number == 1
        assert [line.price for line in invoice.lines or []] == [Decimal("19.99")]
        assert (await ann.invoices.get(invoice)).total == Decimal("59.97")
    async with await sign_up(url, "bo@example.org") as bo:
        assert (await bo.invoices.list()).total == 0
        try:
            await bo.invoices.get(invoice.id)
        except NotFound:
            pass
        else:
            raise AssertionError("it is not his to see")
    async with Client(url) as nobody:
        try:
            await nobody.invoices.list()
        except Problem as problem:
            assert (type(problem), problem.status, problem.code) == (Problem, 401, "unauthorized")
        else:
            raise AssertionError("it is nobody's to see")
    print("done")


async def wrong(ann: Client) -> None:
    """Requests that no program may make."""
    await ann.invoices.update(1, {"total": "0"})  # type: ignore[typeddict-unknown-key]
    await ann.invoices.delete(1)  # type: ignore[attr-defined]


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
