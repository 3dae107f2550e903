"""Looks for what honest voting hardly ever does while votes come in, and tells at once: `televote anomalies`,
run beside the server from time to time. It tells people; no vote is any different for it."""

import asyncio
import contextlib
import json
import time
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import structlog

from config.load import Loaded
from gateway import beside
from gateway.intake.running import Running
from gateway.telling import Postponed

_log = structlog.get_logger()

_TICK_SECONDS: Final = 1.0
#: A look may take so much of a core, of the time from one to the next.
_SHARE: Final = 0.05
#: It takes some 1.7 KB an entry: with more of them the server's machine might run out of memory.
MOST_ENTRIES: Final = 1_000_000
_DAY_MS: Final = 86_400_000


class Lookout:
    """Run `run` as a task; cancelled, it ends a look that is under way. `entries` is how long the ledger of a
    campaign is. Of several nodes the one looks that `is_first`, into its own data folder.

    `found` is how much stood out at the last look, by campaign.

    Looks are counted, over restarts too: the more there are, the more each is held to (`chance.spent`).
    """

    def __init__(
        self,
        loaded: Loaded,
        campaigns: Mapping[str, Running],
        entries: Callable[[str], int],
        is_first: Callable[[], bool],
        now_ms: Callable[[], int],
    ) -> None:
        self._loaded, self._campaigns, self._entries = loaded, campaigns, entries
        self._is_first, self._now_ms = is_first, now_ms
        self._folder = Path(loaded.settings.data) / "anomalies"
        self._every_ms = loaded.settings.anomalies.every_minutes * 60_000
        self._due_ms = dict.fromkeys(campaigns, now_ms() + self._every_ms)
        self._seen = dict.fromkeys(campaigns, 0)
        self.found = {name: _families(self.newest(name)).total() for name in campaigns}

    def newest(self, campaign: str) -> Any:
        """The last look, as `anomalies.telling.document` writes it; None if there was none."""
        kept = self._kept(campaign)
        return None if kept is None else json.loads(kept.read_bytes())

    async def run(self) -> None:
        """Look whenever it is due. Never ends by itself, but where the settings say never to look."""
        postponed = Postponed("anomalies_not_looked_for")
        while self._every_ms:
            await asyncio.sleep(_TICK_SECONDS)
            for campaign in self._campaigns:
                if self._is_due(campaign):
                    with postponed.outlived(campaign=campaign):
                        await self._look(campaign)

    def _is_due(self, campaign: str) -> bool:
        running = self._campaigns[campaign]
        is_under_way = running.opened and not running.closed and not running.keeps_figures_back
        is_time = self._now_ms() >= self._due_ms[campaign] and self._is_first()
        return is_under_way and is_time and self._entries(campaign) > self._seen[campaign]

    async def _look(self, campaign: str) -> None:
        began_ms, started = self._now_ms(), time.monotonic()
        entries, last = self._entries(campaign), self._kept(campaign)
        if entries > MOST_ENTRIES:
            _log.warning("anomalies_not_looked_for", campaign=campaign, why=f"over {MOST_ENTRIES} entries")
            self._due_ms[campaign] = began_ms + _DAY_MS
            return
        number = 1 if last is None else int(last.stem) + 1
        new = self._folder / campaign / f"{number:06d}.json"
        new.parent.mkdir(parents=True, exist_ok=True)
        words = ("anomalies", campaign, "--look", str(number), "--into", str(new))
        try:
            # Exit code 1 is also what it ends with where it has found something.
            complaint = await beside.run(self._loaded.path, "en", *words)
        finally:
            took_ms = int((time.monotonic() - started) * 1000)
            self._due_ms[campaign] = began_ms + max(self._every_ms, int(took_ms / _SHARE))
        if not new.exists():
            _log.warning("anomalies_not_looked_for", campaign=campaign, why=complaint)
            return
        self._seen[campaign] = entries
        if last is not None:
            last.unlink()
        # It may name thousands of messages: not where votes wait meanwhile.
        self._tell(campaign, number, await asyncio.to_thread(self.newest, campaign))

    def _tell(self, campaign: str, number: int, told: Any) -> None:
        families = _families(told)
        self.found[campaign] = families.total()
        tell = _log.warning if families else _log.info
        tell("anomalies_looked_for", campaign=campaign, look=number, found=dict(sorted(families.items())))

    def _kept(self, campaign: str) -> Path | None:
        with contextlib.suppress(FileNotFoundError):
            return max((self._folder / campaign).glob("[0-9]*.json"), default=None)
        return None


def _families(told: Any) -> Counter[str]:
    """How much a look has found, by family."""
    contests = [] if told is None else told["contests"]
    return Counter(one["family"] for contest in contests for one in contest["findings"])
