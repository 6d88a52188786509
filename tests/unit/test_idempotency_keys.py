"""Keys of requests that are carried out once: whose they are, what they stand for, how they end."""

from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy.dialects import postgresql, sqlite

from modelwire.errors import (
    DatabaseError,
    Forbidden,
    InvalidRequest,
    KeyInFlight,
    KeyReused,
    LockTimeout,
    NotFound,
    Unavailable,
)
from modelwire.execute import idempotency
from modelwire.execute.idempotency import (
    PURGE_INTERVAL_S,
    PURGED_KEYS,
    IdempotencyKeys,
    StoredAnswer,
)
from modelwire.pipeline.idempotency import fingerprint_of, key_of
from modelwire.settings import Settings


def request_of(who: bytes | None = None, method: str = "POST", **headers: str) -> Any:
    """A request with some headers, whose names have underscores for hyphens."""
    given = {name.replace("_", "-").encode(): text.encode() for name, text in headers.items()}
    return SimpleNamespace(
        method=method,
        headers=given,
        header=lambda name: None if name not in given else given[name].decode(),
        caller=SimpleNamespace(key=who),
        base="/api/users",
        segments=("users", "1"),
        query_string=b"a=1",
        body=b"{}",
    )


def test_keys_of_different_callers() -> None:
    """Two callers, by their keys or else their credentials, never share a key, nor do two keys."""
    requests = [
        request_of(idempotency_key="k"),
        request_of(idempotency_key="l"),
        request_of(idempotency_key="k", authorization="a"),
        request_of(idempotency_key="k", authorization="b"),
        request_of(idempotency_key="k", cookie="a"),
        request_of(idempotency_key="k", authorization="a", cookie="a"),
        request_of(b"1", idempotency_key="k"),
        request_of(b"2", idempotency_key="k"),
        request_of(b"1", idempotency_key="k1"),
        request_of(b"11", idempotency_key="k"),
    ]
    keys = [key_of(request) for request in requests]
    assert None not in keys
    assert len(set(keys)) == len(requests)
    # A caller with a key stays the same with other credentials.
    again = request_of(b"1", idempotency_key="k", authorization="a", cookie="b")
    assert key_of(again) == keys[6]
    assert all(len(key or "") == 64 for key in keys)


@pytest.mark.parametrize("method", ["POST", "PATCH", "PUT", "DELETE", "GET"])
def test_methods_with_keys(method: str) -> None:
    """The methods that are not idempotent by themselves take one."""
    takes = method in ("POST", "PATCH")
    assert (key_of(request_of(method=method, idempotency_key="k")) is not None) is takes
    assert key_of(request_of(method=method)) is None
    if takes:
        with pytest.raises(InvalidRequest):
            key_of(request_of(method=method, idempotency_key="x" * 1000))


def test_fingerprints() -> None:
    """Whatever differs between two requests makes another fingerprint, grants in any order not."""
    found = {fingerprint_of(request_of(), ())}
    for changes in (
        {"method": "PATCH"},
        {"base": "/api/users/1"},
        {"segments": ("users", "12")},
        {"segments": ("users1",)},
        {"query_string": b"a=2"},
        {"query_string": b"", "body": b"a=1{}"},
        {"body": b"[]"},
    ):
        found.add(fingerprint_of(SimpleNamespace(**{**vars(request_of()), **changes}), ()))  # type: ignore[arg-type]
    found.add(fingerprint_of(request_of(), ("a",)))
    found.add(fingerprint_of(request_of(), ("a", "b")))
    assert len(found) == 10
    assert fingerprint_of(request_of(), ("b", "a")) in found


class Lane:
    """The table of keys, as far as its statements are told apart by their parameters.

    Args:
        is_new: Whether a key is not known yet.
        there: Whether the table exists.
        usual_wait: The setting of the server that waiting for a key changes, if any.
        known: The fingerprint, status, headers and body that are stored.
        expired: The number of expired keys.
        error: The error of every statement.
    """

    def __init__(
        self,
        *,
        is_new: bool = True,
        there: bool = True,
        usual_wait: str | None = None,
        known: tuple[Any, ...] = (),
        expired: int = 0,
        error: Exception | None = None,
    ) -> None:
        self.is_new, self.there, self.usual_wait = is_new, there, usual_wait
        self.known, self.expired, self.error = known, expired, error
        self.sent: list[tuple[str, dict[str, Any]]] = []

    async def fetch(self, _statement: object, values: dict[str, Any]) -> Any:
        kind = next((name for name in KINDS if KINDS[name] == tuple(sorted(values))), None)
        if kind == "wait" and self.sent:
            kind = "reset"
        assert kind is not None, values
        self.sent.append((kind, values))
        if self.error is not None and kind != "wait":
            raise self.error
        return {
            "wait": [(self.usual_wait, None, self.there)],
            "claim": [("k",)] if self.is_new else [],
            "answer": [self.known],
            "purge": [("k",)] * min(self.expired, PURGED_KEYS),
        }.get(kind, [])

    @property
    def kinds(self) -> list[str]:
        return [kind for kind, _ in self.sent]


KINDS = {
    "wait": ("wait",),
    "create": (),
    "claim": ("now", "v_expires_at", "v_fingerprint", "v_key"),
    "answer": ("sought",),
    "store": ("sought", "v_body", "v_headers", "v_status"),
    "purge": ("now",),
}


def make_keys(dialect: Any = None, **options: Any) -> IdempotencyKeys:
    settings = Settings(database_url="sqlite://", **options)  # type: ignore[arg-type]
    return IdempotencyKeys(dialect or sqlite.dialect(), settings)


class Clock:
    """Stands still, but for what it is told."""

    now_s = 1000.0

    def monotonic(self) -> float:
        return self.now_s

    def time(self) -> float:
        return 1e9 + self.now_s


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    found = Clock()
    monkeypatch.setattr(idempotency, "time", found)
    return found


async def test_a_new_key(clock: Clock) -> None:
    """It is claimed until it expires; the wait for it is limited, and the server's own restored."""
    keys = make_keys(postgresql.dialect(), idempotency_ttl_s=50, pool_timeout_s=2.5)
    lane: Any = Lane(usual_wait="7s")
    assert await keys.claim(lane, "k", "f") is None
    expires = {"now": 1e9 + 1000, "v_expires_at": 1e9 + 1050}
    assert lane.sent == [
        ("wait", {"wait": "2500ms"}),
        ("claim", {"v_key": "k", "v_fingerprint": "f", **expires}),
        ("reset", {"wait": "7s"}),
    ]
    without: Any = Lane(there=False)
    await make_keys(pool_timeout_s=0.0001).claim(without, "k", "f")
    assert without.sent[0] == ("wait", {"wait": "1ms"})
    assert without.kinds[1] == "create"
    assert without.kinds[-1] == "claim"


async def test_a_known_key() -> None:
    """The stored response is returned, for the same request only."""
    keys, answer = make_keys(), StoredAnswer(201, [(b"etag", b"\xff")], b"{}")
    stored: Any = Lane()
    await keys.store(stored, "k", answer)
    values = stored.sent[0][1]
    assert values["sought"] == "k"
    kept = (values["v_status"], values["v_headers"], values["v_body"])
    lane: Any = Lane(is_new=False, known=("f", *kept))
    assert await keys.claim(lane, "k", "f") == answer
    assert lane.sent[-1] == ("answer", {"sought": "k"})
    with pytest.raises(KeyReused):
        await keys.claim(Lane(is_new=False, known=("other", *kept)), "k", "f")  # type: ignore[arg-type]


async def test_expired_keys_are_removed_at_intervals(clock: Clock) -> None:
    """A process removes some at intervals, and at once again while there may be more."""
    keys, answer = make_keys(), StoredAnswer(204, [], b"")

    async def removes(expired: int = 0) -> bool:
        lane = Lane(expired=expired)
        await keys.store(lane, "k", answer)  # type: ignore[arg-type]
        assert lane.kinds[0] == "store"
        return lane.sent[1:] == [("purge", {"now": clock.time()})]

    assert await removes(PURGED_KEYS)
    assert await removes(PURGED_KEYS - 1)
    assert not await removes()
    clock.now_s += PURGE_INTERVAL_S - 0.1
    assert not await removes()
    clock.now_s += 0.1
    assert await removes()
    assert not await removes()


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (LockTimeout(), KeyInFlight),
        (DatabaseError(), Unavailable),
        (Forbidden(), Unavailable),
        (NotFound("x"), NotFound),
    ],
)
async def test_errors(error: Exception, expected: type[Exception]) -> None:
    """A key that another transaction has is in flight; a table that can't be used, unavailable."""
    with pytest.raises(expected) as raised:
        await make_keys().claim(Lane(error=error), "k", "f")  # type: ignore[arg-type]
    assert type(raised.value) is expected
