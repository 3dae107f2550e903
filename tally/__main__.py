"""Counts a published export again, with this package and `cryptography` alone.

python -m tally recount EXPORT OPENINGS --vkey KEY
"""

import argparse
import sys
import zipfile
from collections.abc import Sequence

from tally.note import BadNote
from tally.published import recount
from tally.tiles import BadTile
from tally.verify import Tampered


def main(arguments: Sequence[str] | None = None) -> int:
    """The command. 0: it agrees; 1: it does not."""
    parser = argparse.ArgumentParser(prog="python -m tally", description="Count a published export again.")
    command = parser.add_subparsers(required=True).add_parser("recount", help="from an auditor's openings")
    command.add_argument("folder", help="the export, unpacked")
    command.add_argument("openings", help="the auditor's file")
    command.add_argument("--vkey", action="append", default=[], help="a log's key, as it was published")
    asked = parser.parse_args(arguments)
    try:
        counted = recount(asked.folder, asked.openings, asked.vkey)
    except Tampered as error:
        return _bad(f"damaged at {error}")
    except KeyError as error:
        return _bad(f"{error} is missing")
    except (BadNote, BadTile, ValueError, TypeError, AttributeError, OSError, zipfile.BadZipFile) as error:
        return _bad(str(error))
    sys.stdout.write(f"{counted.entries} entries, under a signed root; counted again: the same figures\n")
    for (contest, code, channel), votes in counted.votes.items():
        if votes:
            sys.stdout.write(f"{contest} {code} {channel} {votes}\n")
    return 0


def _bad(what: str) -> int:
    sys.stderr.write(f"BAD: {what}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
