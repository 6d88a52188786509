"""Transcripts: requests, and below each, indented, what becomes of it.

A file consists of groups, each of which begins with empty tables::

    # Title of the group
    app: members

    given POST /tags/
    {"name": "old"}

    as ann GET /tags/1
    If-None-Match: "<row 1>"
      SELECT …
      304
      etag: "<row 1>"

Where statements are those of SQLAlchemy's ORM, `since: 2.1` below the title says with which version
they are compared.

What becomes of a request that is `given` is not told; it has to succeed. Lines that begin with the
name of a database are about that one alone. Values that are new each time have names by the order
in which they appear, such as `<row 1>` for the half of a tag that is about the row, and the name
stands for the value in a later request. What the status and the code of a problem say already is
left out.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from functools import partial
from http import HTTPStatus
from pathlib import Path
from time import time
from uuid import UUID

import httpx2

from tests.lanes import DIALECTS

FOLDER = Path(__file__).parent

INDENT = "  "

LONGEST, KEPT = 360, 130
"""Characters after which a statement is told without its middle, and those at either end."""

LEFT_OUT = {"content-length", "x-request-id"}
"""Headers that are not told."""

NEW = {
    "now": r"\b2(?!02[0-5]|01\d|00\d)\d\d\d-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|\+00:00)?",
    "time": r"\b\d{10}\.\d+",
    "uuid": r"\b[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}\b",
    "row": r'(?<=")[0-9a-f]{18}\b',
    "shown": r"(?<=-)[0-9a-f]{18}\b",
    "cursor": r'(?<="next":")[^"]+|(?<="previous":")[^"]+|(?<=cursor=)[\w-]{20,}',
    "change": (
        r'(?<="number":)\d+(?=,"at")|(?<="next":)\d+|(?<=change-number: )\d+'
        r"|(?<=Changes before )\d+"
        r"|(?<=_changes\.number [<>] )\d{1,12}\b|(?<=_changes\.number [<>]= )\d{1,12}\b"
    ),
}
"""Values that are new each time, by the names that they get."""


@dataclass(frozen=True)
class Exchange:
    """A request, and what is told below it.

    Args:
        request: Its lines.
        told: The lines below, without the indent.
    """

    request: Sequence[str]
    told: Sequence[str]

    @property
    def is_given(self) -> bool:
        return self.request[0].startswith("given ")

    def told_on(self, dialect: str) -> list[str]:
        """Return what is told about a database."""
        return [_split(line)[1] for line in self.told if _split(line)[0] in ("", dialect)]


@dataclass
class Group:
    """Exchanges that follow each other, from empty tables on."""

    title: str
    head: Sequence[str]
    exchanges: list[Exchange] = field(default_factory=list)

    @property
    def app(self) -> str:
        """The name of the application that is asked."""
        return self._told("app", "library")

    @property
    def since(self) -> str:
        """The version of SQLAlchemy with which statements are as they are told."""
        return self._told("since", "0")

    def _told(self, name: str, otherwise: str) -> str:
        lines = (line.partition(": ") for line in self.head)
        return next((text for key, _, text in lines if key == name), otherwise)


def read(path: Path) -> list[Group]:
    """Read a file of transcripts."""
    groups: list[Group] = []
    for block in path.read_text().strip().split("\n\n"):
        lines = block.splitlines()
        if lines[0].startswith("# "):
            groups.append(Group(lines[0][2:], lines))
        else:
            request = [line for line in lines if not line.startswith(INDENT)]
            told = [line[len(INDENT) :] for line in lines[len(request) :]]
            groups[-1].exchanges.append(Exchange(request, told))
    return groups


def merge(told: Sequence[Sequence[str]]) -> Iterator[str]:
    """Put together what is told about each database."""
    first, second = told
    for same, a, b, c, d in SequenceMatcher(None, first, second, autojunk=False).get_opcodes():
        if same == "equal":
            yield from first[a:b]
        else:
            yield from (f"{DIALECTS[0]}: {line}" for line in first[a:b])
            yield from (f"{DIALECTS[1]}: {line}" for line in second[c:d])


def _split(line: str) -> tuple[str, str]:
    for dialect in DIALECTS:
        if line.startswith(f"{dialect}: "):
            return dialect, line.removeprefix(f"{dialect}: ")
    return "", line


class Names:
    """Names of values that are new each time, in the order in which they appear."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._count: defaultdict[str, int] = defaultdict(int)

    def name(self, line: str) -> str:
        """Put names into a line."""
        for kind, pattern in NEW.items():
            line = re.sub(pattern, partial(self._find, kind), line)
        return line

    def _find(self, kind: str, found: re.Match[str]) -> str:
        value = found[0]
        if kind == "now":
            return "<now>"
        if kind == "time":
            return f"<now+{round((float(value) - time()) / 60) * 60}s>"
        if kind == "uuid":
            value = str(UUID(value))
        if value not in self._names:
            self._count[kind] += 1
            self._names[value] = f"<{kind} {self._count[kind]}>"
        return self._names[value]

    def fill(self, line: str) -> str:
        """Put values in the place of names, and repeat what stands as `<x*3000>`."""
        for value, name in self._names.items():
            line = line.replace(name, value)
        return re.sub(r"<(.)\*(\d+)>", lambda found: found[1] * int(found[2]), line)


async def send(client: httpx2.AsyncClient, exchange: Exchange, names: Names) -> httpx2.Response:
    """Send a request of a transcript."""
    first, *rest = map(names.fill, exchange.request)
    words = first.removeprefix("given ").split(" ")
    headers = {}
    if words[0] == "as":
        headers["Authorization"] = f"Bearer {words[1]}"
        words = words[2:]
    method, url = words
    while rest and (header := re.match(r"([A-Z][A-Za-z-]+): (.*)", rest[0])):
        headers[header[1]] = header[2]
        rest = rest[1:]
    body = "\n".join(rest).encode()
    if body:
        headers.setdefault("Content-Type", "application/json")
    return await client.request(method, url, headers=headers, content=body or None)


def cut(line: str) -> str:
    """Leave out the middle of a long statement."""
    return line if len(line) <= LONGEST else f"{line[:KEPT]} … {line[-KEPT:]}"


def tell_response(response: httpx2.Response) -> Iterator[str]:
    """Tell the status, the headers that matter, and the body."""
    yield str(response.status_code)
    usual = "application/problem+json" if response.is_error else "application/json"
    for name, value in sorted(response.headers.multi_items()):
        if name not in LEFT_OUT and value != usual:
            yield f"{name}: {value}"
    yield from re.sub(PROBLEM, _shorten, response.text).splitlines()


def _shorten(found: re.Match[str]) -> str:
    """Leave out of a problem what its status and code say."""
    status = int(found["status"])
    is_usual = found["title"] == TITLES.get(status, HTTPStatus(status).phrase)
    return found["rest"] if is_usual else found[0]


TITLES = {413: "Content Too Large", 414: "URI Too Long", 422: "Unprocessable Content"}
"""Phrases of RFC 9110 that Python has other ones for before version 3.13."""


PROBLEM = (
    r'"type": "urn:modelwire:(?P<code>\w+)", "title": "(?P<title>[^"]*)", '
    r'"status": (?P<status>\d+), (?P<rest>"code": "(?P=code)")'
)
