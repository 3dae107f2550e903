"""The `televote` command. Exit codes: 0 ok, 1 a check failed, 2 usage or set-up, 130 interrupted."""

import gc
import os
import sys

import click


def main() -> None:
    """The entry point."""
    # Neither votes nor checks make many cycles, nor does what is loaded next. A storm has 200,000 objects
    # under way, a recount millions of callers: by default all would be looked through again and again.
    gc.set_threshold(250_000, 20, 50)
    _open_streams()
    from gateway.commands.base import INTERRUPTED, USAGE, refused, televote

    try:
        televote.main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except OSError as error:
        refused(error).show()
        sys.exit(USAGE)
    except (KeyboardInterrupt, click.Abort):
        sys.exit(INTERRUPTED)
    except click.exceptions.Exit as end:
        sys.exit(end.exit_code)


def _open_streams() -> None:
    """Standard streams that whoever started us has closed (gammu-smsd does) lead nowhere: left closed, their
    numbers would go to the database and to sockets."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_RDWR), mode))
