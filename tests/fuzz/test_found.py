"""What random requests have found, kept: each was a 500, or stood in the log."""

import asyncio
import json
from pathlib import Path

from config.settings import Settings
from gateway.asking.calling import socket
from tests.fuzz.exchange import exchange, statuses
from tests.fuzz.folder import set_up
from tests.fuzz.grammar import Case
from tests.fuzz.served import watched

#: A part's head with a byte that no header may have, and one that is none: it stood in the log.
HEADS = (
    b'form-data; name="A\0B"',
    b'form-data; name="\xfa\x06"; filename="\xff"',
    b"fo: form-oding: base64",
)
#: To the control socket.
ASKED = [
    ("/close", b"2026-11-26T00:00:00Z"),
    ("/close", b"[]"),
    ("/close", b'{"campaign":"nobody","by":"x","reason":"x","now":true}'),
    ("/close", b'{"campaign":"\\ud800","by":"x","reason":"x","now":true}'),
    ("/take", b'{"source":"sim","messages":[{}]}'),
    ("/take", b'{"source":"nobody","messages":[]}'),
    ("/take", b"\xff"),
    ("/take", b"[" * 20_000),
    ("/erase", b'{"campaign":"beita-2018","number":{},"by":"x","reason":"x","now":false}'),
    ("/users", b'{"do":"fly"}'),
    ("/users", b'{"do":"add","login":"a"}'),
    ("/users", b"null"),
]


def _post(path: str, body: bytes, head: str = "", host: str = "x") -> Case:
    lines = f"POST {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{head}"
    return Case(0, f"{lines}Content-Length: {len(body)}\r\n\r\n".encode() + body, whole=True)


def test_what_was_found_is_refused(tmp_path: Path) -> None:
    folder = set_up(tmp_path / "var")
    control = str(socket(Settings(data=str(folder.path))))

    async def send() -> None:
        async with watched(folder) as (server, session):
            for path, body in ASKED:
                answer = await exchange(control, _post(path, body))
                assert statuses(answer)[0] in (400, 404), (path, body[:60], answer[:80])
                assert json.loads(answer.partition(b"\r\n\r\n")[2])["error"]
            for part in HEADS:
                body = b"--x\r\nContent-Disposition: " + part + b"\r\n\r\nx\r\n--x--\r\n"
                head = f"Origin: {server.url}\r\nContent-Type: multipart/form-data; boundary=x\r\n"
                case = _post("/signin", body, head, host=server.url.removeprefix("http://"))
                answer = await exchange(server.address, case)
                assert 400 <= statuses(answer)[0] < 500, answer[:80]
            for expected in (b"\xff200-ok", b"\xb100-coNtinue", b"200-ok"):
                for path in (b"/", b"/nowhere", b"/in/sim", b"/close"):
                    head = b"GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" % path
                    sent = head + b"Expect: %s\r\n\r\n" % expected
                    for address in (server.address, control):
                        answer = await exchange(address, Case(0, sent, whole=True))
                        assert 400 <= statuses(answer)[0] < 500, answer[:80]
            await server.still_counts(session)

    asyncio.run(send())
