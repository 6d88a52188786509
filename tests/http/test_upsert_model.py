"""Upserts do what plain Python does to a dict of rows, in any sequence, whatever is refused."""

from copy import deepcopy
from typing import Any

import httpx2
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from modelwire import Database
from tests.conftest import empty_tables

Row = dict[str, Any]
Rows = dict[str, Row]

DEFAULTS: Row = {"amount": 5, "note": None, "brand": None, "model": None}

fields = st.fixed_dictionaries(
    {"sku": st.sampled_from("abcde")},
    optional={
        "amount": st.one_of(st.integers(0, 9), st.just("wrong")),
        "note": st.sampled_from([None, "x", "é"]),
    },
)
pairs = st.fixed_dictionaries(
    {"sku": st.sampled_from("abcde")},
    optional={
        "amount": st.integers(0, 9),
        "brand": st.sampled_from([None, "x"]),
        "model": st.sampled_from([None, "1", "2"]),
    },
)
steps = st.lists(
    st.one_of(
        st.tuples(st.just(True), st.booleans(), st.lists(fields, max_size=5)),
        st.tuples(st.just(False), st.booleans(), st.lists(pairs | fields, max_size=5)),
    ),
    min_size=1,
    max_size=6,
)
"""Of each request: whether it is atomic, whether it merges, and its rows."""


def apply(rows: Rows, given: Row, *, merges: bool) -> Row | None:
    """Upsert one row; gives how it is then, or None where it is refused."""
    if given.get("amount") == "wrong":
        return None
    there = rows.get(given["sku"])
    changed = dict(there or {**DEFAULTS, "rev": 1, "state": "new"})
    if there is None or merges:
        changed |= given
    if there is not None and merges and len(given) > 1:
        changed |= {"rev": there["rev"] + 1, "state": "changed"}
    pair = (changed["brand"], changed["model"])
    others = [r for r in rows.values() if r["sku"] != given["sku"]]
    if None not in pair and any(pair == (r["brand"], r["model"]) for r in others):
        return None
    rows[given["sku"]] = changed
    return changed


def apply_each(rows: Rows, given: list[Row], *, merges: bool) -> list[Row | None]:
    """Upsert rows, each for itself; one with the key of a row before it is refused."""
    seen: set[str] = set()
    results: list[Row | None] = []
    for row in given:
        is_valid = row.get("amount") != "wrong"
        fresh = is_valid and row["sku"] not in seen
        results.append(deepcopy(apply(rows, row, merges=merges)) if fresh else None)
        seen |= {row["sku"]} if is_valid else set()
    return results


def shown(row: Row) -> Row:
    return {name: row[name] for name in ("sku", *DEFAULTS, "rev", "state")}


@settings(
    max_examples=25,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(requests=steps)
async def test_any_sequence(
    gadgets: httpx2.AsyncClient, keyed: Database, requests: list[tuple[bool, bool, list[Row]]]
) -> None:
    """After each request the rows are those of the dict, and so are those in its answer."""
    await empty_tables(keyed)
    rows: Rows = {}
    for atomic, merges, given_rows in requests:
        resolution = "merge-duplicates" if merges else "ignore-duplicates"
        answer = await gadgets.post(
            "/gadgets/bulk/",
            params={"on_conflict": "sku", "atomic": str(atomic).lower()},
            json=given_rows,
            headers={"prefer": f"resolution={resolution}"},
        )
        tried = deepcopy(rows)
        results = apply_each(tried, given_rows, merges=merges)
        if not atomic:
            rows = tried
            items = answer.json()["items"]
            assert [shown(i["item"]) if "item" in i else None for i in items] == results
        elif None in results:
            assert answer.status_code == 422, answer.text
        else:
            rows = tried
            assert [shown(row) for row in answer.json()] == results
        stored = (await gadgets.get("/gadgets/stream/?sort=sku")).json()
        assert [shown(row) for row in stored] == [rows[sku] for sku in sorted(rows)]
