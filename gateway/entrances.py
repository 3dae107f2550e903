"""The sources of the settings, made ready: each kind checks its own options, all errors at once."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from pydantic import BaseModel, ValidationError

from config.campaign import Campaign
from config.load import Loaded
from config.problems import Level, Problem, Problems, from_validation, nearest
from config.settings import Source as SourceSettings
from config.toml_lines import KeyPath
from config.wording import Said
from gateway.intake import calllog, desk, dialogue, provider, running, worker
from gateway.intake.calllog import CallLogKind
from gateway.intake.desk import DeskKind, DeskOptions
from gateway.intake.options import CAMPAIGNS
from gateway.intake.provider import Provider, ProviderKind, Talking
from gateway.intake.running import Running
from gateway.intake.script import CampaignScript
from gateway.intake.source import Source
from gateway.intake.worker import WorkerKind
from gateway.outbox import sender
from gateway.outbox.letter import Envelope
from gateway.outbox.outbox import Outbox
from gateway.outbox.retry import Plan
from tally.window import DecidedBy

Kind = ProviderKind | CallLogKind | WorkerKind | DeskKind

_UNGUARDED: Final = (
    Said(
        "这类来源不能签名，任何人都可以冒充投票",
        "this kind cannot sign its requests, so anyone could send votes",
    ),
    Said(
        "请设置 token_file（地址令牌）或 allow_from（对方的地址）",
        "add token_file (a path token) or allow_from (the sender's addresses)",
    ),
)
_UNSIGNED: Final = (
    Said(
        "这里没有要求签名，任何人都可以冒充投票",
        "no signature is asked for here, so anyone could send votes",
    ),
    Said(
        "请设置 options.secrets_file，或 token_file（地址令牌），或 allow_from（对方的地址）",
        "set options.secrets_file, or token_file (a path token), or allow_from (the sender's addresses)",
    ),
)
_UNSEALED: Final = (
    Said(
        "这类来源的签名不覆盖消息内容，被人看到一次就能冒充任何投票",
        "this kind's signature does not cover the message, so one that was seen would fit any other",
    ),
    Said("请设置 token_file（地址令牌）", "add token_file (a path token)"),
)
_SPEECHLESS: Final = (
    Said(
        "这个来源不能朗读文字，而活动的提示语中有文字",
        "this source cannot say texts, and some prompt of its campaign is one",
    ),
    Said(
        "请为 [voice.zh]（或所用语言）的每条提示语写录音 play:…，或设置 options.engine",
        "give every prompt of [voice.zh] (or en, by language) a recording, play:…, or set options.engine",
    ),
)
_NO_LOG: Final = (
    Said("只有通话记录类来源才能跟踪文件或文件夹", "only a source of call logs can follow a file or folder"),
    Said("请删去 follow，或改用文件类来源", "leave follow out, or choose a kind that comes by file"),
)
_NO_TIME: Final = (
    Said("这类来源的消息不带时间", "this kind's messages carry no time of their own"),
    Said('请写 clock = "arrival"，或省略', 'write clock = "arrival", or leave it out'),
)
_BY_ARRIVAL: Final = (
    Said(
        "通话按读入记录的时间计，而不是来电时间：截止后交来的记录会算作迟到",
        "calls count by when their log is read, not by when they were made: after the close they are late",
    ),
    Said(
        '若记录中的时间可信，请写 clock = "provider"',
        'write clock = "provider" if the log\'s times can be trusted',
    ),
)
_NO_GRACE: Final = (
    Said(
        "消息按到达时间计：截止前发出、途中耽搁的会算作迟到，宽限期不起作用",
        "messages count by when they arrive: one sent before the close and delayed is late, whatever "
        "the grace",
    ),
    Said(
        '若消息中的时间可信，请写 clock = "provider"；确实要按到达时间计，请写 clock = "arrival"',
        'write clock = "provider" if the times in its messages can be trusted, else clock = "arrival"',
    ),
)
_NOBODY_THERE: Final = (
    Said("不起作用：没有可以回复的对象", "does nothing, for nobody who could be answered is on the line"),
    Said("请删去 reply", "take reply out"),
)
_SECOND_DESK: Final = (
    Said(
        "这项活动已有一个接线台，操作员共用一个", "this campaign has a desk already: its operators share one"
    ),
    Said("请删去其中一个", "take one of the two out"),
)


_SOURCE: Final = Said("来源", "source")
_SENDER: Final = Said("发送方式", "sender")
_NO_SMS: Final = (
    Said(
        "发件箱用于回复短信，而这类来源接收的是来电", "an outbox is for SMS: this kind of source takes calls"
    ),
    Said("请删去", "take it out"),
)


def kinds() -> dict[str, Kind]:
    """Every kind of source there is, by name."""
    return {**provider.kinds(), **calllog.kinds(), **worker.kinds(), **desk.kinds()}


def run_campaigns(loaded: Loaded) -> dict[str, Running]:
    """The campaigns, made ready."""
    return {
        name: running.run(campaign, loaded.keys[name].get_secret_value())
        for name, campaign in loaded.campaigns.items()
    }


def open_all(loaded: Loaded, campaigns: Mapping[str, Running]) -> dict[str, Source]:
    """Every source. Raises `Problems` with all that is wrong in their settings."""
    known, found = kinds(), list[Problem]()
    sources = {
        name: _open(loaded, name, settings, known, campaigns[settings.campaign], found)
        for name, settings in loaded.settings.sources.items()
    }
    found.extend(_second_desks(loaded))
    if found:
        raise Problems(found)
    return {name: source for name, source in sources.items() if source is not None}


def remarks(loaded: Loaded) -> list[Problem]:
    """What may be set so, and yet is worth a second look: warnings."""
    known, found = kinds(), list[Problem]()
    for name, settings in loaded.settings.sources.items():
        kind, path = known.get(settings.kind), ("sources", name)
        if kind is not None and (said := _untimely(kind, settings, loaded.campaigns[settings.campaign])):
            found.append(_problem(loaded, path, *said, level="warning"))
        if settings.reply and isinstance(kind, CallLogKind | DeskKind):
            found.append(_problem(loaded, (*path, "reply"), *_NOBODY_THERE, level="warning"))
    return found


def _untimely(kind: Kind, settings: SourceSettings, campaign: Campaign) -> tuple[Said, Said] | None:
    """What is said of a source whose messages tell when they were sent, and count by when they arrive."""
    if not kind.gives_time or clock_of(kind, settings) == "provider":
        return None
    if isinstance(kind, CallLogKind):
        return _BY_ARRIVAL
    return _NO_GRACE if settings.clock is None and campaign.window.of(kind.channel).grace_ms else None


def clock_of(kind: Kind, settings: SourceSettings) -> DecidedBy:
    """Whose time decides: as it is set, else the message's own where the kind signs it (docs/rules.md)."""
    if settings.clock is not None:
        return settings.clock
    signed = isinstance(kind, ProviderKind) and kind.signs_time and all(_signs_and_seals(kind, settings))
    return "provider" if signed else "arrival"


def _signs_and_seals(kind: ProviderKind, settings: SourceSettings) -> tuple[bool, bool]:
    """Whether a source's requests are signed as it is set up, and whether that covers the message."""
    signs = kind.signs and (not kind.signs_with or bool(settings.options.get(kind.signs_with)))
    return signs, kind.seals and not settings.options.get(kind.unsealed_by)


def _open(
    loaded: Loaded,
    name: str,
    settings: SourceSettings,
    known: Mapping[str, Kind],
    campaign: Running,
    found: list[Problem],
) -> Source | None:
    path: KeyPath = ("sources", name)
    kind = known.get(settings.kind)
    if kind is None:
        found.append(_unknown_kind(loaded, (*path, "kind"), settings.kind, known, _SOURCE))
        return None
    if isinstance(kind, ProviderKind) and not settings.token:
        found.extend(_problem(loaded, path, *said) for said in _open_doors(kind, settings))
    if settings.follow and not isinstance(kind, CallLogKind):
        found.append(_problem(loaded, (*path, "follow"), *_NO_LOG))
    outbox = _outbox(loaded, name, settings, kind, campaign, found)
    if settings.clock == "provider" and not kind.gives_time:
        found.append(_problem(loaded, (*path, "clock"), *_NO_TIME))
    try:
        options = kind.options.model_validate(_with_zone(kind.options, settings, campaign.campaign.timezone))
    except ValidationError as error:
        found.extend(from_validation(error, loaded.where, (*path, "options"), kind.options))
        return None
    if isinstance(kind, WorkerKind) and kind.exposed(options) and not (settings.token or settings.allow_from):
        found.append(_problem(loaded, path, *_UNGUARDED))
    try:
        return replace(_source(loaded, name, settings, kind, options, campaign), outbox=outbox)
    except dialogue.Unspeakable:
        found.append(_problem(loaded, path, *_SPEECHLESS))
        return None


def _open_doors(kind: ProviderKind, settings: SourceSettings) -> Iterator[tuple[Said, Said]]:
    """What a source without a path token leaves open to anyone."""
    signs, seals = _signs_and_seals(kind, settings)
    if signs and not seals:
        yield _UNSEALED
    elif not signs and not settings.allow_from:
        yield _UNSIGNED if kind.signs else _UNGUARDED


def _source(
    loaded: Loaded, name: str, settings: SourceSettings, kind: Kind, options: BaseModel, campaign: Running
) -> Source:
    guarded = not isinstance(kind, CallLogKind)
    numbering = campaign.campaign.caller.numbering(settings.region, settings.area_code)
    script = CampaignScript(campaign, numbering, settings.language)
    return Source(
        name=name,
        kind=kind.kind,
        channel=kind.channel,
        running=campaign,
        clock=clock_of(kind, settings),
        numbering=numbering,
        provider=_provider(kind, options, script) if isinstance(kind, ProviderKind) else None,
        calllog=kind.build(options) if isinstance(kind, CallLogKind) else None,
        desk=options if isinstance(options, DeskOptions) else None,
        worker=kind.build(options, script) if isinstance(kind, WorkerKind) else None,
        follow=settings.follow or "",
        token=settings.token.get_secret_value().encode() if guarded and settings.token else b"",
        allow_from=settings.allow_from,
        methods=kind.methods if isinstance(kind, ProviderKind) else (),
        reply=settings.reply,
        language=settings.language,
        body_bytes=settings.body_bytes or loaded.settings.limits.body_bytes,
        silence_minutes=settings.silence_minutes,
    )


def _outbox(
    loaded: Loaded,
    name: str,
    settings: SourceSettings,
    kind: Kind,
    campaign: Running,
    found: list[Problem],
) -> Outbox | None:
    """The source's outbox, None if it answers nobody, or by itself."""
    path, given = ("sources", name, "outbox"), settings.outbox
    if given is None:
        return None
    if kind.channel != "sms":
        found.append(_problem(loaded, path, *_NO_SMS))
    known = sender.kinds()
    if given.kind not in known:
        found.append(_unknown_kind(loaded, (*path, "kind"), given.kind, known, _SENDER))
        return None
    model = known[given.kind].options
    try:
        options = model.model_validate(given.options)
    except ValidationError as error:
        found.extend(from_validation(error, loaded.where, (*path, "options"), model))
        return None
    plan = Plan(given.per_second, given.attempts, given.minutes * 60_000, given.per_caller)
    envelope = Envelope(campaign.keys.sealing)
    return Outbox(known[given.kind].build(options), envelope, plan, given.waiting) if settings.reply else None


def _provider(kind: ProviderKind, options: BaseModel, script: CampaignScript) -> Provider:
    """Raises `dialogue.Unspeakable`."""
    built = kind.build(options)
    return built.with_script(script) if isinstance(built, Talking) else built


def _second_desks(loaded: Loaded) -> list[Problem]:
    """Desks beyond the one that a campaign can have: an operator's page must know where a call goes."""
    seen, found = set[str](), list[Problem]()
    for name, settings in loaded.settings.sources.items():
        if settings.kind == desk.DESK.kind:
            if settings.campaign in seen:
                found.append(_problem(loaded, ("sources", name, "kind"), *_SECOND_DESK))
            seen.add(settings.campaign)
    return found


def _with_zone(model: type[BaseModel], settings: SourceSettings, campaigns: str) -> dict[str, Any]:
    """The options, with the source's zone where the kind reads times without one; where these are local, the
    campaign's if the source names none."""
    field = model.model_fields.get("timezone")
    if field is None:
        return settings.options
    zone = settings.timezone or (campaigns if CAMPAIGNS in field.metadata else None)
    return settings.options if zone is None else {"timezone": zone, **settings.options}


def _unknown_kind(
    loaded: Loaded, path: KeyPath, given: str, known: Mapping[str, object], what: Said
) -> Problem:
    near = nearest(given, known)
    meant = (f": did you mean {near}?", f"：是否应为 {near}？") if near else ("", "")
    kinds_there = ", ".join(known)
    return _problem(
        loaded,
        path,
        Said(f"没有这类{what.zh}{meant[1]}", f"there is no such kind of {what.en}{meant[0]}"),
        Said(f"可用的有：{kinds_there}", f"one of: {kinds_there}"),
    )


def _problem(loaded: Loaded, path: KeyPath, wrong: Said, right: Said, level: Level = "error") -> Problem:
    place, key = loaded.where.find(path)
    return Problem(place.file, place.line, key, level, wrong, right)
