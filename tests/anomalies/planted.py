"""Campaigns made by lot from a seed: honest ones, and such as somebody tampered with.

The honest ones have what makes tests cry wolf: television that brings votes by waves, hearers who agree
(shares of every two seconds vary, rho = 0.02), families with numbers in a row, and, if wanted, a star
whose home town is for her eight times as much."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import accumulate
from random import Random
from types import MappingProxyType

from gateway.anomalies.battery import Looked, look
from gateway.anomalies.finding import Vote

BEGIN_MS = 1_531_137_600_000 + 1_234  # not where bins begin
MINUTES = 20
SEGMENTS: Mapping[str, str] = MappingProxyType({"170": "virtual", "171": "virtual", "167": "virtual"})
PREFIXES = ("130", "133", "135", "138", "139", "150", "156", "177", "180", "186", "189")
VIRTUAL = ("1703", "1705", "1709", "1710", "1675")
TEXTS = ("{}", "{}", "{}", "{}", "{}", "投{}", "支持{}", "我选{}，谢谢", "{}加油！", "投票 {} 第1次")
PLANTS = ("burst", "blocks", "runs", "template", "segment", "bots")


@dataclass
class Setting:
    """Where a campaign's votes come from."""

    random: Random
    codes: list[str]
    shares: list[float]
    towns: dict[str, tuple[float, list[str]]]
    """Each town's weight, and its blocks, as their numbers begin."""
    taken: set[str]
    whole_seconds: bool

    def line(self, town: str, block: str = "") -> str:
        """A number nobody has."""
        while True:
            head = block or self.random.choice(self.towns[town][1])
            number = f"{head}{self.random.randrange(10_000):04}"
            if number not in self.taken:
                self.taken.add(number)
                return number

    def any_town(self) -> str:
        return self.random.choices(list(self.towns), [weight for weight, _ in self.towns.values()])[0]

    def moment(self, at_ms: float) -> int:
        return int(at_ms) // 1000 * 1000 if self.whole_seconds else int(at_ms)

    def text(self, candidate: str) -> str:
        return self.random.choice(TEXTS).format(candidate) if self.random.random() < 0.8 else ""


def honest(
    seed: int,
    size: int = 6_000,
    candidates: int = 5,
    *,
    rho: float = 0.02,
    star: bool = False,
    family: float = 0.01,
    minutes: float = MINUTES,
) -> tuple[list[Vote], Setting]:
    """A campaign in which nobody tampered."""
    random = Random(seed)
    codes = [f"A{number:02}" for number in range(1, candidates + 1)]
    strength = [random.uniform(0.4, 1.6) for _ in codes]
    shares = [one / sum(strength) for one in strength]
    setting = Setting(random, codes, shares, _towns(random), set(), random.random() < 0.3)
    names = list(setting.towns)
    weights = [weight for weight, _ in setting.towns.values()]
    home = names.index(random.choice(names[3:]))
    of_star = [weight * (8 if place == home else 1) for place, weight in enumerate(weights)]
    heard: dict[int, list[float]] = {}
    votes = []
    for at in _times(random, size, minutes):
        if (now := int(at) // 2_000) not in heard:
            heard[now] = list(accumulate(_heard(random, shares, rho)))
        candidate = random.choices(codes, cum_weights=heard[now])[0]
        town = random.choices(names, of_star if star and candidate == codes[0] else weights)[0]
        line = setting.line(town)
        at_ms = setting.moment(BEGIN_MS + at)
        votes.append(Vote(line, at_ms, candidate, setting.text(candidate), town))
        after = f"{line[:-4]}{(int(line[-4:]) + 1) % 10_000:04}"
        if random.random() < family and after not in setting.taken:
            setting.taken.add(after)
            later = setting.moment(BEGIN_MS + at + random.uniform(2_000, 90_000))
            votes.append(Vote(after, later, candidate, setting.text(candidate), town))
    return votes, setting


def tampered(
    seed: int, plant: str, part: float, size: int = 6_000, candidates: int = 5
) -> tuple[list[Vote], str]:
    """An honest campaign with `part` more votes of some kind, and for whom they are."""
    votes, setting = honest(seed, size, candidates)
    random = setting.random
    candidate = random.choice(setting.codes)
    return votes + planted(plant, setting, candidate, round(size * part)), candidate


def planted(plant: str, setting: Setting, candidate: str, count: int) -> list[Vote]:
    """The votes somebody made."""
    random = setting.random
    span = MINUTES * 60_000
    towns = [setting.any_town() for _ in range(count)]
    lines = [setting.line(town) for town in towns]
    times = [random.uniform(0, span) for _ in range(count)]
    texts = [setting.text(candidate) for _ in range(count)]
    if plant == "burst":
        begin = random.uniform(0, span - 60_000)
        times = [begin + random.uniform(0, 60_000 if count > 60 else 20_000) for _ in range(count)]
    elif plant in ("blocks", "runs"):
        town = setting.any_town()
        towns = [town] * count
        one, other = random.sample(setting.towns[town][1], 2)
        if plant == "blocks":
            lines = [setting.line(town, random.choice((one, other))) for _ in range(count)]
        else:
            lines = in_a_row(setting, [one, other], count, 12)
    elif plant == "segment":
        towns = [random.choice(list(setting.towns)) for _ in range(count)]
        lines = [setting.line(town, _virtual(random, setting.towns[town][1])) for town in towns]
    elif plant in ("template", "bots"):
        if plant == "bots":
            pace = span / count
            times = [pace * number + random.uniform(-0.2, 0.2) * pace for number in range(count)]
        texts = [f"{candidate} 31: {_stamp(at)}" for at in times]
    moments = [setting.moment(BEGIN_MS + at) for at in times]
    return [
        Vote(line, at_ms, candidate, text, town)
        for line, at_ms, text, town in zip(lines, moments, texts, towns, strict=True)
    ]


def in_a_row(setting: Setting, blocks: Sequence[str], count: int, length: int) -> list[str]:
    """Runs of numbers."""
    found: list[str] = []
    while len(found) < count:
        head, first = setting.random.choice(blocks), setting.random.randrange(9_900)
        run = [f"{head}{first + more:04}" for more in range(min(length, count - len(found)))]
        if setting.taken.isdisjoint(run):
            setting.taken.update(run)
            found += run
    return found


def voice_kids(seed: int) -> tuple[list[Vote], str]:
    """The Voice Kids Russia 2019, as Group-IB reported it, in small: numbers in a row of one operator, one
    region, some by SMS with one template, most by telephone, all from the first minute on."""
    random = Random(seed)
    towns = {
        f"region {number}": (
            1 / (number + 1),
            [f"+79{random.randrange(10_000, 89_999)}" for _ in range(40)],
        )
        for number in range(20)
    }
    own = [f"+7958{number}" for number in random.sample(range(500, 600), 6)]  # one virtual operator
    towns["region 7"][1].extend(own)
    towns["region 3"][1].extend(f"+7958{number}" for number in random.sample(range(600, 700), 4))
    codes = [f"{number:02}" for number in range(1, 10)]
    strength = [random.uniform(0.5, 1.5) for _ in codes]
    setting = Setting(random, codes, [one / sum(strength) for one in strength], towns, set(), True)
    votes = []
    for at in _times(random, 8_000, MINUTES):
        candidate, town = random.choices(codes, strength)[0], setting.any_town()
        at_ms = setting.moment(BEGIN_MS + 20_000 + at)
        votes.append(Vote(setting.line(town), at_ms, candidate, setting.text(candidate), town))
    favourite = random.choice(codes)
    for number, line in enumerate(in_a_row(setting, own, 900, 100)):
        at = number * 400 + random.uniform(0, 400)
        text = f"{favourite} 31: {_stamp(at)}" if number % 3 == 0 else ""
        votes.append(Vote(line, setting.moment(BEGIN_MS + at), favourite, text, "region 7"))
    return votes, favourite


def seen(votes: Sequence[Vote], seed: int, codes: Sequence[str] = (), replicates: int = 199) -> Looked:
    """What the battery says."""
    named = codes or sorted({vote.candidate for vote in votes})
    segments = {**SEGMENTS, "+7958": "virtual"}
    return look(votes, seed.to_bytes(8, "big"), codes=named, segments=segments, replicates=replicates)


def _towns(random: Random) -> dict[str, tuple[float, list[str]]]:
    towns = {}
    for number in range(18):
        count = random.randrange(30, 90)
        blocks = [f"+86{random.choice(PREFIXES)}{random.randrange(10_000):04}" for _ in range(count)]
        blocks += [_virtual(random, []) for _ in range(len(blocks) // 25 + 1)]
        towns[f"town {number}"] = (1 / (number + 2), blocks)
    return towns


def _virtual(random: Random, of: Sequence[str]) -> str:
    known = [block for block in of if block[3:6] in SEGMENTS]
    return random.choice(known) if known else f"+86{random.choice(VIRTUAL)}{random.randrange(1_000):03}"


def _times(random: Random, size: int, minutes: float) -> list[float]:
    """Half of the votes come when they like, half after a word on television."""
    span = minutes * 60_000
    words = [random.uniform(0, span * 0.9) for _ in range(6)]

    def draw() -> float:
        if random.random() < 0.5:
            return random.uniform(0, span)
        return min(random.choice(words) + random.expovariate(1 / 30_000), span - 1)

    return sorted(draw() for _ in range(size))


def _heard(random: Random, shares: Sequence[float], rho: float) -> list[float]:
    """The shares of two seconds (Dirichlet)."""
    if not rho:
        return list(shares)
    return [random.gammavariate(share * (1 - rho) / rho, 1) + 1e-12 for share in shares]


def _stamp(at: float) -> str:
    return f"{datetime.fromtimestamp((BEGIN_MS + at) / 1000, UTC):%Y-%m-%d %H:%M:%S}"
