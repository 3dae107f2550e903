"""The fixed words of the rules in sentences, in Simplified Chinese and in English: plain data.

Why a message waits (`WAITS`, `NOTES`), why a person decides (`REASONS`), what acts there are (`KINDS`) and
what they tell (`DETAILS`), why something is not done (`REFUSED`).
"""

from collections.abc import Mapping
from typing import Final

from config.wording import Said
from gateway.pages import words_panel, words_reconcile, words_result

#: Why a message waits, by its outcome; "disputed" where two operators heard different things.
WAITS: Final[Mapping[str, Said]] = {
    "unclear": Said("意思不明确。", "What is wanted is not clear."),
    "in_transit": Said(
        "在截止前发出，宽限期过后才收到。", "It was sent in time, and came after the grace was over."
    ),
    "unparsed": Said("读不出来。", "It could not be read."),
    "unknown_code": Said("像编号，但没有这个候选。", "It looks like a code that nobody has."),
    "overvote": Said("选的人数超过允许的。", "It names more candidates than a ballot may."),
    "withheld_caller": Said("号码被隐藏。", "The number was withheld."),
    "disputed": Said("两位接线员听到的不同。", "Two operators heard different things."),
}

#: What stopped the reading, in the words of `selections.Reading.why`, `Placement.note` and `payload.Reason`.
NOTES: Final[Mapping[str, Said]] = {
    "unknown": Said("其中的编号没有对应的候选", "nobody has the code in it"),
    "doubt": Said("编号旁有“不”“改”之类的字", "a word such as 不, 改 or “not” stands beside a code"),
    "ambiguous": Said(
        "有不带字母的数字，或可能是编号的词", "a number without its letter, or a word that may be a code"
    ),
    "range": Said("像一个范围，例如 A01-A03", "it may be a range, such as A01-A03"),
    "overlap": Said("两个候选的名称重叠", "the names of two candidates run into each other"),
    "signature": Said("编号只出现在签名里", "the code stands in a signature only"),
    "too_long": Said("文字太长，系统不读", "it is longer than any text is read"),
    "spoken": Said("接线员没有听清", "the operator could not make it out"),
    "future": Said(
        "来源给的时间太超前，按本机时间判断", "its sender's clock was too far ahead; ours decided"
    ),
    "not_utf8": Said("不是 UTF-8 文字", "it is not UTF-8"),
    "not_json": Said("不是完整的 JSON", "it is not whole JSON"),
    "too_deep": Said("JSON 嵌套太深", "its JSON is nested too deeply"),
    "duplicate_key": Said("JSON 中同一个键出现两次", "a key stands in its JSON twice"),
    "not_a_number": Said("数字不是数字", "a number in it is none"),
    "number_too_large": Said("数字太大", "a number in it is too large"),
    "bad_escape": Said("网址编码有误", "its URL encoding is broken"),
    "too_many_fields": Said("字段太多", "it has too many fields"),
    "repeated_field": Said("同一个字段出现两次", "a field stands in it twice"),
    "wrong_shape": Said("结构与约定不符", "it is not of the agreed shape"),
    "unknown_type": Said("类型未知", "its type is unknown"),
    "too_many_messages": Said("一次带来的消息太多", "it brings too many messages at once"),
    "no_message_id": Said("没有消息编号", "it has no message id"),
    "no_caller_field": Said("没有号码字段", "it has no field for the number"),
    "no_text_field": Said("没有文字字段", "it has no field for the text"),
    "text_too_long": Said("文字超过上限", "its text is over the limit"),
    "caller_too_long": Said("号码字段太长", "its number is too long to be one"),
    "bad_time": Said("时间写法有误", "its time cannot be read"),
    "bad_charset": Said("字符编码未知", "its charset is unknown"),
    "message_part": Said("长短信的一部分，其余没有到", "it is a part of a long SMS"),
    "encrypted": Said("内容是加密的", "it is encrypted"),
    "unmapped_choice": Said("设置里没有这个按键选择", "the choice is not in the source's map"),
}

#: Why a person decides, in words of `acts.REASONS`.
REASONS: Final[Mapping[str, Said]] = {
    "clear_to_a_person": Said("人看得明白", "clear to a person"),
    "delayed_by_the_network": Said("网络延误", "delayed by the network"),
    "transcribed": Said("由人转写", "transcribed by a person"),
    "caller_confirmed": Said("本人已确认", "the caller has confirmed it"),
    "no_clear_wish": Said("看不出要选谁", "no clear wish"),
    "no_such_candidate": Said("没有这个候选", "no such candidate"),
    "not_a_vote": Said("不是投票", "not a vote"),
    "too_late": Said("太晚", "too late"),
    "cannot_be_read": Said("无法读取", "cannot be read"),
    "first_entry_right": Said("第一次登记正确", "the first entry is right"),
    "wrong_number": Said("号码输错", "wrong number"),
    "wrong_choice": Said("选错候选", "wrong choice"),
    "caller_changed_mind": Said("来电人改主意", "the caller changed their mind"),
    "test_call": Said("测试来电", "a test call"),
    "fraud": Said("舞弊", "fraud"),
    "operator_slip": Said("接线员登记有误", "an operator's slip"),
    "bought_votes": Said("买票", "bought votes"),
    "bulk_sender": Said("群发", "bulk sender"),
    "court_or_supervisor": Said("法院或主管部门决定", "a court or supervisor decided"),
    "entries_differ": Said("两次登记不同", "two entries differ"),
    "at_own_wish": Said("本人要求", "at its own wish"),
    "disqualified": Said("取消资格", "disqualified"),
    "no_longer_eligible": Said("不再符合条件", "no longer eligible"),
    "staff_line": Said("工作人员线路", "a line of the staff"),
    "barred_by_mistake": Said("误列禁投", "barred by mistake"),
    "channel_failure": Said("投票途径故障", "a channel failed"),
    "network_failure": Said("网络故障", "the network failed"),
    "committee_decision": Said("组委会决定", "the committee decided"),
    "vote_compromised": Said("投票受到破坏", "the vote is compromised"),
    "adjudication": Said("裁定需要", "to rule on it"),
    "complaint": Said("投诉", "a complaint"),
    "fraud_inquiry": Said("调查舞弊", "an inquiry into fraud"),
    "caller_asked": Said("来电人要求", "the caller asked for it"),
    "retention_over": Said("保存期满", "the time to keep it is over"),
    "reconciliation": Said("与运营商核对", "to reconcile with the operator's figures"),
    "points_given": Said("提交评分", "points given"),
    "drawn": Said("抽签", "drawn"),
    **words_result.REASONS,
}

#: What acts there are.
KINDS: Final[Mapping[str, Said]] = {
    "config": Said("规则登记", "Rules recorded"),
    "open": Said("开始投票", "Opened"),
    "close": Said("结束投票", "Closed"),
    "adjudicate": Said("裁定", "Ruling"),
    "undo": Said("接线员撤回", "Taken back by the operator"),
    "void": Said("作废", "Voided"),
    "dispute": Said("两次登记不同", "Entries differ"),
    "withdraw": Said("候选退出", "Candidate withdrawn"),
    "bar": Said("禁投号码", "Line barred"),
    "unbar": Said("解除禁投", "Line let vote again"),
    "schedule": Said("更改截止时间", "Close changed"),
    "reveal": Said("查看完整号码", "Number seen"),
    "erase": Said("销毁内容", "Contents erased"),
    **words_result.KINDS,
    "score": Said("提交评分表", "Score sheet submitted"),
    "lot": Said("抽签", "Lot drawn"),
    "gap": Said("条目遗失，新账本开始", "Entries lost, new epoch begun"),
}

#: What an act's public part tells, by the ledger's names.
DETAILS: Final[Mapping[str, Said]] = {
    "altered": Said("内容不同", "altered"),
    "anonymous": Said("匿名", "anonymous"),
    "came_on": Said("收到日期", "came on"),
    "candidate": Said("候选", "candidate"),
    "channel": Said("方式", "by way of"),
    "closes_ms": Said("截止", "closes"),
    "compared": Said("核对方式", "compared by"),
    "contest": Said("项目", "contest"),
    "down": Said("当时停机的节点", "nodes that were down"),
    "due_ms": Said("答复期限", "answer due"),
    "early": Said("提前截止", "closed early"),
    "everybody": Said("所有人", "everybody's"),
    "extra": Said("我方多出", "extra here"),
    "ledger": Said("账本条目数", "entries of the ledger"),
    "logs": Said("日志（保留/原有）", "logs (kept/had)"),
    "lost": Said("丢失", "lost"),
    "manifest": Said("导出清单", "export's manifest"),
    "matched": Said("一致", "agree"),
    "messages": Said("消息数", "messages"),
    "missing": Said("我方缺少", "missing here"),
    "notice": Said("公示", "notice"),
    "objection": Said("异议", "objection"),
    "order": Said("抽签次序", "order drawn"),
    "outcome": Said("结果", "outcome"),
    "recorded": Said("我方条数", "recorded here"),
    "release": Said("释放次数", "caps come free"),
    "result": Said("结果指纹", "result’s fingerprint"),
    "roots": Said("各日志的根", "roots of the logs"),
    "rows": Said("对账单条数", "rows of the statement"),
    "rules": Said("规则指纹", "rules’ fingerprint"),
    "seen": Said("已见其他日志的条目", "entries seen of other logs"),
    "shifted": Said("时间不同", "shifted in time"),
    "source": Said("来源", "source"),
    "statements": Said("对账单", "statements"),
    "verdict": Said("裁定", "verdict"),
    "winners": Said("入选", "winners"),
}

#: Why something is not done: `revise.REFUSALS`, `proposals.REFUSALS`, and what is wrong with a form.
REFUSED: Final[Mapping[str, Said]] = {
    "no_such_message": Said(
        "账本中没有这条消息。请核对条目号。", "The ledger has no such message: check the entry number."
    ),
    "no_such_entry": Said(
        "账本中没有“{quoted}”这一条。请核对条目号。", "The ledger has no entry “{quoted}”: check the number."
    ),
    "erased": Said("内容已销毁，不能再裁定。", "What it said has been erased: it cannot be ruled on."),
    "twice": Said("同一条消息或候选出现了两次。", "A message, or a candidate, is named twice."),
    "no_reason": Said("请选择理由。", "Choose a reason."),
    "not_waiting": Said(
        "这条消息已有人裁定。请看下一条。", "Somebody has ruled on it already: go on to the next."
    ),
    "not_disputed": Said(
        "只有两次登记不同的消息才能维持第一次登记。", "Only where two entries differ can the first be kept."
    ),
    "already_waiting": Said("这条消息已在等待裁定。", "It waits for a ruling already."),
    "needs_two": Said("这需要两个人。", "This takes two people."),
    "same_person": Said(
        "提出和同意须是两个不同的账号，请另一位成员同意。",
        "Whoever proposes cannot agree: another member must, from another account.",
    ),
    "no_selection": Said("请选择计为哪个候选。", "Choose whom it counts for."),
    "no_candidate": Said(
        "没有这个候选。请从名单中选择。", "There is no such candidate: choose from the list."
    ),
    "too_many": Said("选的人数超过一张票允许的。", "A ballot may not name so many."),
    "too_few": Said("选的人数少于一张票要求的。", "A ballot must name more."),
    "own_line": Said(
        "这条消息有自己的号码，不能算到别的号码上。",
        "The message has a number of its own, and cannot be counted for another.",
    ),
    "before_opening": Said(
        "这条消息收到时投票尚未开始，不能计票。",
        "It came before the vote opened, and cannot be counted.",
    ),
    "not_yours": Said("这不是您接的电话。", "That call is not yours."),
    "too_late": Said(
        "已经太晚：截止时间已过，或新的时间不在将来。", "Too late: that close has passed, or the new one has."
    ),
    "nothing_to_undo": Said("没有可撤回的。", "There is nothing to take back."),
    "nothing_to_void": Said(
        "没有已计的票可作废，也可能已被作废。",
        "No counted vote is there to be voided; it may have been voided already.",
    ),
    "barred_line": Said("这个号码在禁投或测试名单上。", "That number is barred, or a test line."),
    "already_withdrawn": Said("该候选已经退出。", "The candidate has withdrawn already."),
    "already_barred": Said("该号码已在禁投名单上。", "The line is barred already."),
    "not_barred": Said("该号码不在禁投名单上。", "The line is not barred."),
    "not_a_line": Said(
        "这不是可以投票的号码。请按平常写法输入。", "That is no number that may vote: write it as usual."
    ),
    "not_open": Said("投票尚未开始，或已经结束。", "The vote has not opened, or is closed."),
    "nothing_changes": Said("截止时间没有变化。", "No close would change."),
    "changed": Said(
        "情况已经改变，与您看到的不同，没有执行。请重新查看再决定。",
        "Something has changed since you looked: nothing was done. Look again, and decide anew.",
    ),
    "no_such_proposal": Said("没有这个提议。", "There is no such proposal."),
    "proposer_gone": Said(
        "提议人的账号已停用，或不再属于本次投票的组委会。请重新提议。",
        "The account of whoever proposed it is disabled, or not on this committee any more. Propose it anew.",
    ),
    "already_done": Said("这个提议已经执行过了。", "It has been done already."),
    "was_declined": Said("这个提议已被否决。", "It was declined."),
    "was_withdrawn": Said("提出人已撤回这个提议。", "Whoever proposed it has withdrawn it."),
    "stale": Said(
        "提议超过 15 分钟，已失效。请重新提出。", "It is over 15 minutes old, and void: propose it anew."
    ),
    "other_parameters": Said(
        "要同意的内容与所显示的不同，没有执行。请刷新页面后再看。",
        "What would be agreed to is not what was shown: nothing was done. Reload the page, and look again.",
    ),
    "interrupted": Said(
        "执行时服务器中断。请在操作记录中查看是否已执行；没有就重新提出。",
        "The server stopped meanwhile. See in the log of acts whether it was done; if not, propose it anew.",
    ),
    "already_proposed": Said(
        "已有相同的提议，正等待另一位成员同意。",
        "The same is proposed already, and waits for another member to agree.",
    ),
    "form": Said(
        "表单内容无法读取，请返回页面再试。",
        "The form could not be read: go back to the page, and try again.",
    ),
    "bad_time_form": Said("请填写日期和时间。", "Enter a date and a time."),
    "no_votes_to_void": Said(
        "请填写条目号、号码，或选择一个禁投号码。", "Name an entry or a number, or choose a barred line."
    ),
    "too_many_messages": Said(
        "一次最多 500 条消息，请分几次。", "No more than 500 messages at once: do it in several parts."
    ),
    "unavailable": Said(
        "数据库暂时不能写入，没有记录。请稍后再试。",
        "The database cannot be written just now: nothing is recorded. Try again shortly.",
    ),
    **words_panel.REFUSED,
    **words_reconcile.REFUSED,
    **words_result.REFUSED,
}
