"""What a desk is: the entrance at which operators type calls in. It reads no request and no file."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from tally.outcome import Channel


class DeskOptions(BaseModel):
    """The settings of one desk.

    `reentry_share` is the share of calls, drawn by lot, that another operator is asked to enter again.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    reentry_share: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] = Field(
        default=0.0,
        description=(
            "the share of calls that another operator is asked to enter again; the lot is drawn when "
            "a call is recorded, so nobody can foresee it"
        ),
    )


@dataclass(frozen=True, slots=True)
class DeskKind:
    """The kind of source that is a desk, as `televote sources` lists it."""

    kind: str
    channel: Channel
    options: type[DeskOptions]
    gives_time: bool = True
    configure: str = ""
    reference: str = ""


DESK = DeskKind(
    kind="desk",
    channel="hotline",
    options=DeskOptions,
    configure=(
        "**On the page of users:** give each operator an account with the role operator. They sign in, "
        "and enter calls at `/operator`."
    ),
)


def kinds() -> dict[str, DeskKind]:
    """The kinds of desk there are, by name."""
    return {DESK.kind: DESK}
