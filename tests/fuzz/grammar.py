"""Requests nobody should send: to every route, by a seed, as the bytes of a connection.

Most begin as a request that is well formed, and often as one that is welcome: signed in, with our own page's
token, the payload of a provider. Parts of it are then wild, and in every third case the bytes are damaged.
"""

import json
import random
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote_from_bytes

import gateway
from gateway.people.roles import Role
from tests.fuzz.folder import Folder, Session, source_of
from tests.fuzz.served import CANARIES
from tests.pages.access import ROWS
from tests.providers import runner
from tests.providers.runner import TABLES

PACKAGE: Final = Path(gateway.__file__).parent
CRLF: Final = b"\r\n"


@dataclass(frozen=True)
class Case:
    """What is sent. `whole`: it is one well-formed request, so that an answer is due. `inner`: to the control
    socket."""

    seed: int
    sent: bytes
    whole: bool
    inner: bool = False


def _words() -> list[str]:
    """What our own code calls things: names of fields, words of forms, reasons."""
    found: set[str] = set()
    for path in sorted([*PACKAGE.glob("**/*.py"), *PACKAGE.glob("pages/templates/*.html")]):
        found.update(re.findall(r"[\"']([a-z][a-z_-]{1,20})[\"']", path.read_text("utf-8")))
    return sorted(found)


WORDS: Final = _words()
#: Values that have broken something somewhere, as bytes of a form, a path or a header.
WILD: Final = [
    *(canary.encode() for canary in CANARIES),
    b"", b"0", b"-1", b"1e999", b"NaN", b"null", b"true", b"[]", b"{}", b"9" * 19, b"9" * 5000, b"\0",
    b"A\0B", b"\xff\xfe", b"\xed\xa0\x80", b"\xef\xbb\xbf", "投票".encode(),
    "１３８７７７６６６５５".encode(), "٣".encode(), "😀".encode(),
    b"..", b"../../etc/passwd", b"%00", b"%", b"%zz", b"%ED%A0%80", b"%2e%2e", b"*", b"a" * 300, b"a" * 9000,
    b"' OR 1=1 --", b"<script>", b"{{7*7}}", b"${x}", b"%s%n", b"=1+1", b"\x1b[31m", b"A01",
    b"A01 B02", b"+8613877766655",
    b"2026-11-26T00:00:00Z", b"n1/1", b"1-1", b"1", b"beita-2018", b"n1", b"7Q4K-9XWM-2T0R", b"a,b,c",
    b"\r\n",
]  # fmt: skip
TYPES: Final = [
    b"application/json", b"application/json; charset=bogus", b"application/x-www-form-urlencoded",
    b"application/x-www-form-urlencoded; charset=utf-7", b"multipart/form-data",
    b"multipart/form-data; boundary=x",
    b"multipart/form-data; boundary=" + b"x" * 200, b"text/plain", b"text/plain; charset=\xff",
    b"", b";", b"/", b"a/b; c=\"",
]  # fmt: skip
HEADERS: Final = {
    b"Accept": [b"text/html", b"application/json", b"text/event-stream", b"*/*;q=x", b""],
    b"Accept-Language": [b"zh", b"en;q=0.1,zh;q=9", b"x" * 400, b",,,;;q=", b"\xff", b"*"],
    b"Authorization": [b"Bearer x", b"Basic =", b"Basic \xff", b"Bearer", b"", b"SDK-HMAC-SHA256 Access="],
    b"Connection": [b"close", b"keep-alive", b"upgrade", b"close, upgrade", b"x"],
    b"Content-Encoding": [b"gzip", b"identity", b"bogus", b"br, gzip", b""],
    b"Cookie": [
        b"televote-plain",
        b"televote-plain=\xff",
        b"a=b; " * 300,
        b'televote-plain="x',
        b"=",
        b"\x01=1",
    ],
    b"Expect": [b"100-continue", b"200-ok", b""],
    b"Forwarded": [b'for="_x";proto=https'],
    b"If-Modified-Since": [b"never", b"Thu, 32 Foo 9999 99:99:99 GMT"],
    b"If-None-Match": [b"*", b'"x', b"W/"],
    b"Origin": [b"null", b"http://[", b"https://evil.example", b""],
    b"Range": [b"bytes=0-", b"bytes=9-1", b"bytes=" + b"0-1," * 99, b"x"],
    b"Referer": [b"http://[", b"\xff", b"/"],
    b"Sec-Fetch-Site": [b"cross-site", b"x", b"same-origin"],
    b"Upgrade": [b"websocket", b"h2c"],
    b"User-Agent": [b"", b"\xff" * 50, b"x" * 3000],
    b"X-CSRF-Token": [b"\xc3\xa9", b"0" * 64],
    b"X-Forwarded-For": [b"1.2.3.4", b"::ffff:1.2.3.4", b"x, y", b"1.2.3.4, " * 200],
    b"X-Forwarded-Proto": [b"https", b"\xff"],
}
_ROUTES: Final = [row.split() for row in ROWS]
_METHODS: Final = [
    "GET",
    "POST",
    "HEAD",
    "PUT",
    "DELETE",
    "OPTIONS",
    "PATCH",
    "TRACE",
    "CONNECT",
    "get",
    "FOO",
]


class Grammar:
    """Makes the cases for one server."""

    def __init__(self, folder: Folder, host: str) -> None:
        self._folder, self._host = folder, host.encode()

    def case(self, seed: int) -> Case:
        """The case of a seed."""
        return _Draw(self._folder, self._host, seed).case()


class _Draw:
    """One case being drawn."""

    def __init__(self, folder: Folder, host: bytes, seed: int) -> None:
        self.folder, self.host, self.seed, self.rng = folder, host, seed, random.Random(seed)

    def case(self) -> Case:
        inner = self.often(0.04)
        if inner:
            sent = self.to_the_socket()
        elif self.often(0.4):
            sent = self.to_a_source()
        else:
            sent = self.to_a_page()
        if self.often(0.35):
            return Case(self.seed, self.damaged(sent), whole=False, inner=inner)
        return Case(self.seed, sent, whole=self.tidy, inner=inner)

    # ---- whole requests

    def to_a_source(self) -> bytes:
        """What a provider sends, or what looks like it."""
        rng, kind = self.rng, self.rng.choice(list(TABLES))
        table = TABLES[kind]
        if self.often(0.1):
            name, token = "sim", self.folder.sources["sim"]
        else:
            name, token = source_of(kind), self.folder.sources[source_of(kind)]
        match rng.randrange(4):
            case 0:
                request = rng.choice(table.rows).request
            case 1:
                request = table.sign(table.carry(runner.well_said(table)))
            case 2:
                request = table.carry(rng.choice(runner.killers(table)).payload)
            case _:
                request = table.carry(self.body(table.syntax.encode()))
        path = self.segment(name.encode()) + (b"/" + self.segment(token.encode()) if token else b"")
        query = request.target.partition("?")[2].encode("utf-8", "surrogateescape")
        query = re.sub(rb"[^!-~]", lambda found: quote_from_bytes(found[0]).encode(), query)
        headers = {
            header.encode(): value.encode("utf-8", "replace") for header, value in request.headers.items()
        }
        target = b"/in/" + path + (b"?" + query if query else b"")
        return self.request(self.method(request.method), target, headers, request.body)

    def to_a_page(self) -> bytes:
        """What somebody's browser sends, or what looks like it."""
        method, path = self.rng.choice([row for row in _ROUTES if ROWS[" ".join(row)] != "owner"])
        access = ROWS[f"{method} {path}"]
        headers: dict[bytes, bytes] = {}
        session = self.somebody(access)
        if session is not None:
            headers[b"Cookie"] = f"televote-plain={session.token}; televote-plain-browser=a-browser".encode()
            token = session.csrf if access != "public" else cookies_csrf("a-browser")
            headers[b"X-CSRF-Token"] = token.encode()
            headers[b"Origin"] = b"http://" + self.host
        if access == "token" and self.often(0.8):
            headers[b"Authorization"] = b"Bearer " + self.folder.api_token.encode()
        if self.often(0.5):
            headers[b"Accept"] = b"application/json"
        target = self.filled(path) + (b"?" + self.form() if self.often(0.4) else b"")
        body = b""
        if method == "POST":
            kind = self.rng.choice([b"form", b"form", b"json", b"multipart", b"wild"])
            body = self.body(kind)
            headers[b"Content-Type"] = {
                b"form": b"application/x-www-form-urlencoded",
                b"multipart": b"multipart/form-data; boundary=x",
            }.get(kind, b"application/json")
        return self.request(self.method(method), target, headers, body)

    def to_the_socket(self) -> bytes:
        """What a command sends, or what looks like it; but nothing that would end the campaign."""
        method, path = self.rng.choice([row for row in _ROUTES if ROWS[" ".join(row)] == "owner"])
        body = self.body(self.rng.choice([b"json", b"wild"])).replace(b"beita-2018", b"beita-2017")
        return self.request(self.method(method), path.encode(), {}, body)

    def request(self, method: str, target: bytes, headers: dict[bytes, bytes], body: bytes) -> bytes:
        """The bytes. Sets `tidy`: whether they can only be read as one request."""
        rng = self.rng
        lines = {b"Host": self.host, **headers, b"Connection": b"close"}
        if self.often(0.25):
            lines[b"Content-Type"] = rng.choice(TYPES)
        for name in rng.sample(list(HEADERS), rng.choice([0, 0, 1, 2, 4])):
            lines[name] = rng.choice(HEADERS[name])
        chunked = bool(body) and self.often(0.2)
        if chunked:
            lines[b"Transfer-Encoding"] = b"chunked"
            body = _chunked(body, rng)
        elif body or method == "POST":
            lines[b"Content-Length"] = str(len(body)).encode()
        target = re.sub(rb"[\0-\x20\x7f]", lambda found: quote_from_bytes(found[0]).encode(), target)
        self.tidy = lines[b"Connection"] == b"close" and b"Upgrade" not in lines and method.isalpha()
        self.tidy &= method != "CONNECT" and lines.get(b"Expect", b"100-continue") == b"100-continue"
        head = b"".join(name + b": " + value + CRLF for name, value in lines.items())
        return method.encode() + b" " + target + b" HTTP/1.1" + CRLF + head + CRLF + body

    # ---- parts

    def often(self, share: float) -> bool:
        return self.rng.random() < share

    def method(self, right: str) -> str:
        return right if self.often(0.93) and right else self.rng.choice(_METHODS)

    def wild(self) -> bytes:
        return self.rng.choice(WILD) if self.often(0.8) else self.rng.randbytes(self.rng.randrange(40))

    def segment(self, right: bytes) -> bytes:
        """A part of a path, right or wild."""
        if self.often(0.85):
            return right
        wild = self.wild()[:3000]
        return quote_from_bytes(wild).encode() if self.often(0.7) else re.sub(rb"[\0-\x20]", b"", wild)

    def filled(self, path: str) -> bytes:
        return re.sub(rb"\{(\w+)\}", lambda found: self.segment(self.known(found[1].decode())), path.encode())

    def known(self, name: str) -> bytes:
        """What there is of that name."""
        there: Mapping[str, Callable[[], str]] = {
            "id": lambda: "beita-2018",
            "campaign": lambda: "beita-2018",
            "node": lambda: "n1",
            "login": lambda: f"{self.rng.choice(list(Role))}-{self.rng.randrange(4)}",
            "entry": lambda: str(self.rng.randrange(9)),
            "tile": lambda: self.rng.choice(["entries/000", "0/000", "0/000.p/1", "0/x001/000", "-1/0"]),
            "file": lambda: self.rng.choice(["staff.css", "page.css", "results.csv", "x"]),
        }
        return there[name]().encode() if name in there else self.rng.choice(WORDS).encode()

    def somebody(self, access: str) -> Session | None:
        """Whoever may, mostly."""
        if self.often(0.1):
            return None
        role = access if access in list(Role) and self.often(0.95) else self.rng.choice(list(Role))
        return self.rng.choice([one for one in self.folder.sessions if one.role == role])

    def value(self) -> bytes:
        return self.wild() if self.often(0.6) else self.rng.choice(WORDS).encode()

    def form(self) -> bytes:
        pairs = [(self.rng.choice(WORDS), self.value()) for _ in range(self.rng.choice([1, 3, 8, 20]))]
        quote = quote_from_bytes if self.often(0.8) else bytes.decode
        try:
            return "&".join(f"{name}={quote(value)}" for name, value in pairs).encode()
        except UnicodeDecodeError:
            return b"&".join(name.encode() + b"=" + value for name, value in pairs)

    def json(self, depth: int = 0) -> object:
        match self.rng.randrange(6 if depth < 3 else 3):
            case 0:
                return self.value().decode("utf-8", "replace")
            case 1:
                return self.rng.choice([None, True, 0, -1, 2**63, 1.5, "", [], {}])
            case 2:
                return self.rng.choice(WORDS)
            case 3:
                return [self.json(depth + 1) for _ in range(self.rng.randrange(4))]
            case _:
                size = self.rng.randrange(8)
                return {self.rng.choice(WORDS): self.json(depth + 1) for _ in range(size)}

    def multipart(self) -> bytes:
        parts = []
        for _ in range(self.rng.randrange(5)):
            file = (
                b'; filename="' + self.rng.choice([b"a.csv", b"\xff", b""]) + b'"' if self.often(0.4) else b""
            )
            name = self.rng.choice([self.rng.choice(WORDS).encode(), self.wild()[:100]])
            odd = self.rng.choice(
                [b"", b"", b"Content-Transfer-Encoding: base64\r\n", b"Content-Encoding: gzip\r\n"]
            )
            parts.append(
                b'--x\r\nContent-Disposition: form-data; name="' + name + b'"' + file + CRLF + odd + CRLF
                + self.value() + CRLF
            )  # fmt: skip
        return b"".join(parts) + (b"--x--\r\n" if self.often(0.8) else b"")

    def body(self, kind: bytes) -> bytes:
        match kind:
            case b"form" | b"hex":
                return self.form()
            case b"json":
                return json.dumps(self.json(), ensure_ascii=self.often(0.5)).encode("utf-8", "replace")
            case b"multipart":
                return self.multipart()
            case _:
                return self.wild() + self.rng.choice([b"", b"[" * 20_000, b"a=1&" * 2000, b"x" * 70_000])

    def damaged(self, sent: bytes) -> bytes:
        """The bytes, with some of them changed, lost, doubled or moved; the head more than the body."""
        rng = self.rng
        for _ in range(rng.choice([1, 1, 2, 5])):
            end = sent.find(b"\r\n\r\n") + 4 if self.often(0.7) else len(sent)
            at = rng.randrange(min(max(end, 1), len(sent)))
            to = min(at + rng.choice([1, 1, 4, 40]), len(sent))
            match rng.randrange(6):
                case 0:
                    sent = sent[:at] + bytes([sent[at] ^ 1 << rng.randrange(8)]) + sent[at + 1 :]
                case 1:
                    sent = sent[:at] + sent[to:]
                case 2:
                    sent = sent[:to] + sent[at:]
                case 3:
                    sent = sent[:at] + rng.choice([b"\r\n", b"\n", b"\0", b" ", b":", b"\xff"]) + sent[at:]
                case 4:
                    sent = sent[:at] + self.wild()[:9000] + sent[to:]
                case _:
                    sent = sent[:at] if self.often(0.2) else sent + sent[at:to]
            if not sent:
                return b"\r"
        return sent


def cookies_csrf(browser: str) -> str:
    """The token of pages that are for everybody."""
    return Session(Role.OBSERVER, "", browser).csrf


def _chunked(body: bytes, rng: random.Random) -> bytes:
    step = max(1, len(body) // rng.choice([1, 2, 9]))
    pieces = [body[at : at + step] for at in range(0, len(body), step)]
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
