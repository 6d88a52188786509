"""Every setting, defined once; the environment is read here and nowhere else."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Collection
from difflib import get_close_matches
from functools import cache
from typing import Annotated, Literal

from annotated_types import Ge, Gt
from pydantic import AfterValidator, BeforeValidator, SecretStr, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from .errors import ConfigurationError

logger = logging.getLogger("modelwire")

_PREFIX = "MODELWIRE_"


class Limits(BaseSettings):
    """How much the query of one request may ask for. What is over a limit is answered 422."""

    model_config = SettingsConfigDict(env_prefix=_PREFIX, frozen=True, extra="forbid")

    max_query_bytes: Annotated[int, Gt(0)] = 65_536
    """Bytes that a query string may have."""

    max_filters: Annotated[int, Gt(0)] = 100
    """Filters that stand beside each other."""

    max_sort_terms: Annotated[int, Gt(0)] = 16
    """Fields that `sort` may name, or `group` and `measures` together. Each may join three tables;
    SQLite joins at most 64."""

    max_list_values: Annotated[int, Gt(0)] = 200
    """Values that one `in` or `not_in` may list."""

    max_text_length: Annotated[int, Gt(0)] = 10_000
    """Characters of a text that is searched for."""

    max_search_words: Annotated[int, Gt(0)] = 20
    """Words that `q` may have."""

    max_path_depth: Annotated[int, Gt(0)] = 3
    """Relations that one path of a filter, a sort or an include may go through."""

    max_json_depth: Annotated[int, Gt(0)] = 10
    """Names and positions by which one path may go into the documents of a JSON column."""

    max_logic_depth: Annotated[int, Gt(0)] = 8
    """Levels that `and`, `or` and `not` may nest inside of `or=(…)`."""

    max_logic_terms: Annotated[int, Gt(0)] = 50
    """Comparisons that `or=(…)` may have."""

    max_included: Annotated[int, Gt(0)] = 10_000
    """Rows that one answer may include, each as often as it is shown; of a stream, one row."""

    max_groups: Annotated[int, Gt(0)] = 1_000
    """Groups that one answer of sums may have."""


def split_hosts(value: object) -> object:
    """Split names of hosts at their commas.

    Raises:
        ValueError: One of them is no name of a host.
    """
    return _split(
        value,
        _HOST,
        "a name without a scheme, port or path, as in api.example.com, *.example.com or [::1]",
    )


def split_origins(value: object) -> object:
    """Split origins of pages at their commas (RFC 6454, section 6.2).

    Raises:
        ValueError: One of them is no origin as browsers write it.
    """
    return _split(
        value,
        _ORIGIN,
        "a scheme and a host without a path, and without a port that the scheme has anyway, as in "
        "https://app.example.com, https://*.example.com or http://localhost:5173",
    )


def _split(value: object, pattern: re.Pattern[str], expected: str) -> object:
    parts = value.split(",") if isinstance(value, str) else value
    if not isinstance(parts, Collection):
        return value
    names = tuple(str(part).strip().lower() for part in parts if str(part).strip())
    for name in names:
        if not pattern.fullmatch(name):
            raise ValueError(f"{name} should be {expected}")
    return names


_NAME = r"(\*\.)?[a-z0-9_-]+(\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\]"
_HOST = re.compile(rf"\*|{_NAME}")
_ORIGIN = re.compile(
    rf"\*|(?!https:.*:443$|http:.*:80$)[a-z][a-z0-9+.-]*://({_NAME})(:[0-9]{{1,5}})?"
)


LIMITS = Limits.model_construct()
"""The limits where nothing else is set."""

SECRET_CHARACTERS = 32
"""Characters that a secret has at least."""


def _split_secrets(given: SecretStr) -> tuple[bytes, ...]:
    return tuple(part.strip().encode() for part in given.get_secret_value().split(","))


def _check_secrets(given: SecretStr) -> SecretStr:
    if any(len(secret) < SECRET_CHARACTERS for secret in _split_secrets(given)):
        raise ValueError(
            f"each secret, where commas separate several, should have {SECRET_CHARACTERS} "
            "characters or more; python -c 'import secrets; print(secrets.token_urlsafe(32))' "
            "makes one"
        )
    return given


class Settings(Limits):
    """What can be set, with its unit and its default.

    Each is read from the environment under its name in capitals after `MODELWIRE_`,
    as in `MODELWIRE_POOL_SIZE=20`; an argument in code wins over the environment.
    """

    database_url: SecretStr = SecretStr("sqlite:///modelwire.db")
    """Where the rows are: `sqlite:///file.db` or `postgresql://user:password@host/name`."""

    secret: Annotated[SecretStr, AfterValidator(_check_secrets)] | None = None
    """The secret that cursors are sealed with, at least 32 characters; one that the database keeps,
    if None. Of several, separated by commas, the first one seals and all of them open."""

    create_tables: bool = True
    """Whether missing tables are created at start-up. Tables that exist are never changed."""

    pool_size: Annotated[int, Gt(0)] = 10
    """Connections, at most, that one process holds open."""

    pool_timeout_s: Annotated[float, Gt(0)] = 5.0
    """Seconds that a request waits for a connection, or on SQLite for its turn to write, before
    it is answered 503; or for the one that came first with its `Idempotency-Key`, before 409."""

    statement_timeout_s: Annotated[float, Gt(0)] = 30.0
    """Seconds that one statement may run before it is ended, and answered 504."""

    read_timeout_s: Annotated[float, Gt(0)] = 5.0
    """Seconds that a statement may run which answers what a client has composed: a row, a list, a
    stream, or which rows a mass change is about. No longer than `statement_timeout_s`."""

    request_timeout_s: Annotated[float, Gt(0)] = 60.0
    """Seconds that a request may take from its head to the first byte of its answer, before it is
    answered 504, or 408 where its body has not come; and until each part of a stream is there."""

    send_timeout_s: Annotated[float, Gt(0)] = 30.0
    """Seconds that a client may take nothing of an answer before its connection is cut; and, where
    an answer has more than 64 KiB, that it may take for each of these."""

    max_batch_requests: Annotated[int, Gt(0)] = 100
    """Requests that one batch may have; more are answered 413."""

    max_streams: Annotated[int, Gt(0)] = 100
    """Streams that one process sends at a time; one more is answered 503."""

    max_listeners: Annotated[int, Gt(0)] = 2000
    """Clients that may follow changes of one process at a time; one more is answered 503."""

    max_head_bytes: Annotated[int, Gt(0)] = 131_072
    """Bytes that the URL and the headers of a request to `modelwire serve` may have; a longer head
    is answered 414 or 431."""

    shutdown_timeout_s: Annotated[int, Gt(0)] = 10
    """Seconds that `modelwire serve` gives requests to end when it is stopped."""

    shutdown_delay_s: Annotated[float, Ge(0)] = 0.0
    """Seconds that `modelwire serve` serves on after SIGTERM, while `/health/ready` answers 503."""

    replica_urls: SecretStr = SecretStr("")
    """URLs of copies of the PostgreSQL database that reads go to, separated by spaces or commas."""

    replica_wait_s: Annotated[float, Ge(0)] = 0.2
    """Seconds that a read waits for a copy to show what its client has seen already, before it goes
    to the primary."""

    max_staleness_s: Annotated[float, Gt(0)] = 30.0
    """Seconds that a copy may be behind, if the request asks for nothing else, to be read from; as
    far as the primary can be asked."""

    position_cookie: bool = False
    """Whether browsers keep in a cookie how far their reads and writes have come, so that copies
    never show them less."""

    durability: Literal["local", "quorum"] = "local"
    """What a write that was answered outlasts: a crash of the server, or its loss. For `quorum`,
    start-up and `/health/ready` check that COMMIT waits for a standby."""

    pgbouncer: bool = False
    """Whether PostgreSQL is reached through PgBouncer in transaction mode, or what is like it."""

    max_retries: Annotated[int, Ge(0)] = 5
    """How often a transaction that others are in the way of is tried again, at most, and within
    `pool_timeout_s`, before it is answered 503."""

    idempotency_ttl_s: Annotated[float, Gt(0)] = 86_400.0
    """Seconds that the answer to a request with an `Idempotency-Key` is kept, and repeated to who
    sends it again."""

    echo: bool = False
    """Whether every statement is logged. Values of rows appear in that log."""

    log_requests: bool = False
    """Whether each request is logged when its answer has ended, and each statement that is slow or
    fails. No values of rows appear in that log."""

    log_format: Literal["text", "json"] = "text"
    """How `modelwire serve` writes its log: lines for people, or a JSON object a line."""

    slow_statement_s: Annotated[float, Gt(0)] = 1.0
    """Seconds from which on a statement is logged as slow."""

    server_timing: bool = False
    """Whether answers say in `Server-Timing` where their time went."""

    metrics: bool = False
    """Whether `/metrics` answers Prometheus."""

    allowed_hosts: Annotated[tuple[str, ...], NoDecode, BeforeValidator(split_hosts)] = ("*",)
    """Names that the service answers to, separated by commas, without ports: `api.example.com`, or
    `*.example.com` for all below it; `*` for any. `modelwire serve` on a loopback address answers
    only to loopback names unless this is set."""

    cors_origins: Annotated[tuple[str, ...], NoDecode, BeforeValidator(split_origins)] = ()
    """Origins of the pages whose scripts may use the service, separated by commas, as in
    `https://app.example.com`; `https://*.example.com` for all below it, `*` for any."""

    max_body_bytes: Annotated[int, Gt(0)] = 1_048_576
    """Bytes that a request body may have; a larger one is answered 413."""

    conflict_status: Annotated[Literal[400, 409], BeforeValidator(int)] = 400
    """Status of the answer when a unique value is taken or a parent is missing."""

    @property
    def secrets(self) -> tuple[bytes, ...]:
        """The secrets that are set, the one that seals first."""
        return _split_secrets(self.secret) if self.secret is not None else ()


def read_settings(**overrides: object) -> Settings:
    """Read the settings from the environment.

    Args:
        overrides: Settings given in code, by name; those that are None are left to the environment.

    Returns:
        The settings.

    Raises:
        ConfigurationError: A value can't be used; the message names the setting.
    """
    given = {name: value for name, value in overrides.items() if value is not None}
    try:
        return Settings(**given)  # type: ignore[arg-type]
    except ValidationError as exc:
        faults = "; ".join(
            f"{fault['loc'][0]} ({_PREFIX}{str(fault['loc'][0]).upper()}): {fault['msg']}"
            for fault in exc.errors(include_input=False, include_url=False)
        )
        raise ConfigurationError(f"Bad setting: {faults}") from None


@cache
def warn_of_misspelt_settings() -> None:
    """Warn, once in a process, of environment variables that are named almost like a setting."""
    known = [name.upper() for name in Settings.model_fields]
    for variable in os.environ:
        start, name = variable[: len(_PREFIX)].upper(), variable[len(_PREFIX) :].upper()
        closest = get_close_matches(name, known, n=1) if start == _PREFIX else []
        if closest and name not in known:
            logger.warning("%s is no setting; did you mean %s%s?", variable, _PREFIX, closest[0])
