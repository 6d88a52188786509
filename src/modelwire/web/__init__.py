"""FastAPI adapter: routes, session dependencies, errors, health, docs."""
