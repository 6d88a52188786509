"""All settings, each defined once. Only this module reads them from the environment."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Collection, Sequence
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
    """Limits of what the query of one request may ask for. A query over a limit is answered 422."""

    model_config = SettingsConfigDict(env_prefix=_PREFIX, frozen=True, extra="forbid")

    max_query_bytes: Annotated[int, Gt(0)] = 65_536
    """Bytes that a query string may have."""

    max_filters: Annotated[int, Gt(0)] = 100
    """Filters that one query may have at its top level."""

    max_sort_terms: Annotated[int, Gt(0)] = 16
    """Fields that `sort` may name, or `group` and `measures` together. Each may join three tables;
    SQLite joins at most 64."""

    max_list_values: Annotated[int, Gt(0)] = 200
    """Values that one `in` or `not_in` may list."""

    max_text_length: Annotated[int, Gt(0)] = 10_000
    """Characters that a search text may have."""

    max_search_words: Annotated[int, Gt(0)] = 20
    """Words that `q` may have."""

    max_path_depth: Annotated[int, Gt(0)] = 3
    """Relations that the path of one filter, sort or include may go through."""

    max_json_depth: Annotated[int, Gt(0)] = 10
    """Names and positions in one path into the documents of a JSON column."""

    max_logic_depth: Annotated[int, Gt(0)] = 8
    """Levels of `and`, `or` and `not` that may be nested inside `or=(…)`."""

    max_logic_terms: Annotated[int, Gt(0)] = 50
    """Comparisons that `or=(…)` may have."""

    max_included: Annotated[int, Gt(0)] = 10_000
    """Rows that one answer may include, counting each as often as it appears; in a stream, the rows
    that one row may include."""

    max_groups: Annotated[int, Gt(0)] = 1_000
    """Groups that one aggregate may return."""


def split_hosts(value: object) -> object:
    """Split host names at their commas.

    Raises:
        ValueError: One of them is not a host name.
    """
    return _split(
        value,
        _HOST,
        "a name without a scheme, port or path, as in api.example.com, *.example.com or [::1]",
    )


def split_origins(value: object) -> object:
    """Split the origins of web pages at their commas (RFC 6454, section 6.2).

    Raises:
        ValueError: One of them is not an origin as browsers write it.
    """
    return _split(
        value,
        _ORIGIN,
        "a scheme and a host without a path, and without the default port of the scheme, as in "
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
"""The default limits."""

SECRET_CHARACTERS = 32
"""Characters that a secret must have at least."""


def _split_secrets(given: SecretStr) -> tuple[bytes, ...]:
    return tuple(part.strip().encode() for part in given.get_secret_value().split(","))


def _check_secrets(given: SecretStr) -> SecretStr:
    if any(len(secret) < SECRET_CHARACTERS for secret in _split_secrets(given)):
        raise ValueError(
            f"each secret, separated by commas if there are several, should have "
            f"{SECRET_CHARACTERS} characters or more; "
            "python -c 'import secrets; print(secrets.token_urlsafe(32))' makes one"
        )
    return given


class Settings(Limits):
    """Settings, with their units and defaults.

    Each is read from the environment variable with its name in capitals after `MODELWIRE_`, as in
    `MODELWIRE_POOL_SIZE=20`; an argument in code takes precedence over the environment.
    """

    database_url: SecretStr = SecretStr("sqlite:///modelwire.db")
    """URL of the database: `sqlite:///file.db` or `postgresql://user:password@host/name`."""

    secret: Annotated[SecretStr, AfterValidator(_check_secrets)] | None = None
    """Secret that seals cursors, at least 32 characters; by default, one that is stored in the
    database. Of several, separated by commas, the first seals, and cursors sealed by any of them
    are accepted."""

    create_tables: bool = True
    """Whether missing tables are created at start-up. Existing tables are never changed."""

    pool_size: Annotated[int, Gt(0)] = 10
    """Connections that one process holds open at most."""

    pool_timeout_s: Annotated[float, Gt(0)] = 5.0
    """Seconds that a request waits for a connection, or on SQLite for its turn to write, before it
    is answered 503; or for an earlier request with the same `Idempotency-Key`, before it is
    answered 409."""

    statement_timeout_s: Annotated[float, Gt(0)] = 30.0
    """Seconds that one statement may run before it is cancelled, and the request answered 504."""

    read_timeout_s: Annotated[float, Gt(0)] = 5.0
    """Seconds that a read composed by a client may run: a row, a list, a stream, or the selection
    of rows for a mass write. Capped by `statement_timeout_s`."""

    request_timeout_s: Annotated[float, Gt(0)] = 60.0
    """Seconds from the head of a request to the first byte of its answer, and between the parts of
    a stream, before the request is answered 504, or 408 if its body has not arrived."""

    send_timeout_s: Annotated[float, Gt(0)] = 30.0
    """Seconds that a client may receive nothing of an answer before its connection is closed; and,
    for answers of more than 64 KiB, seconds for each 64 KiB."""

    max_batch_requests: Annotated[int, Gt(0)] = 100
    """Requests that one batch may have; more are answered 413."""

    max_streams: Annotated[int, Gt(0)] = 100
    """Streams that one process sends at a time; further ones are answered 503."""

    max_listeners: Annotated[int, Gt(0)] = 2000
    """Clients that may follow changes in one process at a time; further ones are answered 503."""

    max_listening_s: Annotated[float, Gt(0)] = 900.0
    """Seconds for which a client follows changes by one stream of events, at most. It reconnects
    then, and continues with the permissions that it has by then."""

    max_head_bytes: Annotated[int, Gt(0)] = 131_072
    """Bytes that the URL and headers of a request to `modelwire serve` may have; longer ones are
    answered 414 or 431."""

    shutdown_timeout_s: Annotated[int, Gt(0)] = 10
    """Seconds that `modelwire serve` gives running requests when it is stopped."""

    shutdown_delay_s: Annotated[float, Ge(0)] = 0.0
    """Seconds that `modelwire serve` goes on serving after SIGTERM, while `/health/ready` answers
    503."""

    replica_urls: SecretStr = SecretStr("")
    """URLs of PostgreSQL replicas to read from, separated by spaces or commas."""

    replica_wait_s: Annotated[float, Ge(0)] = 0.2
    """Seconds that a read waits for a replica to catch up with what its client has already seen,
    before it goes to the primary."""

    max_staleness_s: Annotated[float, Gt(0)] = 30.0
    """Seconds that a replica may lag behind and still be read from, unless the request asks for
    fresher data. Does not apply while the primary can't be reached."""

    position_cookie: bool = False
    """Whether browsers keep the position of their last read or write in a cookie, so that replicas
    never show them an earlier state."""

    durability: Literal["local", "quorum"] = "local"
    """Failures that an acknowledged write survives: `local`, a crash of the server; `quorum`, its
    loss. With `quorum`, start-up and `/health/ready` check that COMMIT waits for a standby."""

    pgbouncer: bool = False
    """Whether PostgreSQL is reached through PgBouncer in transaction mode, or a similar pooler."""

    max_retries: Annotated[int, Ge(0)] = 5
    """Retries of a transaction that conflicts with others, at most and within `pool_timeout_s`,
    before the request is answered 503."""

    idempotency_ttl_s: Annotated[float, Gt(0)] = 86_400.0
    """Seconds that the answer to a request with an `Idempotency-Key` is kept, to be replayed when
    the request is repeated."""

    echo: bool = False
    """Whether every statement is logged, including values of rows."""

    log_requests: bool = False
    """Whether each request is logged when its answer has been sent, and each statement that is slow
    or fails. That log has no values of rows."""

    log_format: Literal["text", "json"] = "text"
    """Format of the log of `modelwire serve`: plain text, or one JSON object a line."""

    slow_statement_s: Annotated[float, Gt(0)] = 1.0
    """Seconds after which a statement is logged as slow."""

    server_timing: bool = False
    """Whether answers have a `Server-Timing` header with the time that each stage took."""

    metrics: bool = False
    """Whether `/metrics` serves metrics for Prometheus."""

    allowed_hosts: Annotated[tuple[str, ...], NoDecode, BeforeValidator(split_hosts)] = ("*",)
    """Host names that the service answers to, separated by commas, without ports:
    `api.example.com`, `*.example.com` for all subdomains, `*` for any. Unless this is set,
    `modelwire serve` on a loopback address answers only to loopback names."""

    cors_origins: Annotated[tuple[str, ...], NoDecode, BeforeValidator(split_origins)] = ()
    """Origins of pages whose scripts may use the service, separated by commas:
    `https://app.example.com`, `https://*.example.com` for all subdomains, `*` for any."""

    max_body_bytes: Annotated[int, Gt(0)] = 1_048_576
    """Bytes that a request body may have; a larger one is answered 413."""

    conflict_status: Annotated[Literal[400, 409], BeforeValidator(int)] = 400
    """Status of answers when a unique value is taken or a parent is missing."""

    @property
    def secrets(self) -> tuple[bytes, ...]:
        """The secrets that are set; the first one seals."""
        return _split_secrets(self.secret) if self.secret is not None else ()


def read_settings(**overrides: object) -> Settings:
    """Read the settings from the environment.

    Args:
        overrides: Settings given in code, by name; those that are None are read from the
            environment.

    Returns:
        The settings.

    Raises:
        ConfigurationError: A value is invalid; the message names the setting.
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


_READ_ELSEWHERE = re.compile("TOKEN|TEST_.*")
"""Names of other variables with the prefix: of the command line, and of modelwire's own tests."""


@cache
def warn_of_unknown_settings() -> None:
    """Warn, once per process, of environment variables that look like settings and are none."""
    known = [name.upper() for name in Settings.model_fields]
    for variable in os.environ:
        start, name = variable[: len(_PREFIX)].upper(), variable[len(_PREFIX) :].upper()
        if start == _PREFIX and name not in known and not _READ_ELSEWHERE.fullmatch(name):
            hint = _hint(name, known)
            logger.warning("%s is not a setting, and changes nothing%s", variable, hint)


def _hint(name: str, known: Sequence[str]) -> str:
    """Return a question for the known setting that a variable may have been meant for."""
    parts = [other for other in known if name and name in other]
    closest = get_close_matches(name, known, n=1) or parts
    return f"; did you mean {_PREFIX}{closest[0]}?" if closest else ""
