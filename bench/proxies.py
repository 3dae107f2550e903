"""nginx and HAProxy before a server, with the files we ship, but without TLS and on ports of their own."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, NamedTuple

_DEPLOYED: Final = Path(__file__).resolve().parents[1] / "deploy"
_START_SECONDS: Final = 20.0
#: Daemons are in a folder that is on the path of few who are not root.
_PATH: Final = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"))
#: What surrounds ours on a Debian machine, with a folder of its own and connections for a storm.
_NGINX: Final = """\
daemon off;
master_process off;
{user}pid {folder}/nginx.pid;
error_log {folder}/error.log error;
worker_rlimit_nofile 20000;
events {{ worker_connections 10000; }}
http {{
    access_log off;
    {settings}
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    {deployed}
}}
"""


class DidNotStart(RuntimeError):
    """A proxy ended, or does not listen; the message is what it said."""


class Proxy(NamedTuple):
    """Where a proxy listens."""

    host: str
    port: int


class _Place(NamedTuple):
    folder: Path
    server: int
    port: int
    settings: str
    under_way: int


def available() -> list[str]:
    """The proxies that are installed here, by name."""
    return [name for name in _COMMANDS if shutil.which(name, path=_PATH)]


@contextmanager
def started(
    name: str, folder: Path, port: int, settings: str = "", under_way: int = 16_000
) -> Iterator[Proxy]:
    """A proxy before the server at 127.0.0.1:`port`, with its files in a new `folder`.

    `settings` are nginx's own, for its http block; so many votes may be `under_way`. Raises `DidNotStart`.
    """
    folder.mkdir()
    own, log = _free_port(), folder / "said"
    command = _COMMANDS[name](_Place(folder, port, own, settings, under_way))
    with log.open("wb") as said:
        process = subprocess.Popen(command, stdout=said, stderr=said, env={**os.environ, "PATH": _PATH})
    try:
        _until_listening(process, own, log)
        yield Proxy("127.0.0.1", own)
    finally:
        process.terminate()
        process.wait()


def _until_listening(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    until = time.monotonic() + _START_SECONDS
    while process.poll() is None and time.monotonic() < until:
        with suppress(ConnectionError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.05)
    raise DidNotStart(log.read_text("utf-8", "replace")[-2000:] or "it said nothing")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _changed(file: str, *changes: tuple[str, str]) -> str:
    text = (_DEPLOYED / file).read_text("utf-8")
    for as_deployed, here in changes:
        if as_deployed not in text:
            raise DidNotStart(f"deploy/{file} has no {as_deployed!r} any more")
        text = text.replace(as_deployed, here)
    return text


def _nginx(place: _Place) -> list[str]:
    folder, server, port, settings, under_way = place
    deployed = _changed(
        "nginx.conf",
        ("server 127.0.0.1:8080 ", f"server 127.0.0.1:{server} "),
        ("listen 443 ssl http2;", f"listen 127.0.0.1:{port} backlog=4096;"),
        ("    ssl_certificate     /etc/ssl/televote/fullchain.pem;\n", ""),
        ("    ssl_certificate_key /etc/ssl/televote/privkey.pem;\n", ""),
        ("limit_conn votes 16000;", f"limit_conn votes {under_way};"),
        ("listen 80;", f"listen 127.0.0.1:{_free_port()};"),
    )
    user = "user root;\n" if os.geteuid() == 0 else ""
    around = _NGINX.format(folder=folder, user=user, deployed=deployed, settings=settings)
    (folder / "nginx.conf").write_text(around, "utf-8")
    return ["nginx", "-p", str(folder), "-c", str(folder / "nginx.conf")]


def _haproxy(place: _Place) -> list[str]:
    folder, server, port, _, under_way = place
    deployed = _changed(
        "haproxy.cfg",
        ("192.0.2.11:8080", f"127.0.0.1:{server}"),
        ("    server n2 192.0.2.12:8080 backup\n", ""),
        ("    server n2 192.0.2.12:8080\n", f"    server n2 127.0.0.1:{server} disabled\n"),
        ("bind :443 ssl crt /etc/ssl/televote/both.pem alpn h2,http/1.1", f"bind 127.0.0.1:{port}"),
        ("maxconn 16000", f"maxconn {under_way}"),
        ("bind :80\n", f"bind 127.0.0.1:{_free_port()}\n"),
    )
    (folder / "haproxy.cfg").write_text(deployed, "utf-8")
    return ["haproxy", "-db", "-f", str(folder / "haproxy.cfg")]


_COMMANDS: Final[dict[str, Callable[[_Place], list[str]]]] = {"nginx": _nginx, "haproxy": _haproxy}
