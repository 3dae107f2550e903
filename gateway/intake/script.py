"""What a campaign says in calls: the dialogue's questions, answered from the running campaign. Pure.

It asks the same rules as the count does (code book, ballot, window, caller), so that nobody is told another
thing than what is then recorded; the record has the last word.
"""

from collections.abc import Sequence

from config.problems import Lang
from config.voice import PLAY
from dedup import caller as callers
from dedup.caller import Numbering, Standing
from gateway.intake import journey
from gateway.intake.dialogue import Cue, Piece, Pieces
from gateway.intake.running import Running
from tally import selections
from tally.outcome import MessageOutcome, Selection
from tally.selections import Finding


class CampaignScript:
    """See `dialogue.Script`."""

    def __init__(self, running: Running, numbering: Numbering, lang: Lang) -> None:
        self._running, self._numbering, self._lang = running, numbering, lang

    @property
    def lang(self) -> Lang:
        """See `dialogue.Script`."""
        return self._lang

    def prompt(self, cue: Cue, chosen: Sequence[Selection] = ()) -> Pieces:
        """See `dialogue.Script`."""
        pieces = self._running.campaign.voice.prompt(self._lang, cue)
        return tuple(filled for piece in pieces for filled in self._filled(piece, chosen))

    def _filled(self, piece: str, chosen: Sequence[Selection]) -> Pieces:
        """A text names all that was chosen; a recording that has a code in its name is played for each."""
        if not piece.startswith(PLAY):
            return (Piece("say", self._said(piece, chosen)),)
        recording = piece.removeprefix(PLAY)
        if "{code}" not in recording:
            return (Piece("play", recording),)
        return tuple(Piece("play", recording.replace("{code}", one.candidate)) for one in chosen)

    def _said(self, piece: str, chosen: Sequence[Selection]) -> str:
        if "{" not in piece:
            return piece
        campaign, lang = self._running.campaign, self._lang
        names = [campaign.candidate(*one).name_in(lang) for one in chosen]
        contests = dict.fromkeys(campaign.contests_by_id[one.contest].name_in(lang) for one in chosen)
        between = "、" if lang == "zh" else ", "
        for placeholder, words in (
            ("{campaign}", [campaign.name_in(lang)]),
            ("{candidate}", names),
            ("{contest}", contests),
            ("{code}", [one.candidate for one in chosen]),
        ):
            piece = piece.replace(placeholder, between.join(words))
        return piece

    def read(self, keys: str) -> Sequence[Selection]:
        """See `dialogue.Script`."""
        reading = selections.read_digits(self._running.codebook, keys)
        return reading.selections if reading.finding is Finding.CODES else ()

    def keys(self, chosen: Sequence[Selection]) -> str:
        """See `dialogue.Script`."""
        return "*".join(self._running.codebook.keypad[one] for one in chosen)

    def flaw(self, chosen: Sequence[Selection]) -> Cue | None:
        """See `dialogue.Script`."""
        if not self._running.withdrawn.isdisjoint(chosen):
            return Cue.WITHDRAWN
        return Cue.WRONG_COUNT if journey.by_ballot(self._running, tuple(chosen)) else None

    def turned_away(self, caller: str, now_ms: int) -> Cue | None:
        """See `dialogue.Script`."""
        if now_ms < self._running.window("hotline").opens_ms:
            return Cue.EARLY
        if self.over(now_ms):
            return Cue.LATE
        withheld = callers.normalise(caller, self._numbering).standing is Standing.WITHHELD
        if withheld and MessageOutcome.WITHHELD_CALLER not in self._running.pending:
            return Cue.WITHHELD
        return None

    def over(self, now_ms: int) -> bool:
        """See `dialogue.Script`."""
        return now_ms >= self._running.window("hotline").closes_ms
