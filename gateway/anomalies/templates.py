"""Texts made by one pattern, which one candidate's voters use more than others do."""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Sequence
from functools import lru_cache
from typing import Final
from unicodedata import normalize

from gateway.anomalies import chance
from gateway.anomalies.finding import Finding, Vote
from gateway.anomalies.segments import STANDS_OUT

#: A text that is used less often is no pattern.
LEAST_USES: Final = 20
#: Stands for whatever names a candidate.
NAMED: Final = "#"
_SPACES: Final = re.compile(r"\s+")
#: A number may be spelled out.
_SPELLED: Final = re.compile("[〇零一二三四五六七八九幺壹贰叁肆伍陆柒捌玖两]{5,}")
_BARE: Final = re.compile(r"[\W_0#]*")


def masker(codes: Collection[str]) -> Callable[[str, str], str]:
    """What gives the pattern of a text for a candidate: widths and spaces are made equal, whatever names a
    candidate is `#`, and every other digit 0. `codes` are all that names candidates: codes, and names where a
    text may have them.

    >>> masker(["A01"])("A01", "支持 ａ０１ 2019-04-26"), masker(["A01"])("A01", "07 31: 2019-04-26 22:47:31")
    ('支持 # 0000-00-00', '00 00: 0000-00-00 00:00:00')
    """
    plain = {_even(code) for code in codes if code.strip()}
    worded = sorted((code for code in plain if not code.isdecimal()), key=lambda code: (-len(code), code))
    words = re.compile("|".join(_token(code) for code in worded)) if worded else None

    @lru_cache(maxsize=4096)
    def numeric(candidate: str) -> re.Pattern[str] | None:
        # A code of digits only is masked once, and no other's: in a time of day any number may stand.
        code = _even(candidate)
        return re.compile(_token(code)) if code in plain and code.isdecimal() else None

    @lru_cache(maxsize=65_536)
    def mask(candidate: str, text: str) -> str:
        found = _even(text)
        if words is not None:
            found = words.sub(NAMED, found)
        if (own := numeric(candidate)) is not None and NAMED not in found:
            found = own.sub(NAMED, found, count=1)
        found = "".join("0" if char.isdecimal() else char for char in found)
        return _SPELLED.sub("0", found)

    return mask


def is_bare(template: str) -> bool:
    """Whether there is nothing in a text but whom it is for: anybody writes that."""
    return _BARE.fullmatch(template) is not None and template.count("0") <= 3


def find(votes: Sequence[Vote], level: float, codes: Collection[str]) -> list[Finding]:
    """The patterns of each candidate, among messages that have a text. `level` is for all candidates
    together."""
    mask = masker(codes)
    uses: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    written: Counter[str] = Counter()
    for index, vote in enumerate(votes):
        if vote.text.strip():
            uses[mask(vote.candidate, vote.text)][vote.candidate].append(index)
            written[vote.candidate] += 1
    total = written.total()
    # How often a text is used by anybody does not say who used it: leaving the rare out keeps the test exact.
    known = {
        template: sum(map(len, by.values()))
        for template, by in sorted(uses.items())
        if not is_bare(template) and sum(map(len, by.values())) >= LEAST_USES
    }
    found = []
    for candidate, own in sorted(written.items()):
        hits = {template: uses[template].get(candidate, []) for template in known}
        ps = [
            chance.hypergeometric_tail(len(hits[template]), total, used, own)
            for template, used in known.items()
        ]
        held = chance.cut(ps, level / len({vote.candidate for vote in votes}))
        for (template, used), p in zip(known.items(), ps, strict=True):
            x, expected = len(hits[template]), used * own / total
            if p <= held and x >= STANDS_OUT * expected:
                figures = (candidate, p, held, x, expected)
                found.append(
                    Finding(
                        "templates", "template", *figures, template=template, indices=tuple(hits[template])
                    )
                )
    return found


def _even(text: str) -> str:
    return _SPACES.sub(" ", normalize("NFKC", text)).strip().upper()


def _token(code: str) -> str:
    """A code, but not within a longer word or number of its kind."""
    begins = r"(?<![0-9A-Z])" if code[0].isascii() and code[0].isalnum() else ""
    ends = r"(?![0-9A-Z])" if code[-1].isascii() and code[-1].isalnum() else ""
    return begins + re.escape(code) + ends
