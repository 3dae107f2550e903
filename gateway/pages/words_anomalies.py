"""The words of the page of anomalies."""

from collections.abc import Mapping
from typing import Final

from config.wording import Said

WORDS: Final[Mapping[str, Said]] = {
    "anomalies": Said("异常", "Anomalies"),
    "anomalies_text": Said(
        "这里列出正常投票几乎不会出现的现象：短时集中、号段集中、号码相连、同一写法、机器般规律等。"
        "它只提示，不改变任何一票；诚实的投票活动，平均二十次里至多一次会有提示。"
        "请结合原始记录由人判断，确有问题的，两人同意后作废。",
        "What honest voting hardly ever does: votes all at once, from one block of numbers, from consecutive "
        "numbers, in one wording, as regular as a machine. It only points: no vote is any different for it, "
        "and of twenty honest campaigns at most one is pointed at. Look at the messages; two people void "
        "what is wrong.",
    ),
    "anomalies_none": Said(
        "还没有检查过：投票期间定时检查，每次导出时也会一并检查。",
        "Nobody has looked yet: while votes come in the server looks from time to time, and so does every "
        "export.",
    ),
    "anomalies_kept_back": Said(
        "按规则截止前不公布票数，截止后再检查。", "Figures are kept back until the close; so is this."
    ),
    "anomalies_of": Said("最近一次检查的条目数", "entries at the last look"),
    "anomalies_to_exports": Said("到“导出”重新检查", "Look again under Exports"),
    "anomalies_clean": Said("没有异常。", "Nothing stands out."),
    "callers": Said("计票号码", "counted callers"),
    "unplaced": Said("归属地不明", "from an unknown place"),
    "concern": Said(
        "{candidate}：{families} 类迹象，涉及 {votes} 票",
        "{candidate}: kinds of sign: {families}; votes: {votes}",
    ),
    "family": Said("类别", "Kind"),
    "found": Said("发现", "What"),
    "chance": Said("偶然概率", "By chance"),
    "examples": Said("消息", "Messages"),
    "severity": Said("严重度", "severity"),
    "severity_text": Said(
        "严重度是类别数 × 涉及票数 ÷ 第一名的领先票数：大于 1 才可能影响名次。",
        "Severity is kinds × votes involved ÷ the leader's margin: below 1 it can hardly have decided much.",
    ),
}
