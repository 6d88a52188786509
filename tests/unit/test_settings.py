"""Variables in the environment that look like settings and are none."""

import logging
from collections.abc import Iterator

import pytest

from modelwire.settings import Settings, warn_of_unknown_settings


@pytest.fixture(autouse=True)
def _warned_anew() -> Iterator[None]:
    """It warns once per process."""
    warn_of_unknown_settings.cache_clear()
    yield
    warn_of_unknown_settings.cache_clear()


def warnings_of(
    variable: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> list[str]:
    monkeypatch.setenv(variable, "1")
    with caplog.at_level(logging.WARNING, "modelwire"):
        warn_of_unknown_settings()
        warn_of_unknown_settings()
    return [text for text in caplog.messages if text.startswith(f"{variable} ")]


@pytest.mark.parametrize(
    ("variable", "meant"),
    [
        ("MODELWIRE_POOLSIZE", "POOL_SIZE"),
        ("MODELWIRE_URL", "DATABASE_URL"),
        ("MODELWIRE_CORS", "CORS_ORIGINS"),
        ("modelwire_max_steams", "MAX_STREAMS"),
        ("MODELWIRE_WORKERS", None),
        ("MODELWIRE_", None),
    ],
)
def test_what_is_no_setting_is_told(
    variable: str,
    meant: str | None,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """With the setting that may be meant, if one is similar."""
    hint = "" if meant is None else f"; did you mean MODELWIRE_{meant}?"
    told = f"{variable} is not a setting, and changes nothing{hint}"
    assert warnings_of(variable, monkeypatch, caplog) == [told]


@pytest.mark.parametrize(
    "variable",
    [f"MODELWIRE_{name.upper()}" for name in Settings.model_fields]
    + ["modelwire_pool_size", "MODELWIRE_TOKEN", "OTHER_POOLSIZE"],
)
def test_settings_and_other_variables_are_not_told(
    variable: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    assert warnings_of(variable, monkeypatch, caplog) == []
