"""Options of `curl` that the documentation uses, so that no test needs curl."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus

import httpx2

_PARSER = argparse.ArgumentParser("curl", exit_on_error=False, allow_abbrev=False)
_PARSER.add_argument("url")
_PARSER.add_argument("-i", "--include", action="store_true")
_PARSER.add_argument("-I", "--head", action="store_true")
_PARSER.add_argument("-X", "--request")
_PARSER.add_argument("-H", "--header", action="append", default=[])
_PARSER.add_argument("--json")
_PARSER.add_argument("-d", "--data", action="append", default=[])


@dataclass(frozen=True, slots=True)
class Answer:
    """Response, and whether the command shows its status and headers."""

    status: str
    headers: dict[str, str]
    body: str
    with_headers: bool


def curl(arguments: Sequence[str]) -> Answer:
    """Send one request as `curl` would.

    Args:
        arguments: The words after `curl`; an option that the documentation has no use for fails.

    Returns:
        The answer.
    """
    options = _PARSER.parse_args(arguments)
    assert not set("[]{}") & set(options.url), "curl would expand the brackets in the URL"
    headers = dict(header.split(": ", 1) for header in options.header)
    method = options.request or ("HEAD" if options.head else "GET")
    if options.json is not None:
        headers = {"Content-Type": "application/json", "Accept": "application/json", **headers}
        method = options.request or "POST"
    if options.data:
        headers = {"Content-Type": "application/x-www-form-urlencoded", **headers}
        method = options.request or "POST"
    body = "&".join(options.data) or options.json
    response = httpx2.request(method, options.url, headers=headers, content=body, timeout=20)
    phrase = HTTPStatus(response.status_code).phrase
    return Answer(
        f"HTTP/1.1 {response.status_code} {phrase}",
        {name.lower(): value for name, value in response.headers.items()},
        response.text,
        options.include or options.head,
    )
