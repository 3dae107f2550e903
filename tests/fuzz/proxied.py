"""A real nginx before a server: `deploy/nginx.conf` as it is, but without TLS and on ports of its own."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

_DEPLOYED = Path(__file__).parents[2] / "deploy/nginx.conf"
#: What surrounds it on a Debian machine, with files in a folder of the test's.
_AROUND = """
daemon off;
master_process off;
{user}
pid {folder}/nginx.pid;
error_log {folder}/error.log info;
events {{ }}
http {{
    access_log off;
    keepalive_timeout 300ms;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    {deployed}
}}
"""
_SECONDS = 20


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _configuration(folder: Path, server: tuple[str, int], port: int) -> str:
    deployed = _DEPLOYED.read_text("utf-8")
    for as_deployed, here in (
        ("server 127.0.0.1:8080 ", f"server {server[0]}:{server[1]} "),
        ("listen 443 ssl http2;", f"listen 127.0.0.1:{port};"),
        ("    ssl_certificate     /etc/ssl/televote/fullchain.pem;\n", ""),
        ("    ssl_certificate_key /etc/ssl/televote/privkey.pem;\n", ""),
        ("listen 80;", f"listen 127.0.0.1:{_free_port()};"),
    ):
        assert as_deployed in deployed, as_deployed
        deployed = deployed.replace(as_deployed, here)
    user = "user root;" if os.geteuid() == 0 else ""
    return _AROUND.format(folder=folder, user=user, deployed=deployed)


@asynccontextmanager
async def proxied(folder: Path, server: tuple[str, int]) -> AsyncIterator[tuple[str, int]]:
    """An nginx before the server at that address; gives its own. Its files go into a folder that is there."""
    port = _free_port()
    settings = folder / "nginx.conf"
    settings.write_text(_configuration(folder, server, port), "utf-8")
    nginx = "/usr/sbin/nginx"  # which is on the path of few who are not root
    process = await asyncio.create_subprocess_exec(nginx, "-c", str(settings), "-p", str(folder))
    try:
        async with asyncio.timeout(_SECONDS):
            while True:
                assert process.returncode is None, (folder / "error.log").read_text("utf-8")
                with suppress(ConnectionError):
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                    writer.close()
                    break
                await asyncio.sleep(0.05)
        yield "127.0.0.1", port
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
