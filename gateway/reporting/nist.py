"""What both of NIST's formats (SP 1500-100, SP 1500-103) write alike: ids, kinds of contest, times. Pure.

Neither slugs nor codes have a dot in them, so no two things share an id.
"""

import re
from typing import Final

from config.contest import Contest

ELECTORATE: Final = "gp.electorate"
TALLY: Final = "tally"
#: What is voted for is chosen by its code.
VOTE_CODE: Final = "vote-code"


def time(stamp: str) -> str:
    """A time to the second: the schema knows no fractions."""
    return re.sub(r"\.[0-9]+", "", stamp)


def candidate(contest: str, code: str) -> str:
    """A candidate's id."""
    return f"cand.{contest}.{code}"


def selection(contest: str, code: str) -> str:
    """The id of what a voter can choose."""
    return f"sel.{contest}.{code}"


def contest(name: str) -> str:
    """A contest's id."""
    return f"contest.{name}"


def device(name: str) -> str:
    """The id of what votes came in by: a source, or a whole channel."""
    return f"dev.{name}"


def variation(rules: Contest) -> str:
    """How many of how many a ballot may name, in NIST's words."""
    if rules.selections.max == 1:
        return "plurality"
    return "approval" if rules.selections.max >= len(rules.candidates) else "n-of-m"
