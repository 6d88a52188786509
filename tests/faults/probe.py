"""Asks one path again and again, in a process that does nothing else; prints how long it took.

Arguments: port, path, seconds. Prints the p99 and the longest, in milliseconds, and how many
answers were not 200.
"""

import asyncio
import http.client
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]


async def probe(port: int, path: str, lasting_s: float) -> tuple[float, float, int]:
    """Run this in a process; returns the p99 and the longest in ms, and how many were not 200."""
    arguments = ["-m", "tests.faults.probe", str(port), path, str(lasting_s)]
    process = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate()
    p99, longest, bad = output.split()
    return float(p99), float(longest), int(bad)


def main() -> None:
    port, path, lasting_s = int(sys.argv[1]), sys.argv[2], float(sys.argv[3])
    end, took_ms, bad = time.monotonic() + lasting_s, [], 0
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    while time.monotonic() < end:
        begun = time.monotonic()
        client.request("GET", path)
        answer = client.getresponse()
        answer.read()
        took_ms.append((time.monotonic() - begun) * 1000)
        bad += answer.status != 200
        time.sleep(0.01)
    took_ms.sort()
    p99 = took_ms[int(len(took_ms) * 0.99)]
    sys.stdout.write(f"{p99:.3f} {took_ms[-1]:.3f} {bad}\n")


if __name__ == "__main__":
    main()
