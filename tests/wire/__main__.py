"""Write what becomes of each request of the transcripts anew; the change is then read as a diff.

`python -m tests.wire [NAME…]` does so for some files or all of them.
"""

import asyncio
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.conftest import create_postgres_database, serve_postgres

from .transcripts import FOLDER, INDENT, Group, merge, read
from .world import open_world


def main() -> None:
    """Write the files that are named, or all of them."""
    paths = [FOLDER / f"{name}.txt" for name in sys.argv[1:]] or sorted(FOLDER.glob("*.txt"))
    with tempfile.TemporaryDirectory() as directory, serve_postgres() as server:
        asyncio.run(_write(paths, Path(directory), server))


async def _write(paths: Sequence[Path], directory: Path, server: str) -> None:
    postgresql = await create_postgres_database(server, "modelwire_wire")
    async with (
        open_world("sqlite", f"sqlite:///{directory}/wire.db") as first,
        open_world("postgresql", postgresql) as second,
    ):
        for path in paths:
            blocks: list[str] = []
            for group in read(path):
                told = [await world.run(group) for world in (first, second)]
                blocks += _blocks_of(group, list(zip(*told, strict=True)))
            path.write_text("\n\n".join(blocks) + "\n")


def _blocks_of(group: Group, told: Sequence[Sequence[list[str]]]) -> Iterator[str]:
    yield "\n".join(group.head)
    for exchange, lines in zip(group.exchanges, told, strict=True):
        yield "\n".join((*exchange.request, *(f"{INDENT}{line}" for line in merge(lines))))


if __name__ == "__main__":
    main()
