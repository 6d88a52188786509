"""modelwire with everything that observes switched on, and its log as JSON lines."""

import os

os.environ |= {
    "MODELWIRE_LOG_REQUESTS": "true",
    "MODELWIRE_LOG_FORMAT": "json",
    "MODELWIRE_SERVER_TIMING": "true",
    "MODELWIRE_METRICS": "true",
}

from .modelwire import app

__all__ = ["app"]
