"""The address that a server listens on."""

from __future__ import annotations

import errno
import socket
from ipaddress import ip_address

from ..errors import ConfigurationError


def is_loopback(host: str) -> bool:
    """Return whether an address can be reached from this machine only."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def loopback_names(host: str) -> list[str]:
    """Return the names that resolve to a loopback address (RFC 6761, section 6.3)."""
    own = f"[{host}]" if ":" in host else host
    return list(dict.fromkeys(("localhost", "*.localhost", "127.0.0.1", "[::1]", own)))


def find_port(host: str, port: int) -> int:
    """Check that a port is free, or choose one for port 0.

    Raises:
        ConfigurationError: The port is taken, or the address is not this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as exc:
            option = "--port" if exc.errno in (errno.EADDRINUSE, errno.EACCES) else "--host"
            raise ConfigurationError(
                f"Can't listen on {host}:{port}: {exc.strerror}; choose another with {option}"
            ) from None
        chosen: int = probe.getsockname()[1]
        return chosen
