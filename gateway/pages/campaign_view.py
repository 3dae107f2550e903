"""What a campaign's public page shows, as plain values for its template. Pure: values in, values out."""

from typing import Any

from config.problems import Lang
from gateway.intake.running import Running
from gateway.reporting.view import Instant, as_of, caps, charts, number, offset, periods
from gateway.watching.board import Standings
from tally.outcome import CHANNELS


def page(running: Running, status: str, shown: Standings | None, lang: Lang) -> dict[str, Any]:
    """The values of `campaign.html`. `status` is a key of the catalogue, `shown` what all may see."""
    campaign = running.campaign
    publish = campaign.publish
    coming = publish.mode == "daily" or status == "closing"
    return {
        "id": campaign.id,
        "name": campaign.name_in(lang),
        "status": status,
        "voting": status in ("scheduled", "open"),
        "periods": periods(running, lang),
        "zone": campaign.timezone,
        "offset": offset(running),
        "sms": number(campaign.numbers.sms, "sms"),
        "hotline": number(campaign.numbers.hotline, "tel"),
        "example": campaign.contests[0].candidates[0].code,
        "receipts": running.receipts,
        "together": caps(campaign.caps, lang),
        "charts": charts(running, shown, lang, linked=True),
        "lost": sum(running.lost.values()),
        "as_of": None if shown is None else Instant(as_of(shown["as_of"]), shown["as_of"]),
        "shown_status": "" if shown is None else shown["status"],
        "mode": publish.mode,
        "at": "" if publish.at is None else f"{publish.at:%H:%M}",
        "events": (
            f"/campaigns/{campaign.id}/events"
            if status != "final" and publish.mode != "never" and (shown is not None or coming)
            else ""
        ),
        "changes_ms": _changes_ms(running, status),
    }


def _changes_ms(running: Running, status: str) -> int:
    """When the status changes by itself, in Unix milliseconds; 0 if nobody knows."""
    windows = [running.window(channel) for channel in CHANNELS]
    if status == "scheduled":
        return min(window.opens_ms for window in windows)
    return max(window.closes_ms for window in windows) if status == "open" else 0
