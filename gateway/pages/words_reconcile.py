"""The page on which statements are compared, in Chinese and in English. Plain data, as in `words`.

`KINDS` and `LIKELY` are printed by the command, too.
"""

from collections.abc import Mapping
from typing import Final

from config.wording import Said

KINDS: Final[Mapping[str, Said]] = {
    "missing": Said("我方缺少", "Missing here"),
    "extra": Said("我方多出", "Extra here"),
    "altered": Said("内容不同", "Altered"),
    "shifted": Said("时间不同", "Shifted in time"),
}

#: Likely reasons, and what to look at: by kind and reason.
LIKELY: Final[Mapping[tuple[str, str], Said]] = {
    ("missing", "not_delivered"): Said(
        "没有送达：对账单有，我方没有收到。可以补录。",
        "It never reached us, though the statement has it. It can be brought in.",
    ),
    ("missing", "outage"): Said(
        "我方当时没有接收：这段时间内连续缺少。可以补录。",
        "We took nothing then: several are missing in one silence. They can be brought in.",
    ),
    ("missing", "listed_twice"): Said(
        "对账单把同一条列了两次。", "The statement lists the same message twice."
    ),
    ("missing", "erased"): Said(
        "这条消息的内容已依法销毁，不能再补录。",
        "What this message said was erased here. It is not to be brought back.",
    ),
    ("missing", "no_number"): Said(
        "没有号码或号码无效，无法对应。", "It has no number, or none that is one, so it cannot be recognised."
    ),
    ("missing", "part_of_longer"): Said(
        "可能是长短信的一段：我方按整条登记。",
        "Likely a part of a longer message, which we have as one.",
    ),
    ("missing", "sent_twice"): Said(
        "十分钟内同号码同内容：运营商重发或重复列出，我方只记一次。",
        "Same number and text within ten minutes: sent again or listed again; we have it once.",
    ),
    ("missing", "unread_here"): Said(
        "我方当时收到一条无法读取的消息，可能就是它。",
        "We have a message from then that could not be read: likely this one.",
    ),
    ("missing", "more_than_ours"): Said("这段时间对账单的条数更多。", "The statement counts more then."),
    ("extra", "not_in_statement"): Said(
        "对账单里没有：请查来源是否被冒用。",
        "The statement knows nothing of it: look whether somebody else could send here.",
    ),
    ("extra", "outside_statement"): Said(
        "在对账单的首尾时间之外：请补齐整个投票期的对账单。",
        "Before the statement begins or after it ends: hand in statements of the whole time.",
    ),
    ("extra", "backfilled"): Said("按另一份对账单补录的。", "It was brought in from another statement."),
    ("extra", "unread_here"): Said(
        "我方无法读取，无从对应。", "It could not be read here, so it has no partner."
    ),
    ("extra", "sent_twice"): Said(
        "十分钟内同号码同内容：来源重发时换了编号，或投票人连发两次。",
        "Same number and text within ten minutes: sent again under another id, or by the voter.",
    ),
    ("extra", "no_number"): Said(
        "没有号码或号码无效，无法对应。", "It has no number, or none that is one, so it has no partner."
    ),
    ("extra", "fewer_than_ours"): Said("这段时间对账单的条数更少。", "The statement counts fewer then."),
    ("altered", "other_caller"): Said("号码不同。", "Another number."),
    ("altered", "other_both"): Said(
        "号码和内容都不同：编号可能重复使用。", "Another number and text: the id may have been used twice."
    ),
    ("altered", "encoding"): Said("编码转换有误。", "The encoding was mistaken."),
    ("altered", "cut_short"): Said("内容被截短。", "The text was cut short."),
    ("altered", "other_text"): Said("内容不同：请调取原始记录。", "Another text: ask for the raw record."),
    ("shifted", "time_zone"): Said(
        "时区不同：相差整小时或整刻钟。", "Another time zone: whole hours, or quarters, apart."
    ),
    ("shifted", "held_back"): Said("送达延迟：我方收到得晚。", "Held back: it reached us later."),
    ("shifted", "clocks_differ"): Said("两边时钟不一致。", "The clocks differ."),
    ("shifted", "hour_edge"): Said(
        "落在两个时段的交界处。", "At the edge of two hours: one side counts it a moment later."
    ),
}

#: Other pages know some of these by other words, so that only this one says them.
RECONCILE: Final[Mapping[str, Said]] = {
    "reconcile": Said("与对账单核对", "Reconciliation"),
    "reconcile_text": Said(
        "导入短信服务商、运营商或话务系统的记录，与账本逐条比对。比对只在本机进行；页面不显示完整号码，"
        "上传的文件不保存。",
        "Hand in the record of a provider, carrier or telephone system: it is compared with the ledger, "
        "message by message. Nothing leaves this machine, no whole number is shown, no file is kept.",
    ),
    "sources": Said("各来源", "Sources"),
    "source": Said("来源", "Source"),
    "our_messages": Said("我方条数", "Messages here"),
    "source_state": Said("核对情况", "State"),
    "state_open": Said("未核对", "not compared"),
    "state_compared": Said("已核对", "compared"),
    "state_differs": Said("有差异，须两人在“结果”中接受", "differs: two people accept it under Result"),
    "state_stale": Said("核对后又有新消息，须再核对", "has had messages since: compare again"),
    "state_waived": Said("已由两人免除", "waived by two"),
    "not_closed_yet": Said(
        "投票尚未结束：现在可以试比对，结束后才能补录和登记。",
        "The vote is not closed: you can compare now, and bring in and enter once it is.",
    ),
    "all_compared": Said("全部来源已核对或免除。", "All sources are compared, or waived."),
    "compare": Said("比对", "Compare"),
    "compare_again": Said("（不用脚本时请再选一次文件）", "(without scripts, choose the file again)"),
    "files": Said("对账单（可多选）", "Statements (several at once)"),
    "files_hint": Said(
        "XLSX 或 CSV，合计不超过 {size} MB；XLSX 不超过 20,000 行，更大的请存为 CSV。",
        "XLSX or CSV, {size} MB together; an XLSX of 20,000 rows at most: save larger ones as CSV.",
    ),
    "statement_zone": Said("对账单的时区", "Time zone of the statement"),
    "templates": Said("模板", "Templates"),
    "template_messages": Said("逐条清单", "List of messages"),
    "template_counts": Said("每小时条数", "Counts per hour"),
    "columns_hint": Said(
        "按列名识别：号码、时间、内容、消息编号；或时段、条数。",
        "Columns are recognised by their names: caller, time, text, message id; or hour, count.",
    ),
    "no_file": Said("请选择文件。", "Choose a file."),
    "no_source": Said("请选择来源。", "Choose a source."),
    "faulty": Said("文件不能比对：", "The file cannot be compared:"),
    "damaged": Said(
        "账本中有损坏的条目，无法比对：请管理员运行 televote verify。",
        "An entry of the ledger is damaged, so nothing can be compared: have the administrator run "
        "televote verify.",
    ),
    "was_refused": Said("没有执行。", "Nothing was done."),
    "changed": Said(
        "比对结果与您看到的不同（文件不同，或又有新消息）。请看新的结果。",
        "This comes to something else than you saw (another file, or new messages). Look again.",
    ),
    "figures": Said("比对结果", "What it comes to"),
    "rows": Said("对账单", "Statement"),
    "recorded": Said("我方", "Here"),
    "matched": Said("一致", "Agree"),
    "no_findings": Said("两边完全一致。", "Both agree, message by message."),
    "no_findings_counts": Said("每个时段条数一致。", "The counts agree, hour by hour."),
    "slip": Said("对账单时间整体偏移 {by}。", "All times of the statement are {by} off ours."),
    "erased_note": Said(
        "账本中有 {n} 条消息的内容已销毁，无法逐条对应。",
        "What {n} messages of the ledger said has been erased: they cannot be recognised.",
    ),
    "findings": Said("差异", "Differences"),
    "reason": Said("可能原因", "Likely reason"),
    "count": Said("条数", "Number"),
    "explain": Said("说明", "Explanation"),
    "explain_all": Said("说明这 {n} 条", "Explain these {n}"),
    "explain_one": Said("单独说明第 {n} 项", "Explain item {n} by itself"),
    "bring": Said("补录", "Bring in"),
    "bring_text": Said(
        "补录的消息会标明“补录”，以现在为收到时间、对账单时间为发送时间："
        "截止前发出的进入“待裁定”，不会自动计票。",
        "What is brought in is marked so, received now, and sent when the statement says: what was sent "
        "before the close waits for a ruling, and does not count by itself.",
    ),
    "bring_selected": Said("补录所选", "Bring in what is ticked"),
    "bring_not": Said(
        "对账单没有完整号码或内容，不能补录。",
        "The statement has no whole numbers, or no texts: nothing can be brought in.",
    ),
    "brought": Said("已补录 {n} 条", "{n} brought in"),
    "brought_before": Said("{n} 条原已登记", "{n} were in already"),
    "brought_ahead": Said("{n} 条时间在未来，没有补录", "{n} have a time to come, and were left out"),
    "brought_next": Said(
        "下面是补录后的比对。请裁定其中待裁定的。",
        "Below is how it compares now. Rule on those that wait.",
    ),
    "each": Said("逐条", "One by one"),
    "each_more": Said(
        "这里列出前 {n} 项；全部请用 televote reconcile。",
        "The first {n} are listed here; televote reconcile lists all.",
    ),
    "row": Said("对账单行", "Row"),
    "their_time": Said("对账单时间", "Their time"),
    "our_time": Said("我方时间", "Our time"),
    "number": Said("号码", "Number"),
    "text": Said("内容", "Text"),
    "our_entry": Said("账本条目", "Entry"),
    "ours_is": Said("我方：", "here: "),
    "enter": Said("登记核对", "Enter the reconciliation"),
    "enter_text": Said(
        "写入账本：文件的 SHA-256、各项条数和您的账号。说明只供组委会查阅。"
        "每项差异都有说明才能登记；有差异的，还须两人在“结果”中接受（免除核对）。",
        "The ledger keeps the files' SHA-256, the figures and your account; explanations are for the "
        "committee alone. It is entered once every difference is explained; where anything differs, two "
        "people accept it under Result (waive).",
    ),
    "note": Said("备注（组委会可见）", "Note (for the committee)"),
    "entered": Said("已登记。账本条目 {entry}。", "Entered: entry {entry} of the ledger."),
    "to_result": Said("结果与核定", "Result"),
    "to_rulings": Said("待裁定", "Rulings"),
    "to_log": Said("操作记录", "Log of acts"),
    "zone_note": Said("时间按 {zone}。", "Times are {zone}."),
}

REFUSED: Final[Mapping[str, Said]] = {
    "unexplained": Said(
        "还有差异没有说明。请逐项说明，或由两人免除核对。",
        "Some differences have no explanation: give one for each, or have two people waive it.",
    ),
    "nothing_missing": Said(
        "没有可以补录的行。请勾选原因，并确认对账单有完整号码和内容。",
        "There is no row to bring in: tick a reason, and see that the statement has whole numbers and texts.",
    ),
}
