"""Two nodes in processes behind a balancer with the shipped files, and senders who keep a record."""

import asyncio
import base64
import hmac
import json
import os
import random
import ssl
import subprocess
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from signal import SIGKILL, SIGTERM, Signals
from typing import NamedTuple

from aiohttp import ClientError, ClientSession, ClientTimeout, TCPConnector
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from config import load
from gateway import setup
from gateway.checking import audit
from tests.conftest import House
from tests.gateway.test_process import Running
from tests.nodes.test_nodes import house_of
from tests.postgres import Server, free_port

CAMPAIGN = "beita-2018"
HOST = "vote.example.org"
SENDERS = 300
#: So many votes more are taken before a node goes down, and while it is down.
VOTES = 300
_FILES = Path(__file__).parents[2] / "deploy"
_SECONDS = ClientTimeout(total=20)
_NGINX = """\
daemon off;
{user}pid {folder}/nginx.pid;
error_log {folder}/nginx.log;
events {{ worker_connections 2048; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/televote.conf;
}}
"""


@dataclass
class Node(Running):
    """A node: its process, at a port that it keeps."""

    port: int = 0

    async def ready(self, session: ClientSession) -> None:
        """Until it takes votes."""
        async with asyncio.timeout(30):
            while True:
                async with session.get(f"http://127.0.0.1:{self.port}/readyz") as response:
                    if response.status == 200:
                        return
                await asyncio.sleep(0.05)


def open_now(folder: Path, postgres: Server) -> House:
    """A house with a campaign that is open now, and a fresh database."""
    now = datetime.now(UTC)
    setup.write(folder, setup.Dates(now - timedelta(hours=1), now + timedelta(hours=1)), "127.0.0.1:0")
    house = House(folder)
    house.move_to(postgres.url(postgres.fresh()))
    return house


def two(folder: Path, postgres: Server) -> list[Node]:
    """Two machines' nodes, n1 and n2, not started yet."""
    house, nodes = open_now(folder / "both", postgres), []
    for name in ("n1", "n2"):
        own, port = house_of(house, name), free_port()
        own.edit(own.settings, "127.0.0.1:0", f"127.0.0.1:{port}")
        own.edit(own.settings, "listen =", 'trusted_proxies = ["127.0.0.1"]\nlisten =')
        nodes.append(Node(own.folder, port=port))
    return nodes


def _certificate(folder: Path) -> ssl.SSLContext:
    """Certificate and key, as both balancers want them; returns who trusts it."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    made = x509.CertificateBuilder(name, name, key.public_key(), 1, now - timedelta(1), now + timedelta(1))
    signed = made.add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False).sign(
        key, hashes.SHA256()
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    for file, content in (
        ("fullchain.pem", signed.public_bytes(pem)),
        ("privkey.pem", private),
        ("both.pem", signed.public_bytes(pem) + private),
    ):
        (folder / file).write_bytes(content)
    return ssl.create_default_context(cafile=str(folder / "fullchain.pem"))


def _put(text: str, *changes: tuple[str, str]) -> str:
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    return text


def _nginx(folder: Path, nodes: Sequence[Node], ports: Sequence[int]) -> list[str]:
    first, second = (node.port for node in nodes)
    text = _put(
        (_FILES / "nginx.conf").read_text("utf-8"),
        ("#n2 ", ""),
        ("127.0.0.1:8080", f"127.0.0.1:{first}"),
        ("192.0.2.12:8080", f"127.0.0.1:{second}"),
        ("listen 443 ", f"listen 127.0.0.1:{ports[0]} "),
        ("listen 80;", f"listen 127.0.0.1:{ports[1]};"),
        ("/etc/ssl/televote/", f"{folder}/"),
    )
    (folder / "televote.conf").write_text(text, "utf-8")
    user = "user root;\n" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(_NGINX.format(folder=folder, user=user), "utf-8")
    return ["nginx", "-p", str(folder), "-c", str(folder / "nginx.conf")]


def _haproxy(folder: Path, nodes: Sequence[Node], ports: Sequence[int]) -> list[str]:
    first, second = (node.port for node in nodes)
    text = _put(
        (_FILES / "haproxy.cfg").read_text("utf-8"),
        ("192.0.2.11:8080", f"127.0.0.1:{first}"),
        ("192.0.2.12:8080", f"127.0.0.1:{second}"),
        ("bind :443 ", f"bind 127.0.0.1:{ports[0]} "),
        ("bind :80\n", f"bind 127.0.0.1:{ports[1]}\n"),
        ("/etc/ssl/televote/", f"{folder}/"),
    )
    (folder / "haproxy.cfg").write_text(text, "utf-8")
    return ["haproxy", "-db", "-f", str(folder / "haproxy.cfg")]


BALANCERS = {"nginx": _nginx, "haproxy": _haproxy}


@dataclass
class Balancer:
    """A balancer that runs: where it listens with TLS and without, and how it is trusted."""

    port: int
    plain: int
    trusts: ssl.SSLContext

    def session(self) -> ClientSession:
        """Whoever speaks to it, a connection for each."""
        connector = TCPConnector(limit=0, ssl=self.trusts)
        return ClientSession(f"https://127.0.0.1:{self.port}", connector=connector, timeout=_SECONDS)


@contextmanager
def balancing(name: str, folder: Path, nodes: Sequence[Node]) -> Iterator[Balancer]:
    """nginx or HAProxy with our file, of which only addresses and paths are changed."""
    folder.mkdir()
    ports = [free_port(), free_port()]
    trusts = _certificate(folder)
    with (folder / "said").open("wb") as said:
        process = subprocess.Popen(BALANCERS[name](folder, nodes, ports), stdout=said, stderr=said)
    try:
        yield Balancer(*ports, trusts)
    finally:
        process.terminate()
        process.wait(20)


@dataclass
class Senders:
    """A provider's senders: each sends one message after the other, and each of these until it is taken.

    `tried`, `acknowledged` and `callers` are their own record; `ended` is how often what came of a request.
    """

    secret: bytes
    rng: random.Random
    tried: set[str] = field(default_factory=set)
    acknowledged: set[str] = field(default_factory=set)
    callers: set[str] = field(default_factory=set)
    ended: Counter[str] = field(default_factory=Counter)
    enough: asyncio.Event = field(default_factory=asyncio.Event)
    _numbers: Iterator[int] = field(default_factory=count)

    async def send(self, session: ClientSession) -> None:
        """One sender's, until `enough`. A fifth of the callers call again, and some answers get lost."""
        while not self.enough.is_set():
            number = next(self._numbers)
            name, caller = f"m{number}", f"138{number if number % 5 else number // 5:08d}"
            self.tried.add(name)
            self.callers.add(caller)
            body = json.dumps(
                {
                    "type": "vote.received",
                    "timestamp": datetime.now(UTC).isoformat(),
                    "data": {"from": caller, "text": f"A{number % 11 + 1:02d}"},
                }
            ).encode()
            for _ in range(2 if self.rng.random() < 0.05 else 1):
                while not await self._taken(session, name, body):  # noqa: ASYNC110 -- as providers do
                    await asyncio.sleep(self.rng.uniform(0.1, 0.4))
            await asyncio.sleep(self.rng.uniform(0.0, 0.5))

    async def until_taken(self, more: int) -> None:
        """Until so many more are acknowledged."""
        before = len(self.acknowledged)
        await until(lambda: len(self.acknowledged) >= before + more)

    async def _taken(self, session: ClientSession, name: str, body: bytes) -> bool:
        at = int(time.time())
        signature = base64.b64encode(hmac.digest(self.secret, f"{name}.{at}.".encode() + body, "sha256"))
        headers = {
            "Host": HOST,
            "webhook-id": name,
            "webhook-timestamp": str(at),
            "webhook-signature": f"v1,{signature.decode()}",
        }
        try:
            async with session.post("/in/sms", data=body, headers=headers, server_hostname=HOST) as response:
                await response.read()
        except (ClientError, TimeoutError, OSError) as error:
            self.ended[type(error).__name__] += 1
            return False
        self.ended[str(response.status)] += 1
        if response.status == 503:
            assert response.headers["Retry-After"]
            return False
        assert 200 <= response.status < 300, response.status
        self.acknowledged.add(name)
        return True


async def until(holds: Callable[[], bool]) -> None:
    """Wait for it; the timeout is a watchdog, not a measure."""
    async with asyncio.timeout(60):
        while not holds():  # noqa: ASYNC110 -- it comes of what other processes do
            await asyncio.sleep(0.02)


class Played(NamedTuple):
    """What was played, with both nodes at work again."""

    balancer: Balancer
    nodes: Sequence[Node]
    sent: Senders


@asynccontextmanager
async def play(
    folder: Path, postgres: Server, name: str, outages: int, tell: Callable[[str], None] = lambda _: None
) -> AsyncIterator[Played]:
    """Senders at full speed, while nodes go down in turn, by SIGKILL and by SIGTERM, and return."""
    nodes = two(folder, postgres)
    secret = (nodes[0].folder / "secrets/sms.secret").read_text().strip().removeprefix("whsec_")
    sent = Senders(base64.b64decode(secret), random.Random(6))
    try:
        await asyncio.gather(*(node.start() for node in nodes))
        with balancing(name, folder / "balancer", nodes) as balancer:
            async with balancer.session() as session, asyncio.TaskGroup() as sending:
                for _ in range(SENDERS):
                    sending.create_task(sent.send(session))
                for number in range(outages):
                    await sent.until_taken(VOTES)
                    await _outage(nodes[number % 2], (SIGKILL, SIGTERM)[number % 2], sent, tell)
                await sent.until_taken(VOTES)
                sent.enough.set()
            yield Played(balancer, nodes, sent)
    finally:
        for node in nodes:
            if node.process is not None and node.process.returncode is None:
                await node.end(SIGKILL)


async def _outage(node: Node, how: Signals, sent: Senders, tell: Callable[[str], None]) -> None:
    """A node dies, or is stopped; the other one takes votes; it returns."""
    before = len(sent.acknowledged)
    assert await node.end(how) == (0 if how == SIGTERM else -SIGKILL)
    await sent.until_taken(VOTES)
    taken = len(sent.acknowledged) - before
    tell(f"{node.folder.name} got {how.name} after {before} messages; {taken} more were taken without it")
    await node.start()
    async with ClientSession() as asking:
        await node.ready(asking)
    tell(f"{node.folder.name} takes votes again")


async def examine(node: Node, sent: Senders) -> dict[str, int]:
    """The ledger of all nodes against the senders' own record; returns how many entries each log has."""
    found: Counter[str] = Counter()

    def see(chunk: audit.Chunk) -> None:
        found.update(one.opening.message_id for one in chunk.entries if one.opening is not None)

    async with audit.open_ledger(load.everything(node.folder / "televote.toml", {}), CAMPAIGN) as ledger:
        await audit.verify(ledger, lambda _: None)
        counted = await audit.recount(ledger, lambda _: None, see)
        sizes = {head.node: head.size for head in ledger.heads}
    assert counted.agrees, (counted.differences, counted.faults)
    assert not sent.acknowledged - found.keys(), "an acknowledged vote is missing"
    assert set(found.values()) == {1}, "a message is there twice"
    assert found.keys() <= sent.tried
    assert sent.acknowledged == sent.tried, "the senders have not given up"
    counts = counted.standings["balance"]["messages"]
    assert counts["received"] == len(sent.tried)
    assert counted.voters == counts["counted"] == len(sent.callers), "one vote a caller"
    return sizes
