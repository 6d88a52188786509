"""`python -m benchmarks.layers`: the cost of each layer around a request that does next to nothing.

Servers answer in short turns, each round in another order: one of raw ASGI, one of Starlette and
one of FastAPI with a single endpoint that returns a finished response, and modelwire's. The CPU of
their processes per request is measured. Beside them, raw ASGI with the driver and modelwire read a
row by its key: the difference between raw ASGI and FastAPI bounds what modelwire can reach.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import ExitStack
from statistics import median
from typing import NamedTuple

from .clients import Call
from .databases import Database
from .servers import open_server
from .turns import Runner, compare_servers, take_turns


class Layer(NamedTuple):
    """Request to one server.

    Args:
        title: The title of its column.
        contender: The contender whose server it is.
        path: The path of the request.
    """

    title: str
    contender: str
    path: str


LAYERS = (
    Layer("raw ASGI, /health", "limit", "/health"),
    Layer("Starlette, an endpoint", "starlette_alone", "/health"),
    Layer("FastAPI, an endpoint", "fastapi_alone", "/health"),
    Layer("modelwire, /health", "modelwire", "/health"),
    Layer("raw ASGI, get by key", "limit", "/users/{n}"),
    Layer("modelwire, get by key", "modelwire", "/users/{n}"),
)


def main() -> None:
    """Measure, and print a table for each database."""
    compare_servers("layers", __doc__, ["layers"], (5, 20), _measure, _report)


def _measure(database: Database, _work: str, rounds: int) -> list[dict[str, float]]:
    with ExitStack() as stack:
        servers = {
            name: stack.enter_context(open_server(name, database.url))
            for name in dict.fromkeys(layer.contender for layer in LAYERS)
        }
        runners = {
            layer.title: Runner(servers[layer.contender], Call("GET", layer.path))
            for layer in LAYERS
        }
        return take_turns(runners, rounds)


def _report(kind: str, _work: str, starts: Sequence[Sequence[dict[str, float]]]) -> bool:
    least = LAYERS[0].title
    for layer in LAYERS:
        turns = [turn for rounds in starts for turn in rounds]
        cpu_us = median(turn[layer.title] for turn in turns)
        ratio = median(turn[layer.title] / turn[least] for turn in turns)
        sys.stdout.write(f"{kind:<11}{layer.title:<24}{cpu_us:7.1f} µs{ratio:7.2f} times\n")
    sys.stdout.flush()
    return True


if __name__ == "__main__":
    main()
