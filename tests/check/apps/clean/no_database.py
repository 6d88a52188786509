"""An application without a database."""

import asyncio

from fastapi import FastAPI, HTTPException
from pydantic import BaseModel

PLACES = {"oslo": 1, "bergen": 2}


class Place(BaseModel):
    name: str
    number: int


app = FastAPI()


@app.get("/places")
async def list_places(limit: int = 10) -> list[Place]:
    await asyncio.sleep(0)
    return [Place(name=n, number=k) for n, k in PLACES.items()][:limit]


@app.get("/places/{name}")
async def read_place(name: str) -> Place:
    number = PLACES.get(name)
    if number is None:
        raise HTTPException(404, "Place not found")
    return Place(name=name, number=number)


@app.post("/places")
async def add_place(place: Place) -> Place:
    PLACES[place.name] = place.number
    return place


@app.delete("/places/{name}")
async def forget_place(name: str) -> dict[str, bool]:
    return {"gone": PLACES.pop(name, None) is not None}
