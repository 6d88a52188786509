"""The table of idempotency keys, and its statements."""

from __future__ import annotations

from typing import Any, cast

from sqlalchemy import (
    BindParameter,
    Column,
    Double,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    bindparam,
    func,
    literal,
    null,
    select,
)
from sqlalchemy.sql.base import Executable

from ..request.headers import MAX_IDEMPOTENCY_KEY
from .dialect import SQLDialect
from .door import delete_any_from, every_row_of, insert_any_into, update_any_in
from .own_tables import OWN

KEYS = Table(
    "modelwire_idempotency_keys",
    OWN,
    Column("key", String(MAX_IDEMPOTENCY_KEY), primary_key=True),
    Column("fingerprint", String(64), nullable=False),
    Column("expires_at", Double, nullable=False, index=True),
    Column("status", Integer),
    Column("headers", Text),
    Column("body", LargeBinary),
)
"""A row for the digest of each key together with its caller: the fingerprint of the first request,
the time of expiry (seconds since 1970), and the answer. Other transactions see a row only with its
answer, since both are committed together."""


def build_look(dialect: SQLDialect) -> Executable:
    """Write a check that the table exists.

    It also sets the parameter `wait` as the timeout for locks from then on. The first column of the
    result is the previous timeout, or NULL if there is none (PostgreSQL manual, lock_timeout).
    """
    there = dialect.is_there(KEYS)
    if not dialect.limits_locks:
        return select(null(), bindparam("wait"), there)
    limit = literal("lock_timeout")
    wait = func.set_config(limit, bindparam("wait", type_=Text), True)
    return select(func.current_setting(limit), wait, there)


def build_wait() -> Executable:
    """Set the timeout for locks until the end of the transaction."""
    return select(func.set_config("lock_timeout", bindparam("wait", type_=Text), True))


def build_claim(dialect: SQLDialect) -> Executable:
    """Insert a key that does not exist or has expired; a row is returned if it was inserted."""
    given = _values("key", "fingerprint", "expires_at")
    sql = insert_any_into(KEYS, dialect).values(given)
    anew = {name: sql.excluded[name] for name in ("fingerprint", "expires_at")}
    gone = dict.fromkeys(("status", "headers", "body"), null())
    expired = KEYS.c.expires_at <= bindparam("now")
    sql = sql.on_conflict_do_update(index_elements=["key"], set_=anew | gone, where=expired)
    return cast(Executable, sql.returning(KEYS.c.key))


def build_answer() -> Executable:
    """Select the request that came first with a key, and its answer."""
    shown = (KEYS.c.fingerprint, KEYS.c.status, KEYS.c.headers, KEYS.c.body)
    return select(*shown).select_from(every_row_of(KEYS)).where(KEYS.c.key == bindparam("sought"))


def build_store() -> Executable:
    """Store the answer to the request with a key."""
    new = _values("status", "headers", "body")
    sql = update_any_in(KEYS).where(KEYS.c.key == bindparam("sought")).values(new)
    return sql.returning(KEYS.c.key)


def _values(*names: str) -> dict[str, BindParameter[Any]]:
    """Return the parameters with new values; SQLAlchemy reserves the names of the columns."""
    return {name: bindparam(f"v_{name}") for name in names}


def build_purge(limit: int) -> Executable:
    """Delete a limited number of expired keys, except for those in use."""
    expired = (
        select(KEYS.c.key)
        .select_from(every_row_of(KEYS))
        .where(KEYS.c.expires_at <= bindparam("now"))
        .order_by(KEYS.c.expires_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
        # PostgreSQL may run a subquery once for each row that it compares, but a CTE only once.
        .cte("expired")
    )
    return delete_any_from(KEYS).where(KEYS.c.key.in_(select(expired.c.key))).returning(KEYS.c.key)
