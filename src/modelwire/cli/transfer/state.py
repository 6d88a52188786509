"""How far an import has come, in a file beside what is imported."""

from __future__ import annotations

import os
import secrets
import time
from hashlib import blake2b
from pathlib import Path

import msgspec

from ...errors import ConfigurationError
from ..ask import Failed
from .chunks import Size

_SUFFIX = ".import"


class State(msgspec.Struct):
    """How far an import has come.

    Args:
        order: What was asked for; another order is another import.
        key: What the idempotency keys of its requests start with.
        size: How much one request has.
        done: How many rows of the file are done with.
        digest: A digest of those rows.
        stored: How many of them are stored.
        refused: How many were refused.
        kept: Bytes of the file of refused rows.
        kept_in: That file.
        one_by_one: Whether the rows that are next were refused all at once, and go each for itself.
        at_s: When that was, in seconds since 1970.
    """

    order: str
    key: str
    size: Size
    done: int = 0
    digest: str = ""
    stored: int = 0
    refused: int = 0
    kept: int = 0
    kept_in: str = ""
    one_by_one: bool = False
    at_s: float = 0.0


class StateFile:
    """The file that says how far an import has come.

    Args:
        source: What is imported.
        order: What was asked for.
        size: How much one request has, if it is a new import.
        ttl_s: Seconds that idempotency keys count.

    Raises:
        ConfigurationError: There is one of another import, or none that can be read.
    """

    def __init__(self, source: Path, order: str, size: Size, ttl_s: float) -> None:
        self.path = source.with_name(f"{source.name}{_SUFFIX}")
        self.is_new = not self.path.exists()
        self.state = State(order, secrets.token_hex(16), size)
        if not self.is_new:
            self.state = self._read(order, ttl_s)
        self._digest = blake2b(digest_size=32)

    def _read(self, order: str, ttl_s: float) -> State:
        try:
            state = msgspec.json.decode(self.path.read_bytes(), type=State)
        except (OSError, msgspec.DecodeError):
            raise ConfigurationError(
                f"{self.path} can't be read: remove it to begin anew"
            ) from None
        if state.order != order:
            raise ConfigurationError(
                f"{self.path} is of an import with other options: give the same, or remove it to "
                "begin anew"
            )
        if time.time() - state.at_s > ttl_s:
            raise ConfigurationError(
                f"{self.path} is too old to tell whether rows after the first {state.done} were "
                "stored: see which are, remove it, and import those that are not"
            )
        return state

    def pass_over(self, body: bytes) -> None:
        """Take note of a row that was done with before."""
        self._digest.update(body)

    def check(self) -> None:
        """Check that the rows that were passed over are those that were done with.

        Raises:
            ConfigurationError: They are others.
        """
        if self.state.digest not in ("", self._digest.hexdigest()):
            raise ConfigurationError(
                f"The first {self.state.done} rows of the file are not those that were imported: "
                f"remove {self.path} to begin anew"
            )

    def advance(self, bodies: bytes, rows: int) -> None:
        """Take note of rows that are done with now, to be saved."""
        self._digest.update(bodies)
        self.state.done += rows
        self.state.digest = self._digest.hexdigest()
        self.state.one_by_one = False

    def save(self) -> None:
        """Have it on disk.

        Raises:
            Failed: It can't be written.
        """
        self.state.at_s = time.time()
        beside = self.path.with_name(f".{self.path.name}.new")
        try:
            with beside.open("wb") as file:
                file.write(msgspec.json.encode(self.state))
                file.flush()
                os.fsync(file.fileno())
            os.replace(beside, self.path)
        except OSError as exc:
            raise Failed(f"{self.path} can't be written: {exc.strerror or exc}") from exc

    def remove(self) -> None:
        """Remove it, now that all is done."""
        self.path.unlink(missing_ok=True)
