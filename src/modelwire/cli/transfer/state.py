"""Progress of an import, recorded in a file beside the imported one."""

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
    """Progress of an import.

    Args:
        order: The options; other options make another import.
        key: The prefix of the idempotency keys of its requests.
        size: The maximum size of one request.
        done: The number of rows of the file that are done.
        digest: A digest of those rows.
        stored: The number of those that are stored.
        refused: The number of those that were refused.
        kept: The length of the file of refused rows, in bytes.
        kept_in: That file.
        one_by_one: Whether the next rows were refused together, and are sent one by one.
        at_s: The time of the record, in seconds since 1970.
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
    """File that records the progress of an import.

    Args:
        source: The file to import.
        order: The options.
        size: The maximum size of one request, for a new import.
        ttl_s: Seconds for which idempotency keys are valid.

    Raises:
        ConfigurationError: There is one of another import, or one that can't be read.
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
                f"{self.path} can't be read: remove it to start again"
            ) from None
        if state.order != order:
            raise ConfigurationError(
                f"{self.path} is of an import with other options: give the same, or remove it to "
                "start again"
            )
        if time.time() - state.at_s > ttl_s:
            raise ConfigurationError(
                f"{self.path} is too old to tell whether rows after the first {state.done} were "
                "stored: see which are, remove it, and import those that are not"
            )
        return state

    def pass_over(self, body: bytes) -> None:
        """Take note of a row that is skipped as done."""
        self._digest.update(body)

    def check(self) -> None:
        """Check that the skipped rows are those that were done.

        Raises:
            ConfigurationError: They are not.
        """
        if self.state.digest not in ("", self._digest.hexdigest()):
            raise ConfigurationError(
                f"The first {self.state.done} rows of the file are not those that were imported: "
                f"remove {self.path} to start again"
            )

    def advance(self, bodies: bytes, rows: int) -> None:
        """Record rows as done, to be saved."""
        self._digest.update(bodies)
        self.state.done += rows
        self.state.digest = self._digest.hexdigest()
        self.state.one_by_one = False

    def save(self) -> None:
        """Save it to disk.

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
        """Remove the file when all is done."""
        self.path.unlink(missing_ok=True)
