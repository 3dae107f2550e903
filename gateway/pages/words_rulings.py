"""The committee's pages for rulings, acts and records, in Simplified Chinese and in English: plain data.

As in `words`: braces name values, and labels stand before figures. A section a page.
"""

from collections.abc import Mapping
from typing import Final

from config.wording import Said

#: On each of these pages.
SHARED: Final[Mapping[str, Said]] = {
    "sms": Said("短信", "SMS"),
    "hotline": Said("热线", "Hotline"),
    "entry": Said("条目", "Entry"),
    "time": Said("时间", "Time"),
    "number": Said("号码", "Number"),
    "no_number": Said("无号码", "no number"),
    "channel": Said("途径", "Channel"),
    "source": Said("来源", "Source"),
    "outcome": Said("结果", "Outcome"),
    "choices": Said("选择", "Choices"),
    "reason": Said("理由", "Reason"),
    "note": Said("备注", "Note"),
    "note_hint": Said(
        "只有组委会能看到，加密保存。理由会公开写入账本。",
        "For the committee only, and sealed. The reason stands in the ledger for all to read.",
    ),
    "by": Said("提出人", "By"),
    "second": Said("同意人", "Agreed by"),
    "ruled_out": Said("裁定不计", "ruled out"),
    "nobody": Said("没有选择任何候选", "nobody"),
    "withdrawn": Said("已退出", "withdrawn"),
    "text_as_sent": Said("原文", "As sent"),
    "text_spoken": Said("接线员记下的话", "The operator's words"),
    "text_digits": Said("按键", "Keys pressed"),
    "text_none": Said("（空白）", "(empty)"),
    "raw": Said("收到的字节", "The bytes that came"),
    "raw_hint": Said(
        "共 {bytes} 字节。不可见的字节写成 \\x..；连续七位以上的数字已遮盖。",
        "{bytes} bytes. What cannot be shown is written \\x..; runs of seven digits or more are masked.",
    ),
    "received": Said("收到", "Received"),
    "sent": Said("发出", "Sent"),
    "closes": Said("该途径截止", "That channel's close"),
    "came_after": Said(
        "收到时已经截止：内容表明是截止前发出的，才可计票。",
        "It came after the close: count it only if what it says shows that it was sent before.",
    ),
    "first_entry": Said("第一次登记", "First entry"),
    "second_entry": Said("第二次登记", "Second entry"),
    "heard_nobody": Said("没有听出任何候选", "heard nobody"),
    "history": Said("全部经过", "Its history"),
    "to_record": Said("查看全部经过", "See its history"),
    "kept_back": Said(
        "本次投票在结束之前不显示票数（committee_totals）：这里不显示消息选了谁。",
        "This vote keeps its figures back until the close (committee_totals): choices are not shown.",
    ),
    # telling a number
    "reveal": Said("查看完整号码", "See the whole number"),
    "reveal_hint": Said(
        "须填理由；谁在何时为何查看，会写入账本。",
        "Needs a reason. Who looked, when and why is recorded in the ledger.",
    ),
    "revealed": Said("完整号码", "The whole number"),
    "revealed_none": Said("这条消息没有号码。", "The message has no number."),
    "revealed_once": Said(
        "只显示这一次，请勿抄录。再次查看须再填理由。",
        "It is shown this once: do not copy it. To see it again, give a reason again.",
    ),
    "revealed_raw": Said("收到的字节，未遮盖", "The bytes that came, unmasked"),
    "download": Said("下载（Base64）", "Download (Base64)"),
    "refused": Said("没有执行：", "Not done: "),
    "done_ruled": Said("裁定已写入账本。", "The ruling is recorded."),
    "done_proposed": Said(
        "已提出，等待另一位成员同意（15 分钟内有效）。",
        "Proposed: another member must agree within 15 minutes.",
    ),
    "done_approved": Said("已同意并写入账本。", "Agreed, and recorded."),
    "done_declined": Said("已否决，没有执行。", "Declined. Nothing was done."),
    "done_withdrawn": Said("已撤回，没有执行。", "Withdrawn. Nothing was done."),
}

RULINGS: Final[Mapping[str, Said]] = {
    "rulings": Said("待裁定", "Rulings"),
    "tab_waiting": Said("待裁定", "Waiting"),
    "tab_agree": Said("待同意", "To be agreed"),
    "none_wait": Said("没有待裁定的消息。", "No message waits for a ruling."),
    "none_wait_more": Said(
        "规则不能确定的消息会出现在这里，从最早的开始。",
        "What the rules leave open appears here, oldest first.",
    ),
    "docket": Said("待裁定的消息，从最早的开始", "Messages that wait, oldest first"),
    "waiting_now": Said("待裁定", "Waiting"),
    "next_page": Said("后面的消息", "Those after these"),
    "first_page": Said("回到最早的", "Back to the oldest"),
    "seen": Said("系统看到的候选", "Candidates that were seen in it"),
    "seen_none": Said("没有看出任何候选。", "None was seen."),
    "pick_keep": Said("维持第一次登记", "Keep the first entry"),
    "pick_second": Said("按第二次登记计票", "Count as the second entry"),
    "verdict": Said("裁定", "Ruling"),
    "count": Said("计票", "Count"),
    "count_as": Said("计为", "Count as"),
    "reject": Said("不计", "Reject"),
    "keep": Said("维持第一次登记", "Keep the first entry"),
    "count_reason": Said("计票的理由", "Why it counts"),
    "reject_reason": Said("不计的理由", "Why it does not"),
    "find": Said("按编号或名称查找", "Find by code or name"),
    "find_more": Said(
        "符合的候选：{n}。请输入到只剩一个。", "Candidates that fit: {n}. Type until one is left."
    ),
    "line": Said("来电或发信号码", "The caller's number"),
    "line_hint": Said(
        "这条消息没有可用的号码。如果您能读出号码，请填写，票数上限按该号码计算；读不出就留空。",
        "The message has no number of its own. If you can read one, enter it: its caps apply.",
    ),
    "alike": Said(
        "对全部 {n} 条文字完全相同的消息作同样裁定", "Rule alike on all {n} messages with the identical text"
    ),
    "alike_hint": Said("要么全部裁定，要么一条也不裁定。", "All of them are ruled on, or none."),
    "record": Said("记录裁定", "Record the ruling"),
    "propose": Said("提出裁定", "Propose the ruling"),
    "two_rule": Said(
        "本次投票由两人裁定：您提出，另一位成员在 15 分钟内同意。",
        "Two people rule in this vote: you propose, another member agrees within 15 minutes.",
    ),
    "choose_first": Said("请先选择裁定。", "Choose a ruling first."),
    "will_count": Said("计为 {whom} · {reason}", "Count as {whom} · {reason}"),
    "will_reject": Said("不计 · {reason}", "Reject · {reason}"),
    "will_keep": Said("维持第一次登记", "Keep the first entry"),
    "will_alike": Said("共 {n} 条", "{n} messages"),
    "then_enter": Said("按 Enter 记录", "Enter records it"),
    "ruled_entry": Said("账本第 {entry} 条", "ledger entry {entry}"),
    "proposed_wait": Said("等待另一位成员同意", "Waits for another member"),
    "proposed_by": Said(
        "{by} 已提出裁定，等待另一位成员同意", "{by} has proposed a ruling; another member must agree"
    ),
    "all_ruled": Said(
        "这一页都已裁定。按 Enter 继续。", "All on this page are ruled on. Press Enter to go on."
    ),
    "lost_contact": Said(
        "没有连上服务器，这条裁定没有记录。请再按 Enter。",
        "The server could not be reached, and this ruling is not recorded. Press Enter again.",
    ),
    # keys
    "keyboard": Said("按键", "Keys"),
    "keys_text": Said(
        "先用一个键选择裁定，再按 Enter 记录。输入文字时这些键不起作用，按 Esc 离开输入框。",
        "One key picks the ruling, Enter records it. They do nothing while you type; Esc leaves a field.",
    ),
    "keys_on": Said("使用按键", "Use these keys"),
    "key_digit": Said("选择系统看到的第几个", "pick what was seen, by its number"),
    "key_c": Said("按编号或名称选择候选", "choose a candidate by code or name"),
    "key_r": Said("不计；再按数字选理由", "reject; then a digit for the reason"),
    "key_w": Said("选择计票的理由", "choose why it counts"),
    "key_k": Said("维持第一次登记（两次登记不同时）", "keep the first entry (where two differ)"),
    "key_a": Said("全部相同文字一并裁定", "all with the identical text"),
    "key_n": Said("备注", "note"),
    "key_v": Said("查看完整号码", "see the whole number"),
    "key_enter": Said("记录裁定", "record the ruling"),
    "key_esc": Said("清除选择，离开输入框", "clear the choice, leave a field"),
    "key_move": Said("下一条、上一条", "next, previous"),
    "key_help": Said("显示或关闭本说明", "show or close this"),
    "close_help": Said("关闭", "Close"),
}

ACTS: Final[Mapping[str, Said]] = {
    "acts": Said("操作", "Acts"),
    "acts_text": Said(
        "每项操作先显示将要发生什么，确认后才执行，并写入账本。",
        "Each act shows first what exactly will happen. When you confirm, it is done and recorded.",
    ),
    "open_proposals": Said("等待第二人同意", "Waiting for a second person"),
    "none_proposed": Said("目前没有等待同意的提议。", "Nothing waits for a second person."),
    "needs_two": Said("须两人", "two people"),
    "needs_two_text": Said(
        "须两人：您提出后，另一位成员在 15 分钟内同意才会执行。",
        "Two people: you propose it, and it is done when another member agrees within 15 minutes.",
    ),
    "needs_one_text": Said("确认后立即执行。", "It is done as soon as you confirm."),
    "minutes_left": Said("剩余分钟", "Minutes left"),
    "until": Said("有效至", "Until"),
    "approve": Said("同意并执行", "Agree and do it"),
    "decline": Said("否决", "Decline"),
    "take_back": Said("撤回提议", "Withdraw the proposal"),
    "own_proposal": Said("您提出的，须由另一位成员同意。", "Yours: another member must agree."),
    "fingerprint": Said("操作指纹", "Fingerprint of the act"),
    "fingerprint_hint": Said(
        "SHA-256，包含上面的全部内容。所同意的正是这些内容。",
        "SHA-256 over all of the above: that is what is agreed to, and nothing else.",
    ),
    "ended_proposals": Said("最近的提议", "Recent proposals"),
    "state_approved": Said("已同意", "agreed"),
    "state_declined": Said("已否决", "declined"),
    "state_withdrawn": Said("已撤回", "withdrawn"),
    "state_stale": Said("已过期", "out of time"),
    "state_interrupted": Said("中断", "interrupted"),
    "log_of_acts": Said("操作记录", "Log of acts"),
    "what": Said("操作", "Act"),
    "review": Said("查看将要发生什么", "See what will happen"),
    "confirm": Said("请确认", "Please confirm"),
    "confirm_do": Said("确认执行", "Do it"),
    "confirm_propose": Said("提出，交另一位成员同意", "Propose it to another member"),
    "confirm_change": Said("更改", "Change it"),
    "confirm_drop": Said("放弃，不保留所填内容", "Drop it, and what was entered"),
    "acted": Said("已写入账本：第 {entries} 条。", "Recorded in the ledger: entry {entries}."),
    "proposed": Said(
        "提议 {id} 已提出，等待另一位成员在 15 分钟内同意。",
        "Proposal {id} waits for another member to agree within 15 minutes.",
    ),
    # each act: its name, and what it does
    "do_withdraw": Said("候选退出", "Withdraw a candidate"),
    "do_withdraw_text": Said(
        "已计的票照常计入并显示，只是不再排名次。", "Its votes stay counted and shown; it is ranked no more."
    ),
    "do_bar": Said("禁投一个号码", "Bar a line"),
    "do_bar_text": Said(
        "该号码此后的消息不再计票；已计的票不变，要去除须作废。",
        "What the line sends from now on does not count. What it has voted stays: to remove that, void it.",
    ),
    "do_unbar": Said("解除禁投", "Let a line vote again"),
    "do_unbar_text": Said(
        "该号码此后的消息照常计票；禁投期间的消息不变。",
        "What the line sends from now on counts. What it sent while barred stays as it is.",
    ),
    "do_void": Said("作废票", "Void votes"),
    "do_void_text": Said(
        "已计的票不再计入。消息本身和原来的结果仍在账本中。",
        "Counted votes count no more. The message and how it ended at first stay in the ledger.",
    ),
    "do_reschedule": Said("更改截止时间", "Change the close"),
    "do_reschedule_text": Said(
        "只能更改尚未到的截止时间，且新的时间须在将来。",
        "Only a close that has not come can be changed, and only to a time to come.",
    ),
    "do_close": Said("结束投票", "Close the vote"),
    "do_close_text": Said(
        "到时会自动结束。提前结束须两人。",
        "A vote closes by itself when it is due. To close it early takes two people.",
    ),
    "do_adjudicate": Said("裁定", "Ruling"),
    # fields
    "candidate": Said("候选", "Candidate"),
    "choose": Said("请选择", "Choose"),
    "bar_number": Said("电话号码", "Telephone number"),
    "bar_number_hint": Said(
        "按平常写法，例如 138 1234 5678。", "As it is usually written, such as 138 1234 5678."
    ),
    "barred_lines": Said("已禁投的号码", "Barred lines"),
    "no_barred": Said("没有禁投的号码。", "No line is barred."),
    "void_what": Said("作废哪些票", "Which votes"),
    "void_entries": Said("账本条目号", "Ledger entries"),
    "void_entries_hint": Said(
        "一个或几个，用逗号分开。条目号见“记录”。", "One or several, with commas. Records shows them."
    ),
    "void_number": Said("或者，一个号码已计的全部票", "Or all counted votes of a number"),
    "void_barred": Said("或者，一个禁投号码已计的全部票", "Or all counted votes of a barred line"),
    "void_caller_of": Said(
        "第 {entry} 条来自的号码，其已计的全部票", "All counted votes of whoever sent entry {entry}"
    ),
    "void_release": Said("票数上限", "The caller's caps"),
    "release_no": Said("不恢复（舞弊）：该号码不能再投", "stay used (fraud): the caller cannot vote again"),
    "release_yes": Said(
        "恢复（登记有误）：该号码可以再投", "come free (an entry was wrong): the caller can vote again"
    ),
    "closes_of": Said("{channel}截止", "{channel} close"),
    "closes_hint": Said("{zone} 时间，当前为 {now}", "{zone} time; now {now}"),
    "close_due": Said("宽限期已过，可以结束。", "The last grace is over: the vote can be closed."),
    "close_early": Said(
        "宽限期到 {settled} 才结束：现在结束属于提前结束。",
        "The last grace ends at {settled}: to close it now is to close it early.",
    ),
    "not_open_now": Said("投票尚未开始，或已经结束。", "The vote has not opened, or is closed."),
    # what will happen
    "fact_candidate": Said("候选", "Candidate"),
    "fact_line": Said("号码", "Line"),
    "fact_votes": Said("已计的票", "Counted votes"),
    "fact_messages": Said("消息", "Messages"),
    "fact_caps": Said("票数上限", "Caps"),
    "fact_verdict": Said("裁定", "Ruling"),
    "fact_reason": Said("理由（公开）", "Reason (public)"),
    "fact_note": Said("备注（组委会）", "Note (committee)"),
    "fact_close": Said("截止时间", "Close"),
    "fact_by": Said("提出人", "Proposed by"),
    "fact_at": Said("提出时间", "Proposed at"),
    "before": Said("之前", "Before"),
    "after": Said("之后", "After"),
    "counts_change": Said("票数变化", "How the figures change"),
    "counts_none": Said("票数不变。", "No figure changes."),
    "change": Said("变化", "Change"),
    "rank": Said("名次", "Rank"),
    "votes": Said("票数", "Votes"),
    "ranks_change": Said("名次变化", "How the ranks change"),
    "who_affected": Said("涉及的消息", "Messages it is about"),
    "stay_withdraw": Said(
        "该候选已计的票照常计入和显示；其他候选的票数不变。",
        "Its counted votes stay counted and shown; no other candidate's figure changes.",
    ),
    "stay_withdraw_keep": Said(
        "投给它的人，票数上限不恢复（withdrawal = keep）。",
        "The caps of those who voted for it stay used (withdrawal = keep).",
    ),
    "stay_withdraw_release": Said(
        "投给它的人，票数上限恢复，可以再投（withdrawal = release）。",
        "The caps of those who voted for it come free: they can vote again (withdrawal = release).",
    ),
    "stay_bar": Said(
        "该号码已计的票不变。要去除，请另行作废（两人）。",
        "What the line has voted stays counted. To remove it, void it (two people).",
    ),
    "stay_unbar": Said(
        "禁投期间收到的消息不会补计。", "Messages that came while it was barred are not counted afterwards."
    ),
    "stay_void": Said(
        "消息和它原来的结果仍在账本中；每条消息各有一条作废记录。",
        "The messages and how they ended at first stay in the ledger; each has its own entry for this.",
    ),
    "stay_reschedule": Said(
        "已经收到的票按收到时公布的截止时间判断，不变。",
        "Votes already received stay as they are: each was judged by the close announced when it came.",
    ),
    "stay_close_early": Said(
        "从执行的那一刻起，发来的消息不再计票；已收到的不变。请确认通话记录都已导入。",
        "What is sent after it is done counts no more; what was received stays. Have every call log in.",
    ),
    "stay_close_due": Said(
        "规则规定的时间都已过去，票数不变。", "All that the rules allow for is over; no figure changes."
    ),
    "stay_close_waiting": Said(
        "待裁定的消息（{n}）结束后仍可裁定；裁定完毕之前结果是临时的。",
        "Messages that wait ({n}) can be ruled on after the close; until then the result is provisional.",
    ),
    "stay_adjudicate": Said(
        "账本中的原文和最初的结果不变。", "The text and how it ended at first stay in the ledger."
    ),
}

RECORDS: Final[Mapping[str, Said]] = {
    "records": Said("记录", "Records"),
    "receipt_code": Said("回执码", "Receipt code"),
    "receipt_later": Said(
        "选票公开，结果核定后才显示", "Ballots are open: shown once the result is certified"
    ),
    "tab_messages": Said("消息", "Messages"),
    "search": Said("查找", "Search"),
    "search_number": Said("号码", "Number"),
    "search_number_hint": Said(
        "完整号码，或遮盖的写法，例如 138****0013。", "Whole, or as it is shown, such as 138****0013."
    ),
    "search_code": Said("候选编号", "Candidate's code"),
    "search_since": Said("从", "From"),
    "search_until": Said("到", "Until"),
    "any": Said("全部", "any"),
    "same_caller": Said("这个号码的全部消息", "All messages of this caller"),
    "of_caller": Said("{number} 的全部消息", "All messages of {number}"),
    "newest": Said("最新的消息", "The newest messages"),
    "found": Said("找到的消息，从最新的开始", "Messages found, newest first"),
    "none_found": Said("没有找到消息。", "No message found."),
    "none_yet": Said("到目前为止没有找到。", "None found so far."),
    "looked": Said("已查看 {n} 条。", "Looked at {n} entries."),
    "go_on_search": Said("继续向前查找", "Go on searching"),
    "older": Said("更早的", "Earlier ones"),
    "all_again": Said("全部消息", "All messages"),
    "forgotten": Said("这次查找已过期，请重新查找。", "That search is forgotten: search again."),
    "record_of": Said("消息：第 {entry} 条", "Message: entry {entry}"),
    "as_received": Said("收到时", "As received"),
    "now": Said("现在", "Now"),
    "erased": Said(
        "这条消息的内容已按规定销毁，只留下账本中的结果。",
        "What it said has been erased as the rules demand; how it ended stays in the ledger.",
    ),
    "on_it": Said("对它做过的", "What was done about it"),
    "nothing_on_it": Said("没有人对它做过任何事。", "Nobody has done anything about it."),
    "became": Said("此后", "Then"),
    "decided_by": Said("按谁的时间", "By whose clock"),
    "clock_arrival": Said("本机收到的时间", "ours, when it came"),
    "clock_provider": Said("来源给出的时间", "the source's"),
    "clock_statement": Said("对账单的时间（补录）", "the statement's, from which it was brought in"),
    "void_this": Said("作废这条消息的票", "Void this message's votes"),
    "void_caller": Said("作废这个号码已计的全部票", "Void all counted votes of this caller"),
    "rule_this": Said("去裁定", "Rule on it"),
    "details": Said("公开内容", "Public detail"),
    "no_acts": Said("没有这样的操作。", "There is no such act."),
    "all_kinds": Said("全部操作", "Every act"),
    "about": Said("关于", "About"),
    "whole_log": Said(
        "最新的在前。公开内容写在账本中；备注只有组委会能看到。",
        "Newest first. The public detail stands in the ledger; notes are the committee's.",
    ),
}
