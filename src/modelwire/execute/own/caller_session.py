"""Session of a caller, whose statements run under policies."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

from ...compat.sqlalchemy_compiler import compiling_by
from ...errors import ConfigurationError, RequestError
from ...statement.caller_door import ASKING, Asking
from ..connect.session import EagerSession
from .access import RowAccess


class CallerSession(EagerSession):
    """Session under the policies of a caller.

    Args:
        access: The rights of the caller.

    Attributes:
        access: The same.
        refused: The last refusal, unless everything was rolled back since.
    """

    def __init__(self, *args: Any, access: RowAccess, **options: Any) -> None:
        super().__init__(*args, **options)
        self.access = access
        self.refused: RequestError | None = None

    def rollback(self) -> None:
        """Roll everything back, and forget the refusal."""
        super().rollback()
        self.refused = None

    @contextmanager
    def refusing(self) -> Iterator[None]:
        """Remember a refusal in the block."""
        try:
            yield
        except RequestError as error:
            self.refused = error
            raise

    @contextmanager
    def running(self, asking: Asking) -> Iterator[None]:
        """Compile the statements of the block under policies."""
        connection = self.connection()
        dialect = self.access.door.dialect_of(connection.dialect)
        token = ASKING.set(asking)
        try:
            with compiling_by(connection, dialect):
                yield
        finally:
            ASKING.reset(token)

    def bulk_save_objects(self, *_args: Any, **_options: Any) -> NoReturn:
        """Refuse a write that no flush would check."""
        raise _Unchecked("bulk_save_objects")

    def bulk_insert_mappings(self, *_args: Any, **_options: Any) -> NoReturn:
        """Refuse a write that no flush would check."""
        raise _Unchecked("bulk_insert_mappings")

    def bulk_update_mappings(self, *_args: Any, **_options: Any) -> NoReturn:
        """Refuse a write that no flush would check."""
        raise _Unchecked("bulk_update_mappings")


class _Unchecked(ConfigurationError):
    """Write that bypasses the checks of a session."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"The session of a caller checks what it writes, and {name} bypasses that. "
            "Write session.add_all(…)."
        )
