"""Errors for the developers of an application, never sent to a client."""

from __future__ import annotations

from .base import ModelwireError


class ConfigurationError(ModelwireError):
    """A resource, a setting or their use by `mount` is wrong; the message says what would be
    right."""


class LazyLoadError(ModelwireError):
    """A relationship was read that no query had loaded."""

    def __init__(self, model: str, relationship: str) -> None:
        super().__init__(
            f"{model}.{relationship} is not loaded, and nothing is loaded lazily. Load it with the "
            f"query: select({model}).options(selectinload({model}.{relationship})), "
            f"or await session.refresh(row, ['{relationship}'])."
        )


class CallerError(ModelwireError):
    """The caller of a request does not match its annotations.

    Args:
        attribute: The attribute.
        fault: The rest of the sentence that says what is wrong with it.
    """

    def __init__(self, attribute: str, fault: str) -> None:
        super().__init__(f"The caller's attribute `{attribute}` {fault}.")


class HookError(ModelwireError):
    """A hook has failed, or has set a value that its field can't have; the client is not at
    fault."""
