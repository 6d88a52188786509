"""Test that a caller of an application neither sees nor changes what belongs to another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx2 import Response

from .attempts import Attempt, filter_attempts, is_query, list_all, read_attempts, write_attempts
from .bodies import Body, Marks, body_schema
from .world import Route, World

_ROUNDS = 4
"""Number of attempts to create rows: parents that were missing may exist the next time."""

_TRIES = 12
"""Number of attempts with other values after a body is refused."""

_WRITING = {"Prefer": "max-affected=100"}


def assert_isolated(
    app: FastAPI,
    *,
    alice: Mapping[str, str],
    bob: Mapping[str, str],
    shared: Sequence[str] = (),
    unfilled: Sequence[str] = (),
) -> None:
    """Assert that one caller neither sees nor changes rows of another, by any route.

    Alice stores rows with unique values. Bob then requests every route of the OpenAPI document, the
    application's own included, and tries to change her rows. The rows stay, so the test needs a
    database of its own.

    Args:
        app: The application; its lifespan is entered.
        alice: Headers that identify Alice, such as `Authorization`.
        bob: Headers that identify Bob, who should see nothing of hers.
        shared: Resources and paths that both may see, such as `"countries"` and `"/statistics"`.
        unfilled: Resources of which Alice needs no row, since no route creates one for her.

    Raises:
        AssertionError: Bob sees or changes something; the message names the request. Or Alice has
            no row of a resource.
        ConfigurationError: Nothing is mounted on the application.
    """
    with TestClient(app, raise_server_exceptions=False, follow_redirects=False) as client:
        _Test(client, World(app, shared), alice, bob).run([n.strip("/") for n in unfilled])


class _Test:
    """Run of the test."""

    def __init__(
        self,
        client: TestClient,
        world: World,
        alice: Mapping[str, str],
        bob: Mapping[str, str],
    ) -> None:
        self._client, self._world = client, world
        self._alice, self._bob = alice, bob
        self._marks = Marks("hers")
        self._refusals: dict[str, str] = {}

    def run(self, unfilled: Sequence[str]) -> None:
        """Fill the resources, then read and write as Bob."""
        plain = [Attempt("GET", r.path) for r in self._world.routes if _is_plain_read(r)]
        before = {attempt: self._shown(attempt) for attempt in plain}
        self._fill()
        self._check_filled(unfilled)
        for attempt, shown in before.items():
            if self._shown(attempt) != shown:
                raise AssertionError(
                    f"Bob gets another response since Alice has stored rows: {attempt}"
                )
        marks = sorted(self._marks.made)
        for attempt in read_attempts(self._world, marks):
            self._try(attempt)
        self._compare_filters()
        self._check_writes(marks)

    # Alice stores rows.

    def _fill(self) -> None:
        creates = [r for r in self._world.routes if r.method == "POST" and not r.parameters]
        for _ in range(_ROUNDS):
            creates = [route for route in creates if not self._create(route)]
            self._read_own_rows()

    def _create(self, route: Route) -> bool:
        """Create a row as Alice, with whatever values are accepted."""
        document, path = self._world.document, route.path
        schema = body_schema(document, route.operation)
        if schema is None or "properties" not in schema or is_query(route):
            return False
        body = Body(document, schema, self._marks, self._world.known_values(path))
        for _ in range(_TRIES):
            values = body.as_json()
            answer = self._send("POST", path, self._alice, values)
            if answer.is_success:
                for value in values.values():
                    self._marks.keep(value)
                return True
            self._refusals[path.rstrip("/")] = f"{answer.status_code} {answer.text}"
            if not body.amend(_read(answer)):
                break
        return False

    def _read_own_rows(self) -> None:
        for place in self._world.places:
            if place.offers("list"):
                answer = self._send("GET", list_all(place), self._alice)
                self._world.rows[place.path] = _read(answer).get("items", [])

    def _check_filled(self, unfilled: Sequence[str]) -> None:
        for place in self._world.places:
            names = {place.path.strip("/"), place.table.name}
            if self._world.rows[place.path] or names & set(unfilled):
                continue
            why = self._refusals.get(place.path, "no route of its own creates any for her")
            raise AssertionError(
                f"Alice has no row of {place.path}, so nothing is known about it: {why}. Store one "
                f"before, or give unfilled=[{place.table.name!r}]."
            )

    # Bob asks.

    def _try(self, attempt: Attempt) -> Response:
        """Send a request as Bob, alone and in a batch, and look for values of Alice."""
        answer = self._look(attempt)
        for path in self._world.batches:
            self._look(attempt.within(path))
        return answer

    def _shown(self, attempt: Attempt) -> Any:
        """Return the response to Bob, without the position of the change log.

        Its numbers count up for all tables and callers, and don't tell whose change has taken
        which.
        """
        answer = self._try(attempt)
        place = self._world.owner(attempt.path)
        if place is None or attempt.path.rstrip("/") != f"{place.path}/changes":
            return answer.content
        answered = _read(answer)
        return answered.get("items") if isinstance(answered, dict) else answer.content

    def _look(self, attempt: Attempt) -> Response:
        answer = self._send(attempt.method, attempt.path, self._bob, attempt.body)
        shown = answer.text + "\n".join(f"{k}: {v}" for k, v in answer.headers.items())
        mark = self._marks.find(shown, str(attempt))
        if mark is not None:
            raise AssertionError(f"Bob sees {mark!r}, which Alice has stored: {attempt}")
        row = self._find_row(attempt, answer)
        if row is not None:
            raise AssertionError(f"Bob sees a row of Alice, {row}: {attempt}")
        return answer

    def _find_row(self, attempt: Attempt, answer: Response) -> str | None:
        """Return the path of a row of Alice in a resource's response."""
        path = attempt.path.partition("?")[0].rstrip("/")
        answered = _read(answer) if answer.is_success else None
        if not isinstance(answered, dict):
            return None
        for place in self._world.places:
            paths = {f"{place.path}/{place.write_key(row)}" for row in self._world.rows[place.path]}
            rows = [answered] if path in paths else []
            if path in (place.path, f"{place.path}/query"):
                rows = answered.get("items", [])
            for row in rows:
                if (found := f"{place.path}/{place.write_key(row)}") in paths:
                    return found
        return None

    def _compare_filters(self) -> None:
        """Check that Bob can't tell filters by values of Alice from those by unknown values."""
        for attempt, control, mark, other in filter_attempts(self._world, self._marks.made):
            if self._try(attempt).text.replace(mark, other) != self._try(control).text:
                raise AssertionError(f"Bob finds a row of Alice: {attempt}")

    def _check_writes(self, marks: Sequence[str]) -> None:
        before = self._snapshot()
        for attempt in write_attempts(self._world, marks):
            answer = self._try(attempt)
            if answer.is_success or answer.is_server_error:
                self._check_unchanged(before, str(attempt))
        self._check_unchanged(before, "a request that was refused")

    def _check_unchanged(self, before: Mapping[str, bytes], attempt: str) -> None:
        after = self._snapshot()
        changed = [path for path, content in before.items() if after[path] != content]
        if changed:
            raise AssertionError(f"Bob changes what Alice reads at {changed[0]}: {attempt}")

    def _snapshot(self) -> dict[str, bytes]:
        """Return Alice's view of the resources that she can list, byte for byte.

        The included rows show links too. Her rows of other resources are not known.
        """
        paths: list[str] = []
        for place in self._world.places:
            if place.offers("list"):
                paths.append(list_all(place))
                if place.table.includes:
                    paths.append(f"{paths[-1]}&include={','.join(place.table.includes)}")
        return {path: self._send("GET", path, self._alice).content for path in paths}

    def _send(self, method: str, path: str, who: Mapping[str, str], body: Any = None) -> Response:
        self._client.cookies.clear()  # one caller's cookies are not the other's
        headers = {**who, **(_WRITING if method in ("PATCH", "DELETE") else {})}
        return self._client.request(method, path, headers=headers, json=body)


def _is_plain_read(route: Route) -> bool:
    return route.method == "GET" and not route.parameters


def _read(answer: Response) -> Any:
    """Return the content of a response, if it is JSON."""
    try:
        return answer.json()
    except ValueError:
        return {}
