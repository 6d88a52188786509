"""Runtime of clients in Python; nothing here imports it, since httpx need not be installed."""
