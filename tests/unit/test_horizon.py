"""How far the log of changes is final, by what is seen at each look."""

from modelwire.execute.feed.horizon import Horizon, Look


def note(horizon: Horizon, *look: int | None) -> tuple[bool, int | None, bool]:
    """Note a look; returns whether more is final, up to where, and whether anything is awaited."""
    return horizon.note(Look(*look)), horizon.final, horizon.is_waiting  # type: ignore[arg-type]


def test_an_empty_log() -> None:
    """It is known to be empty after the first look, and not before."""
    horizon = Horizon()
    assert (horizon.final, horizon.seen, horizon.is_waiting) == (None, -1, False)
    assert note(horizon, 0, 5, 5) == (True, 0, False)
    assert note(horizon, 0, None, 6) == (False, 0, False)


def test_a_number_is_final_once_those_before_it_have_ended() -> None:
    """A number waits for every transaction that had begun when it was first seen."""
    horizon = Horizon()
    assert note(horizon, 3, 10, 8) == (False, None, True)
    assert note(horizon, 3, None, 9) == (False, None, True)
    assert note(horizon, 7, 12, 9) == (False, None, True)
    assert horizon.seen == 7
    assert note(horizon, 7, None, 10) == (True, 3, True)
    assert note(horizon, 7, None, 11) == (False, 3, True)
    assert note(horizon, 7, None, 12) == (True, 7, False)
    assert note(horizon, 7, None, 13) == (False, 7, False)


def test_several_become_final_together() -> None:
    horizon = Horizon()
    for look in ((1, 10, 8), (2, 11, 8)):
        note(horizon, *look)
    assert note(horizon, 2, None, 99) == (True, 2, False)


def test_a_known_number_is_not_awaited_again() -> None:
    """Neither by a database that tells of the next transaction at each look, nor is one lost."""
    horizon = Horizon()
    assert note(horizon, 5, 0, 0) == (True, 5, False)
    assert note(horizon, 5, 7, 0) == (False, 5, False)
    assert note(horizon, 2, 0, 0) == (False, 5, False)
    assert horizon.seen == 5


def test_another_server_counts_anew() -> None:
    """Transactions of the server before it are not awaited, and what is final stays so."""
    horizon = Horizon()
    note(horizon, 3, 0, 0)
    note(horizon, 4, 1000, 900)
    horizon.begin_anew()
    assert (horizon.final, horizon.seen, horizon.is_waiting) == (3, -1, False)
    assert note(horizon, 4, 20, 20) == (True, 4, False)
