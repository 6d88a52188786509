"""The number of examples that Hypothesis tries."""

import os

from hypothesis import HealthCheck, Phase, settings

THOROUGH = int(os.environ.get("MODELWIRE_TEST_THOROUGH", "0"))
"""Multiple of the number of examples, new ones each time; fewer and fixed ones, if 0."""

# No example has a deadline, since a busy machine would not meet it.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


def examples(count: int, quick: int | None = None) -> settings:
    """Hypothesis's settings for a number of examples.

    Args:
        count: The number, which `THOROUGH` multiplies.
        quick: The number without it; a fifth, if None.
    """
    return settings(
        max_examples=count * THOROUGH or quick or max(3, count // 5),
        derandomize=not THOROUGH,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        # Making a failing example smaller takes minutes; the blob that is printed leads to it.
        phases=set(Phase) - {Phase.explain} - (set() if THOROUGH else {Phase.shrink}),
        print_blob=True,
    )
