"""Batches of random steps, run against the service and the reference side by side."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import uuid4

import httpx2
from hypothesis import strategies as st

from tests.writes.draws import Draw
from tests.writes.kinds import steps
from tests.writes.known import TABLES, Key, Row
from tests.writes.outcomes import Outcome
from tests.writes.predict import predict
from tests.writes.run import Run, check_refusal, check_replay, read_keys
from tests.writes.state import State
from tests.writes.steps import Step

from .sending import JSON

MOST = 6
"""Requests of a batch."""

Places = dict[tuple[str, int], str]
"""Places of the numbers of new rows in responses, by table and placeholder."""

_PLACEHOLDER = re.compile(r"-\d+")


@st.composite
def batches(draw: Draw, state: State) -> Sequence[tuple[Step, Outcome, Places]]:
    """Steps, each from where those before it lead, with what may come of it."""
    drawn: list[tuple[Step, Outcome, Places]] = []
    places: Places = {}
    for _ in range(draw(st.integers(1, MOST))):
        step = replace(draw(steps(state)), each=False, repeated=False)
        if step.tag in ("current", "old") or not is_told(step, state, places):
            continue
        outcome = predict(state, step)
        drawn.append((step, outcome, dict(places)))
        if outcome.certain:
            break
        places |= places_of(step, outcome, len(drawn) - 1)
        state = outcome.state
    return drawn


def places_of(step: Step, outcome: Outcome, index: int) -> Places:
    """Return the places of the numbers of created rows in the response to a step."""
    if not TABLES[step.shown].numbered or "create" not in step.kind:
        return {}
    is_many = step.kind == "bulk_create"
    return {
        (step.shown, key[0]): f"{index}.{place}.id" if is_many else f"{index}.id"
        for place, key in enumerate(outcome.rows)
    }


def is_told(step: Step, state: State, places: Places) -> bool:
    """Whether what is to come of a step can be told before new rows have their numbers."""
    known = {number for _, number in places}
    given = [*values_in([step.body, list(step.key), list(step.other)])]
    numbers = [v for v in given if isinstance(v, int) and v < 0]
    texts = [v for v in given if isinstance(v, str) and _PLACEHOLDER.search(v)]
    if texts or not set(numbers) <= known or not _is_settled(step, state):
        return False
    if step.filter is None:
        return True
    rows = state.rows[step.table].values()
    return not any(isinstance(row[step.filter[0]], int) and row[step.filter[0]] < 0 for row in rows)


def _is_settled(step: Step, state: State) -> bool:
    """Whether no number is given that a new row may happen to get."""
    items = step.body if isinstance(step.body, list) else [step.body]
    for item in items:
        for name, value in item.items() if isinstance(item, dict) else ():
            small = isinstance(value, int) and 0 <= value < 1000
            if small and name == "id" and step.kind != "bulk_update":
                return False
            if small and name.endswith("_id") and not _is_key(step, name, value, state):
                return False
    return True


def _is_key(step: Step, name: str, value: int, state: State) -> bool:
    parent = TABLES[step.shown].parents.get(name)
    return parent is not None and (value,) in state.rows[parent.table]


def values_in(value: Any) -> Iterator[Any]:
    """Every scalar of some JSON."""
    if isinstance(value, dict):
        for inner in value.values():
            yield from values_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from values_in(inner)
    elif not isinstance(value, bool):
        yield value


def fill(value: Any, numbers: Mapping[int, Any]) -> Any:
    """Put something in the place of numbers that stand for those of new rows."""
    if isinstance(value, dict):
        return {name: fill(inner, numbers) for name, inner in value.items()}
    if isinstance(value, list):
        return [fill(inner, numbers) for inner in value]
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return numbers.get(value, value) if is_number else value


def to_request(step: Step, places: Places) -> JSON:
    """A step as a request of a batch, which refers to what it does not know."""
    names = {number: text for (_, number), text in places.items()}
    method, body, headers = step.request()
    body = fill(body, {number: {"$ref": text} for number, text in names.items()})
    path, mark, query = step.url().partition("?")
    path = _PLACEHOLDER.sub(lambda m: f"{{{names[int(m[0])]}}}", path)
    request: JSON = {"method": method, "path": path + mark + query}
    if headers:
        request["headers"] = headers
    if body is not None or method != "DELETE":
        request["body"] = body
    return request


class BatchRun(Run):
    """One client that sends batches, and the rows that it should find."""

    async def take_batch(self, drawn: Sequence[tuple[Step, Outcome, Places]]) -> None:
        """Send one batch, and compare."""
        requests = [to_request(step, places) for step, _, places in drawn]
        headers = {"idempotency-key": uuid4().hex} if len(drawn) % 2 else {}
        answer = await self._send(requests, headers)
        if answer.is_error:
            self._check_refused(drawn, answer.json())
        else:
            await self._check_done([step for step, _, _ in drawn], drawn, answer)
            if headers:
                check_replay(await self._send(requests, headers), answer)
        await self.compare()

    async def _send(self, requests: Sequence[JSON], headers: dict[str, str]) -> httpx2.Response:
        return await self._client.post("/batch", json={"requests": requests}, headers=headers)

    def _check_refused(
        self, drawn: Sequence[tuple[Step, Outcome, Places]], problem: dict[str, Any]
    ) -> None:
        """See that a request was refused that may be, and none before it that must be."""
        index = int(problem["errors"][0]["pointer"].split("/")[2])
        place = f"/requests/{index}"
        self._tally[drawn[index][0].kind, problem["code"]] += 1
        errors = [e for e in problem["errors"] if e["pointer"] != place]
        for error in errors:
            assert error["pointer"].startswith(f"{place}/body"), problem
            error["pointer"] = error["pointer"].removeprefix(f"{place}/body")
        assert not any(outcome.certain for _, outcome, _ in drawn[:index])
        check_refusal({**problem, "errors": errors}, drawn[index][1])

    async def _check_done(
        self,
        steps: Sequence[Step],
        drawn: Sequence[tuple[Step, Outcome, Places]],
        answer: httpx2.Response,
    ) -> None:
        responses = [to_response(each) for each in answer.json()["responses"]]
        numbers: dict[int, int] = {}
        made: dict[str, list[Key]] = {}
        for sent, (_, foreseen, _), response in zip(steps, drawn, responses, strict=True):
            step = fill_step(sent, numbers)
            outcome = predict(self.state, step, self._tags[step.table])
            assert not outcome.certain, f"{step}, and not {outcome.refusals}"
            self._tally[step.kind, "done"] += 1
            for old, stood, new in zip(
                outcome.rows, foreseen.rows, read_keys(step, response), strict=False
            ):
                numbers[stood[0]] = new[0]
                outcome.rename(step.shown, old, new)
            self.state = outcome.state
            for name, keys in outcome.made.items():
                made.setdefault(name, []).extend(keys)
            if not any(isinstance(v, int) and v < 0 for v in values_in(self._shown(step, outcome))):
                self._check_success(step, response, outcome)
        await self._learn(made)

    def _shown(self, step: Step, outcome: Outcome) -> list[Row]:
        return [self._show(step, key) for key in outcome.rows]

    async def _learn(self, made: dict[str, list[Key]]) -> None:
        """Learn the numbers of new rows that no answer has told."""
        left = {
            name: [key for key in keys if key in self.state.rows[name]]
            for name, keys in made.items()
        }
        outcome = Outcome(self.state, self.state, made=left)
        await self._number(Step("", "teams"), outcome, ())


def fill_step(step: Step, numbers: Mapping[int, int]) -> Step:
    """A step with the numbers of rows, now that they are known."""
    key, other = (tuple(numbers.get(v, v) for v in k) for k in (step.key, step.other))
    return replace(step, key=key, other=other, body=fill(step.body, numbers))


def to_response(given: JSON) -> httpx2.Response:
    """The answer to a request of a batch, as if it had come alone."""
    if "body" not in given:
        return httpx2.Response(given["status"], headers=given["headers"])
    return httpx2.Response(given["status"], headers=given["headers"], json=given["body"])
