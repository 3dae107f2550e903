"""What the page of receipts says, in Simplified Chinese and in English: plain data.

`STANDINGS` are what became of a message, as its sender is told: a heading, and a sentence. None says, or
lets anybody conclude, whom a message was for.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

from config.wording import Said

WORDS: Final[Mapping[str, Said]] = {
    "receipt": Said("查询回执", "Look up a receipt"),
    "receipt_intro": Said(
        "如果您收到了 12 位的回执码（一般在短信回复里），在这里可以查到您的消息是否计票。",
        "If you were given a receipt code of 12 characters, usually in the reply to your SMS, see here what "
        "became of your message.",
    ),
    "receipt_code": Said("回执码", "Receipt code"),
    "receipt_hint": Said(
        "例如 7Q4K-9XWM-2T0R。大小写和短横线都不影响；没有字母 O、I、L，只有数字 0 和 1。",
        "Such as 7Q4K-9XWM-2T0R. Case and hyphens do not matter; what looks like O, I or L is 0 or 1.",
    ),
    "receipt_look": Said("查询", "Look it up"),
    "receipt_answer": Said("查询结果", "What became of it"),
    "receipt_vote": Said("投票活动", "Vote"),
    "receipt_received": Said("收到时间", "Received"),
    "receipt_entry": Said("账本条目号", "Entry in the ledger"),
    "receipt_proof": Said("证明", "Proof"),
    "receipt_download": Said("下载证明文件", "Download the proof"),
    "receipt_soon": Said("正在签名，请稍后再查", "Being signed: look again in a moment"),
    "receipt_nothing": Said("—", "—"),
    "receipt_secret": Said(
        "这里不显示投给了谁，也不显示电话号码；任何人拿到回执码都查不到。候选人此后退出，不会在这里显示。",
        "Whom the vote was for is never shown here, nor a number: nobody can learn it from a code. What "
        "happens to a candidate afterwards does not show here either.",
    ),
    "receipt_open": Said(
        "这里不显示投给了谁，也不显示电话号码。但本次投票的选票公开：账本的这个条目写明了选择，拿到回执码的人可以在公开的账本里看到。",
        "Whom the vote was for is not shown here, nor a number. But ballots are open in this vote: its entry "
        "in the published ledger says what was chosen, and whoever has the code can read it there.",
    ),
    "receipt_held": Said(
        "“{votes}”的选票公开，因此回执码要到结果正式核定之后才能查询，届时可向组委会索取。",
        "Ballots are open in {votes}: so receipt codes can be looked up only once two people have certified "
        "the result. The committee tells a voter theirs then.",
    ),
    "receipt_voids": Said(
        "本次投票规定：同一号码投票超过限额，其全部投票作废。此后是否如此，这里不显示。",
        "In this vote, a number that votes more often than it may loses all its votes. Whether that happened "
        "afterwards does not show here.",
    ),
    "receipt_was": Said("登记时的结果：{was}。", "When it was recorded: {was}."),
    "receipt_bad_code": Said(
        "回执码应为 12 位字母和数字，请核对后再输入。",
        "A receipt code has twelve letters and digits: check it, and enter it again.",
    ),
    "receipt_wait": Said(
        "查询太频繁。请过 {seconds} 秒再试。", "Too many look-ups. Please try again in {seconds} seconds."
    ),
    "receipt_unavailable": Said(
        "现在暂时查不到。请稍后再试。", "It cannot be looked up just now. Please try again shortly."
    ),
    "receipt_unsigned": Said(
        "没有这个回执码的证明，或者还没有签名。请稍后再试。",
        "There is no proof for this code, or it is not signed yet. Please try again in a moment.",
    ),
}


class Standing(NamedTuple):
    """A heading, and a sentence that explains it."""

    heading: Said
    because: Said


_COUNTED: Final = Said("已计入", "Counted")
_WAITS: Final = Said("等待人工裁定", "Waits for a person")
_NOT: Final = Said("未计入", "Not counted")

#: By the message's outcome, or by what people have made of it since.
STANDINGS: Final[Mapping[str, Standing]] = {
    "counted": Standing(_COUNTED, Said("这条消息的投票已计入。", "A vote in this message counts.")),
    "counted_by_ruling": Standing(
        _COUNTED, Said("经人工裁定，计入投票。", "A person has ruled that it counts.")
    ),
    "waiting": Standing(
        _WAITS, Said("是否计入，将由工作人员裁定。", "A person will decide whether it counts.")
    ),
    "rejected": Standing(_NOT, Said("经人工裁定，不计入。", "A person has ruled that it does not count.")),
    "voided": Standing(
        _NOT, Said("曾经计入，后经两人裁定作废。", "It was counted, and then voided by two people.")
    ),
    "taken_back": Standing(
        _NOT, Said("接线员登记后撤回了。", "The operator who entered it has taken it back.")
    ),
    "repeat": Standing(
        Said("已经投过票", "Already voted"),
        Said(
            "这个号码的投票次数已用完，这一次不再计入。",
            "This number had used up its votes: not counted again.",
        ),
    ),
    "late": Standing(
        Said("太晚", "Late"), Said("投票截止后才收到，未计入。", "It came after the close: not counted.")
    ),
    "early": Standing(
        Said("太早", "Early"), Said("投票尚未开始，未计入。", "Voting had not begun: not counted.")
    ),
    "in_transit": Standing(
        Said("太晚", "Late"),
        Said(
            "截止前发出，宽限期过后才收到，未计入。",
            "It was sent in time, and came after the grace: not counted.",
        ),
    ),
    "unknown_code": Standing(
        _NOT, Said("其中没有可以投票的候选编号。", "No code in it is one that can be voted for.")
    ),
    "withdrawn": Standing(
        _NOT, Said("其中没有可以投票的候选编号。", "No code in it is one that can be voted for.")
    ),
    "no_code": Standing(_NOT, Said("其中没有候选编号。", "There is no code in it.")),
    "unclear": Standing(_NOT, Said("意思不明确。", "What it says is not clear.")),
    "overvote": Standing(_NOT, Said("选的候选太多。", "It names more candidates than a message may.")),
    "undervote": Standing(_NOT, Said("选的候选太少。", "It names fewer candidates than a message must.")),
    "withheld_caller": Standing(_NOT, Said("没有来电号码。", "It came without a number.")),
    "invalid_caller": Standing(
        _NOT, Said("号码不在投票范围内。", "Its number is not one that can vote here.")
    ),
    "barred_caller": Standing(
        _NOT, Said("号码不在投票范围内。", "Its number is not one that can vote here.")
    ),
    "test": Standing(_NOT, Said("这是测试消息。", "It was a test.")),
    "unparsed": Standing(_NOT, Said("无法读取。", "It could not be read.")),
    "not_yet": Standing(
        Said("现在查不到", "Nothing to show now"),
        Said(
            "没有消息有这个回执码，或者现在还不能查询。",
            "No message has this code, or it cannot be looked up yet.",
        ),
    ),
    "lost": Standing(
        Said("内容已遗失", "Its contents were lost"),
        Said(
            "这条消息登记过，但内容随数据库遗失，没有计入；如果之后重新发送过，以重新发送的为准。",
            "It was recorded, but what it said was lost with the database: it does not count, unless it was "
            "sent again since.",
        ),
    ),
    "unknown": Standing(
        Said("没有这个回执码", "No such receipt"),
        Said("没有消息有这个回执码。请核对后再试。", "No message has this code. Check it, and try again."),
    ),
}
