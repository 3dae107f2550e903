"""What is asked of a running server: `health`. It is asked every half minute: little is loaded for it."""

import json
import sys
from typing import Any

import click

import gateway
from config.settings import Settings
from gateway.asking import calling
from gateway.asking.calling import NotServing
from gateway.commands.base import FAILED, Chosen, Wrong, run, televote


@televote.command()
@click.option("--json", is_flag=True, expose_value=False, help="It is JSON in any case.")
@click.pass_obj
def health(chosen: Chosen) -> None:
    """Whether the server here takes votes (for a container's HEALTHCHECK), as JSON."""
    status = run(_status(chosen.settings()))
    if status is None:
        if hint := chosen.hint():
            raise Wrong("\n".join(hint))
        status = {"ready": False, "reasons": ["not_serving"], "version": gateway.__version__}
    click.echo(json.dumps(status))
    if not status["ready"]:
        sys.exit(FAILED)


async def _status(settings: Settings) -> dict[str, Any] | None:
    """How the server is; None if there is none."""
    try:
        async with calling.connect(settings) as client:
            return await client.status()
    except NotServing:
        return None
