"""A history of three changes, in the place of one that a resource keeps."""

import json
from dataclasses import replace

from fastapi import FastAPI

from modelwire.compat.fastapi import add_route
from modelwire.request.query import parse_query
from modelwire.request.request import Request
from modelwire.respond.answer import CONTENT, Answer
from modelwire.web.route import ResourceRoute, stand_in_for_endpoint

NUMBERS = (3, 2, 1)


def keep_history(app: FastAPI, path: str) -> list[str]:
    """Add the route of a history to an application.

    Args:
        app: The application.
        path: The path of the route.

    Returns:
        The keys that it will have been asked for.
    """
    asked: list[str] = []

    async def answer(request: Request, _session: object = None) -> Answer:
        asked.extend(request.keys)
        query = {p.name: p.value for p in parse_query(request.query_string)}
        first, limit = int(query["cursor"] or NUMBERS[0]), int(query["limit"])
        left = [number for number in NUMBERS if number <= first]
        following = str(left[limit]) if len(left) > limit else None
        items = [{"number": number} for number in left[:limit]]
        page = {"items": items, "limit": limit, "next": following, "previous": None}
        return Answer(200, json.dumps(page).encode(), (CONTENT,))

    known = next(route for route in app.routes if isinstance(route, ResourceRoute))
    endpoint = replace(known.resource_endpoint, handle=answer, takes_body=False, callers=None)
    stand_in = stand_in_for_endpoint("history")
    route = add_route(app.router, ResourceRoute, path, stand_in, methods=["GET"])
    assert isinstance(route, ResourceRoute)
    route.serve(endpoint, known.lookup)
    return asked
