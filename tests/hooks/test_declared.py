"""Wrong declarations of hooks are refused where they are written."""

from typing import Any

import pytest

from modelwire import ConfigurationError, Hooks, Resource
from tests.hooks.tables import Label


@pytest.mark.parametrize("given", [print, "check", [1], None])
def test_hooks_are_lists_of_functions(given: Any) -> None:
    """Anything else says what would be right."""
    with pytest.raises(ConfigurationError, match=r"as in Hooks\(before_create=\[check\]\)"):
        Hooks(before_create=given)


def test_resource_takes_hooks() -> None:
    """A list of functions is no `Hooks`."""
    wrong: Any = [print]
    with pytest.raises(ConfigurationError, match=r"should be Hooks\(…\)"):
        Resource(Label, hooks=wrong)
