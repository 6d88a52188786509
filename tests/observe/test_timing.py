"""`Server-Timing`: where the time of an answer went."""

import re

from .conftest import Observe

ENTRY = re.compile(r"(\w+);dur=(\d+\.\d+)")


async def test_timing(observe: Observe) -> None:
    """An answer says how long it took, and what of it was whose."""
    observed = await observe(server_timing=True)
    await observed.client.post("/teams/", json={"name": "Red"})
    answer = await observed.client.get("/teams/?limit=5")
    found = {name: float(value) for name, value in ENTRY.findall(answer.headers["server-timing"])}
    assert list(found) == ["total", "pool", "db", "encode"]
    assert 0 < found["db"] <= found["total"]
    assert found["pool"] + found["db"] + found["encode"] <= found["total"] + 0.02


async def test_timing_of_an_error(observe: Observe) -> None:
    """Answers to errors have it as well."""
    observed = await observe(server_timing=True)
    answer = await observed.client.get("/nowhere")
    assert "total;dur=" in answer.headers["server-timing"]


async def test_no_timing_by_default(observe: Observe) -> None:
    """Clients are not told unless that is switched on."""
    observed = await observe(log_requests=True)
    assert "server-timing" not in (await observed.client.get("/teams/")).headers
