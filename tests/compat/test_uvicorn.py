"""Undocumented parts of uvicorn's protocol that modelwire uses."""

from __future__ import annotations

import asyncio
from typing import Any

import httptools
import pytest
from starlette.types import Receive, Scope, Send
from uvicorn import Config, Server
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState
from uvicorn.supervisors import Multiprocess
from uvicorn.supervisors.multiprocess import Process

from modelwire.compat.uvicorn import MAX_URL_BYTES, CycleProtocol

from .canary import missing_from, parameters_of, unwritten_in

METHODS = (
    "_start_asgi_task",
    "connection_made",
    "connection_lost",
    "data_received",
    "on_headers_complete",
    "on_message_begin",
    "send_400_response",
    "shutdown",
)
ATTRIBUTES = ("url", "headers", "cycle", "loop", "transport", "server_state")
OF_CYCLES = ("keep_alive", "transport", "disconnected", "response_started", "response_complete")


def test_protocol_and_cycle_have_their_parts() -> None:
    assert missing_from(HttpToolsProtocol, METHODS) == []
    assert unwritten_in(HttpToolsProtocol, ATTRIBUTES) == []
    assert unwritten_in(RequestResponseCycle, OF_CYCLES) == []
    assert parameters_of(HttpToolsProtocol._start_asgi_task)[1:] == ["cycle", "app"]


def test_length_of_urls_is_what_httptools_takes() -> None:
    httptools.parse_url(b"/".ljust(MAX_URL_BYTES, b"x"))
    with pytest.raises(httptools.HttpParserInvalidURLError):
        httptools.parse_url(b"/".ljust(MAX_URL_BYTES + 1, b"x"))


def test_supervisor_has_its_parts() -> None:
    assert missing_from(Multiprocess, ["terminate_all", "handle_term"]) == []
    assert (
        unwritten_in(Multiprocess, ["sockets", "terminate_all", "signal_queue", "processes"]) == []
    )
    assert parameters_of(Multiprocess) == ["config", "sockets"]
    assert missing_from(Process, ["is_alive", "is_ready", "kill"]) == []


def test_server_has_its_parts() -> None:
    assert unwritten_in(Server, ["handle_exit", "on_tick", "started"]) == []
    assert parameters_of(Server.on_tick)[1:] == ["counter"]


async def refuse(_scope: Scope, _receive: Receive, _send: Send) -> None:
    raise AssertionError


async def other(_scope: Scope, _receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"other"})


class Wrapping(CycleProtocol):
    def wrap(self, cycle: RequestResponseCycle, _app: Any) -> Any:
        assert cycle is self.cycle, "HttpToolsProtocol.cycle"
        return other


async def test_requests_are_given_to_what_wraps_the_application() -> None:
    config = Config(app=refuse, lifespan="off", log_config=None, ws="none")
    config.load()
    states = ServerState()
    loop = asyncio.get_running_loop()
    made: list[Wrapping] = []

    def make() -> Wrapping:
        made.append(Wrapping(config=config, server_state=states, app_state={}))
        return made[-1]

    server = await loop.create_server(make, "127.0.0.1", 0)
    async with server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(b"GET / HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n")
        async with asyncio.timeout(5):
            answer = await reader.read()
        writer.close()
        await writer.wait_closed()
    assert b"other" in answer, "HttpToolsProtocol._start_asgi_task"
    assert made[0].url == b"/", "HttpToolsProtocol.url"
    assert (b"host", b"test") in made[0].headers, "HttpToolsProtocol.headers"
    mark = made[0].find_mark("mark", object)
    later = Wrapping(config=config, server_state=states, app_state={})
    assert later.find_mark("mark", object) is mark, "ServerState"
