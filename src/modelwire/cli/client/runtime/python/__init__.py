"""What clients in Python are made of. None of it is imported here: httpx need not be installed."""
