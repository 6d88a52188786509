"""The conformance table's other half: rows that others refer to, and what becomes of them."""

from collections.abc import Mapping
from dataclasses import dataclass

from .cases import REGION, SONG, TEAM, Row, Stored


@dataclass(frozen=True)
class Held:
    """A row that can't go, or can't change, because of others that refer to it.

    Args:
        url: The row.
        change: What is patched; the row is deleted, if None.
        stored: The rows that are there before.
        detail: The detail of the answer; empty where it succeeds.
        status: Its status, where it does not.
        code: Its code.
    """

    url: str
    change: Row | None
    stored: Stored
    detail: str = ""
    status: int = 409
    code: str = "still_referenced"


def held(title: str, by: str) -> str:
    """The detail for a row that others refer to."""
    return f"{title} is still referenced by {by}"


NODES: Stored = (("nodes", {"code": "a"}), ("nodes", {"code": "b", "parent_code": "a"}))
STEPS: Stored = (("steps", {"code": "a"}), ("steps", {"code": "b", "next_code": "a"}))
PLATE: Stored = (("plates", {"number": "p"}), ("a_stickers", {"plate_id": 1}))
ALBUM: Stored = (("albums", {"code": "a"}), ("a_covers", {"album": "a"}))
FULL: Stored = (*ALBUM, ("a_songs", {"code": "s", "album": "a"}))
ORDER: Stored = (
    ("orders", {"group": "g", "select": "s"}),
    ("order-items", {"lineNo": 1, "order": "g"}),
)

HELD: Mapping[str, Held] = {
    "one parent": Held(
        "teams/1", None, (*TEAM, ("matches", {"home_id": 1})), held("Team", "matches")
    ),
    "the other": Held(
        "teams/1", None, (*TEAM, ("matches", {"awayId": 1})), held("Team", "matches")
    ),
    "deferred": Held(
        "teams/1", None, (*TEAM, ("tickets", {"team_id": 1})), held("Team", "tickets")
    ),
    "composite": Held(
        "regions/de,r1", None, (*REGION, ("towns", {"country": "de", "region": "r1"})),
        held("Region", "towns"),
    ),
    "in part": Held("regions/de,r1", None, (*REGION, ("towns", {"country": "de"}))),
    "self": Held("nodes/a", None, NODES, held("Node", "nodes")),
    "itself": Held("nodes/a", None, [("nodes", {"code": "a", "parent_code": "a"})]),
    "deferred self": Held("steps/a", None, STEPS, held("Step", "steps")),
    "no key": Held("plates/1", None, (*PLATE[:1], ("cars", {"plate": "p"})), held("Plate", "cars")),
    "restrict": Held(
        "a_songs/s1", None, (*SONG, ("plays", {"song": "s1"})), held("Song", "plays")
    ),
    "cascade": Held("albums/a", None, FULL),
    "below a cascade": Held(
        "albums/a", None, (*FULL, ("plays", {"song": "s"})), held("Album", "plays")
    ),
    "set null": Held("albums/a", None, ALBUM),
    "set null, not null": Held(
        "albums/a", None, (*ALBUM, ("sleeves", {"album": "a"})), held("Album", "sleeves")
    ),
    "awkward names": Held("orders/g", None, ORDER, held("Order", "order items")),
    "trigger": Held(
        "guarded/1", None, [("guarded", {"name": "kept"})], "The database refused the row",
        422, "refused",
    ),
    "trigger that passes over": Held(
        "guarded/1", None, [("guarded", {"name": "stuck"})], "The database refused the row",
        422, "refused",
    ),
    "change of a key": Held("nodes/a", {"code": "c"}, NODES, held("Node", "nodes")),
    "change of a key and a parent": Held(
        "nodes/a", {"code": "c", "parent_code": "b"}, NODES, held("Node", "nodes")
    ),
    "change of a deferred key": Held("steps/a", {"code": "c"}, STEPS, held("Step", "steps")),
    "change of a part": Held(
        "regions/de,r1", {"name": "x"}, (*REGION, ("towns", {"country": "de", "region": "r1"})),
        held("Region", "towns"),
    ),
    "change of no part": Held(
        "regions/de,r1", {"size": 2}, (*REGION, ("towns", {"country": "de", "region": "r1"})),
    ),
    "change of no key": Held(
        "plates/1", {"number": "q", "shade": "y"}, (*PLATE, ("cars", {"plate": "p"})),
        held("Plate", "cars"),
    ),
    "change of what nobody refers to": Held("plates/1", {"number": "q"}, PLATE),
    "change that is none": Held("nodes/a", {"code": "a"}, NODES),
    "change, cascade": Held("albums/a", {"code": "b"}, FULL),
    "change, set null, not null": Held(
        "albums/a", {"code": "b"}, (*FULL, ("sleeves", {"album": "a"})), held("Album", "sleeves")
    ),
    "change of an awkward name": Held(
        "orders/g", {"group": "h"}, ORDER, held("Order", "order items")
    ),
}  # fmt: skip
"""Rows that others refer to, by how they do."""
