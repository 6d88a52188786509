"""Runs steps against the service and the reference side by side."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any
from uuid import uuid4

import httpx2

from .known import TABLES, Key, Row
from .outcomes import STATUSES, Outcome
from .predict import predict, predict_first
from .state import State
from .steps import Step, write_key

WHOLE = 6
"""After so many steps every table is read, not only those that the step is about."""


class Run:
    """One client, and the rows that it should find.

    Args:
        client: The client.
        tally: Counts how steps were answered.
    """

    def __init__(self, client: httpx2.AsyncClient, tally: Counter[tuple[str, str]]) -> None:
        self.state = State()
        self._client = client
        self._tally = tally
        self._steps = 0
        self._tags: dict[str, dict[str, Row]] = {name: {} for name in TABLES}

    async def take(self, step: Step) -> None:
        """Take one step, and compare."""
        step = await self._resolve_tag(step)
        method, body, headers = step.request()
        if step.repeated:
            headers["idempotency-key"] = uuid4().hex
        send = partial(self._client.request, method, step.url(), json=body, headers=headers)
        answer = await send()
        if step.each and not answer.is_error:
            await self._take_each(step, answer)
        else:
            await self._compare_answer(step, answer)
        if step.repeated and not answer.is_error:
            check_replay(await send(), answer)
        self._steps += 1
        await self.compare(None if self._steps % WHOLE == 0 else step)

    async def _compare_answer(self, step: Step, answer: httpx2.Response) -> None:
        outcome = predict(self.state, step, self._tags[step.table])
        self._tally[step.kind, answer.json()["code"] if answer.is_error else "done"] += 1
        if answer.is_error:
            check_refusal(answer.json(), outcome)
            return
        assert not outcome.certain, f"{answer.status_code}, and not {outcome.refusals}"
        await self._number(step, outcome, read_keys(step, answer))
        self.state = outcome.state
        self._check_success(step, answer, outcome)

    async def _take_each(self, step: Step, answer: httpx2.Response) -> None:
        """Compare the rows that were written each for itself, as if they had come one by one."""
        assert answer.status_code == 207
        seen: set[Key] = set()
        for index, item in enumerate(answer.json()["items"]):
            part = replace(step, body=step.body[index : index + 1], first=index)
            outcome = predict_first(self.state, part, seen)
            self._tally[f"each {step.kind}", item.get("problem", {}).get("code", "done")] += 1
            if "problem" in item:
                check_refusal(item["problem"], outcome)
                continue
            assert not outcome.certain, f"{item}, and not {outcome.refusals}"
            assert item["status"] == outcome.status
            made = [item["item"]["id"]] if "create" in step.kind and "id" in item["item"] else []
            await self._number(part, outcome, [(key,) for key in made])
            self.state = outcome.state
            assert item.get("item") == next((self._show(step, key) for key in outcome.rows), None)

    async def compare(self, step: Step | None = None) -> None:
        """Compare all rows, or those of the tables that a step is about."""
        names = [*TABLES] if step is None else {step.table, step.shown}
        for name in names:
            rows = self.state.rows[name]
            assert await self._read(name) == [rows[key] for key in sorted(rows)], name

    async def _read(self, name: str) -> list[Row]:
        answer = await self._client.get(f"/{name}/?limit=1000&count=none")
        assert answer.status_code == 200, answer.text
        items: list[Row] = answer.json()["items"]
        return sorted(items, key=TABLES[name].key_of)

    async def _number(self, step: Step, outcome: Outcome, answered: Sequence[Key]) -> None:
        """Learn the keys that the database has made: those in the answer, then all others."""
        for old, new in zip(outcome.rows, answered, strict=False):
            outcome.rename(step.shown, old, new)
        for name, table in TABLES.items():
            left = [key for key in outcome.made.get(name, ()) if table.numbered and key[0] < 0]
            if left:
                fresh = [
                    r for r in await self._read(name) if (r["id"],) not in outcome.state.rows[name]
                ]
                for old in left:
                    row = {**outcome.state.rows[name][old], "id": 0}
                    found = next(r for r in fresh if {**r, "id": 0} == row)
                    fresh.remove(found)
                    outcome.rename(name, old, (found["id"],))

    async def _resolve_tag(self, step: Step) -> Step:
        """Put a tag that the client has seen in the place of its description."""
        if step.tag not in ("current", "old"):
            return step
        tag = None
        if step.tag == "current":
            answer = await self._client.get(f"/{step.table}/{write_key(step.key)}")
            tag = answer.headers.get("etag")
            if tag is not None:
                self._tags[step.table][tag] = answer.json()
        else:
            seen = self._tags[step.table].items()
            tag = next((t for t, row in seen if TABLES[step.table].key_of(row) == step.key), None)
        return replace(step, tag=tag or '"none"')

    def _check_success(self, step: Step, answer: httpx2.Response, outcome: Outcome) -> None:
        assert answer.status_code == _status_of(step, outcome), answer.text
        rows = [self._show(step, key) for key in outcome.rows]
        if step.kind in ("create", "create_child", "change"):
            self._tags[step.shown][answer.headers["etag"]] = {
                **self.state.rows[step.shown][outcome.rows[0]]
            }
        if step.kind in ("create", "create_child"):
            location = f"/{step.shown}/{write_key(outcome.rows[0])}"
            assert answer.headers["location"] == location
        if step.minimal or answer.status_code == 204:
            assert answer.content == b""
        elif outcome.affected is not None:
            assert answer.json() == {"affected": outcome.affected}
        else:
            assert answer.json() == (rows if step.writes_many else rows[0])

    def _show(self, step: Step, key: Key) -> Row:
        row = {**self.state.rows[step.shown][key]}
        if step.include:
            row[step.include] = self.state.related(step.shown, row, step.include)
        return row


def read_keys(step: Step, answer: httpx2.Response) -> list[Key]:
    """The keys that the database has made, as an answer tells them."""
    if not TABLES[step.shown].numbered or "create" not in step.kind:
        return []
    if step.kind == "bulk_create":
        return [(row["id"],) for row in answer.json()]
    return [(int(answer.headers["location"].rpartition("/")[2]),)]


def _status_of(step: Step, outcome: Outcome) -> int:
    return 204 if step.minimal and outcome.status == 200 else outcome.status


def check_replay(answer: httpx2.Response, first: httpx2.Response) -> None:
    """Check that the same request under the same key is answered as it was first."""
    assert answer.headers["idempotency-replayed"] == "true"
    for name in ("content-type", "etag", "location", "preference-applied"):
        assert answer.headers.get(name) == first.headers.get(name)
    assert (answer.status_code, answer.content) == (first.status_code, first.content)


HIDDEN = {"other_parent"}
"""Codes of faults that are looked for only where bodies are valid otherwise."""


def check_refusal(problem: Any, outcome: Outcome) -> None:
    """Check that a problem is one of those that may be told."""
    told = {(e.get("pointer"), e["code"]) for e in problem.get("errors", ())}
    expected: list[Any] = []
    for code, faults, detail in outcome.refusals:
        expected.append((STATUSES[code], code, sorted(faults), detail))
        right = (problem["status"], problem["code"]) == (STATUSES[code], code)
        untold = {code for _, code in set(faults) - told}
        complete = told <= set(faults) and untold <= HIDDEN and bool(told) == bool(faults)
        if right and complete and detail in (None, problem["detail"]):
            return
    raise AssertionError(f"{problem}, and not one of {expected}")
