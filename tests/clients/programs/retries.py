"""Requests that are refused for a while, by a server that counts them."""

import asyncio
import sys

import httpx
from api import Client, Problem
from api.problems import Unavailable, UnknownOutcome


async def main(url: str) -> None:
    async with httpx.AsyncClient(base_url=url) as plain, Client(url, http=plain) as league:

        async def told() -> list[dict[str, str]]:
            found: list[dict[str, str]] = (await plain.get("/told")).json()
            return found

        assert (await league.teams.create({"name": "Twice away"})).id == 3
        sent = await told()
        assert [each["path"] for each in sent] == ["/teams/"] * 3
        (key,) = {each["key"] for each in sent}
        assert len(key) == 32
        assert (await league.teams.create({"name": "Unknown outcome"})).id == 2
        assert (await league.teams.get(1)).id == 3
        await told()
        try:
            await league.teams.delete(7)
        except UnknownOutcome:
            assert len(await told()) == 1
        else:
            raise AssertionError("it may have been carried out")
        try:
            await league.teams.get(9)
        except Unavailable as problem:
            assert problem.retry_after_s == 40
            assert len(await told()) == 1
        else:
            raise AssertionError("it is away for long")
        assert (await league.teams.create({"name": "Lost"})).id == 2
        try:
            await league.teams.delete(8)
        except httpx.TransportError:
            assert [each["method"] for each in await told()] == ["POST", "POST", "DELETE"]
        else:
            raise AssertionError("it may have been carried out")
        try:
            await league.teams.get(10)
        except Problem as problem:
            assert (problem.status, problem.code, problem.errors) == (418, "", ())
        else:
            raise AssertionError("it is a teapot")
    print("done")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
