"""What the committee's room and the observers' pages say, in Simplified Chinese and in English: plain data.

As in `words`: braces name values, and labels stand before figures. A section a page; what is shared
stands first.
"""

from collections.abc import Mapping
from typing import Final

from config.wording import Said
from gateway.pages import words

#: What the public page says too, in the same words.
_PUBLIC: Final = (
    "scheduled open closing closed final sms hotline rank name votes share total seats as_of tied withdrawn "
    "live lost still refresh times"
).split()

SHARED: Final[Mapping[str, Said]] = {key: words.WORDS[key] for key in _PUBLIC}

LIVE: Final[Mapping[str, Said]] = {
    "choose_campaign": Said("选择一项投票", "Choose a vote"),
    "none_here": Said("没有可查看的投票。", "There is no vote for you to see."),
    # the state of the vote
    "provisional_live": Said(
        "临时票数：在投票结束、两人核定之前，随时会变动。",
        "Provisional figures: they may change until the close, and until two people have certified them.",
    ),
    "provisional_closed": Said(
        "投票已结束，结果仍是非正式的：两人核定之前可能变动。",
        "Voting has closed, but the result is unofficial until two people have certified it.",
    ),
    "final_live": Said(
        "结果已由两人核定：这是正式票数。",
        "Two people have certified the result: these are the final figures.",
    ),
    "gap_room": Said(
        "账本有缺口：有 {lost} 条消息随数据库遗失，没有计入（除非之后重新发送）。"
        "由谁决定、遗失了什么，见处理记录。",
        "The ledger has a gap: {lost} messages were lost with a database and count in no figure, unless they "
        "were sent again. Who decided to go on without them, and what they were, is in the log of acts.",
    ),
    "kept_back": Said(
        "本次投票在结束之前不显示各候选的票数（committee_totals）。下面是来票情况和平衡核对。",
        "This vote keeps the candidates' figures back until the close (committee_totals). "
        "Below are the flow of messages and the balance.",
    ),
    "embargo": Said(
        "各候选的票数只按本次投票的公布方式（publish）显示，目前尚未公布。",
        "The candidates' figures are shown only as this vote publishes them, and they are not published now.",
    ),
    "embargo_daily": Said(
        "这里的票数是最近一次公布的，截至 {time}。",
        "The figures shown here are those last published, as of {time}.",
    ),
    # alarms
    "alarms": Said("警报", "Alarms"),
    "alarm_anomalies": Said(
        "有 {found} 处异常，请查看", "{found} things stand out among the votes: look at them"
    ),
    "alarm_silent": Said("来源中断：", "A source is silent:"),
    "alarm_silent_text": Said(
        "已 {minutes} 分钟没有消息。请检查该来源，并告知管理员。",
        "no message for {minutes} minutes. Check it, and tell the administrator.",
    ),
    "alarm_balance": Said("账目不平：", "The figures do not balance:"),
    "alarm_balance_text": Said(
        "收到的消息与各结果之和不相等。请停止一切公布，立即告知管理员。",
        "messages received are not the sum of their outcomes. Publish nothing, call the administrator now.",
    ),
    "alarm_unready": Said("目前不接收投票：", "No votes are taken at the moment:"),
    "alarm_unready_text": Said(
        "{reasons}。发来的投票会被要求稍后重发。", "{reasons}. Senders are asked to send again later."
    ),
    "reason_draining": Said("服务正在停止", "the service is stopping"),
    "reason_store_unavailable": Said("数据库不可写", "the database cannot be written"),
    "reason_queue_full": Said("等候的消息过多", "too many messages are waiting"),
    "reason_task_ended": Said("服务的一部分已停止，须重新启动", "a part of it has ended: restart it"),
    # the figures at the top
    "vitals": Said("概况", "At a glance"),
    "received": Said("收到消息", "Messages received"),
    "last_hour": Said("最近一小时", "in the last hour"),
    "counted": Said("计票消息", "Messages counted"),
    "choices_counted": Said("计入的选择", "choices in the tally"),
    "waiting": Said("待裁定", "Waiting for a ruling"),
    "to_rulings": Said("去裁定", "Rule on them"),
    "some_wait": Said("须由人工裁定", "a person decides"),
    "balance": Said("平衡", "Balance"),
    "balance_ok": Said("相等", "agrees"),
    "balance_bad": Said("不相等", "does not agree"),
    "balance_text": Said("收到 = 各结果之和", "received = sum of outcomes"),
    "intake": Said("接收", "Intake"),
    "ready_yes": Said("正常", "Working"),
    "ready_no": Said("停止", "Stopped"),
    "queued": Said("等候写入", "waiting to be written"),
    # flow
    "flow": Said("每分钟消息", "Messages per minute"),
    "flow_day": Said("24 小时消息", "Messages in 24 hours"),
    "flow_all": Said("开票以来的消息", "Messages since the opening"),
    "span": Said("时间范围", "Stretch of time"),
    "span_hours": Said("3 小时", "3 hours"),
    "span_day": Said("24 小时", "24 hours"),
    "span_all": Said("全程", "All"),
    "per_1": Said("每格一分钟", "a column a minute"),
    "per_10": Said("每格十分钟", "a column ten minutes"),
    "per_60": Said("每格一小时", "a column an hour"),
    "flow_counted": Said("计票", "Counted"),
    "flow_others": Said("其他结果", "Other outcomes"),
    "flow_table": Said("以表格查看", "As a table"),
    "flow_time": Said("时间", "Time"),
    "flow_most": Said("最高", "Highest"),
    "flow_none": Said("这段时间没有消息。", "No messages in this stretch of time."),
    # sources
    "sources": Said("来源", "Sources"),
    "source": Said("来源", "Source"),
    "last_heard": Said("最近收到", "Last heard"),
    "hour": Said("近一小时", "Last hour"),
    "state": Said("状态", "State"),
    "hearing_heard": Said("正常", "heard"),
    "hearing_quiet": Said("暂无消息", "quiet"),
    "hearing_silent": Said("中断", "SILENT"),
    "hearing_never": Said("尚未收到", "not heard yet"),
    "hearing_closed": Said("不在时段内", "outside its window"),
    "no_sources": Said("这项投票没有设置来源。", "No source is set up for this vote."),
    # the balance
    "outcomes": Said("消息的结果", "How messages ended"),
    "outcome": Said("结果", "Outcome"),
    "total_all": Said("合计", "Total"),
    "sum_outcomes": Said("各结果之和", "Sum of outcomes"),
    "choices": Said("选择的结果", "How choices ended"),
    "made": Said("作出的选择", "Choices made"),
    "sum_choices": Said("各结果之和", "Sum of outcomes"),
    "agrees": Said("与各结果之和相等", "equals the sum of outcomes"),
    "disagrees": Said("与各结果之和不相等", "is not the sum of outcomes"),
    "pends": Said("待裁定", "waits for a ruling"),
    # standings
    "standings": Said("得票", "Standings"),
    "placed": Said("名次加框：目前在名额之内。", "A framed rank is within the places for now."),
    # following
    "follow_spoken": Said("票数已更新，截至 {time}", "Figures updated as of {time}"),
    "print": Said("打印", "Print"),
}

#: How a choice ended, in words.
CHOICES: Final[Mapping[str, Said]] = {
    "counted": Said("计入", "in the tally"),
    "over_cap": Said("超过票数上限", "over the cap"),
    "same_candidate": Said("已投过该候选", "voted for the same before"),
    "withdrawn": Said("候选已退出", "the candidate has withdrawn"),
    "pending": Said("待裁定", "waits for a ruling"),
    "rejected": Said("裁定不计", "ruled out"),
    "voided": Said("作废", "voided"),
}

EXPORTS: Final[Mapping[str, Said]] = {
    "export_text": Said(
        "导出前会逐条核对账本并另行重新计票，两者一致才写出文件；与命令 televote export 写出的逐字节相同。",
        "An export re-hashes the ledger and counts it again, and is written only if both agree: "
        "the same bytes as the command televote export writes.",
    ),
    "export_begin": Said("生成导出", "Make an export"),
    "export_again": Said("按现在的账本再生成一次", "Make another, of the ledger as it is now"),
    "export_running": Said("正在核对并计票…", "Checking and counting …"),
    "export_running_text": Said(
        "本页会自动刷新；投票不受影响。", "This page refreshes by itself; votes go on meanwhile."
    ),
    "export_busy": Said(
        "另一项导出正在进行，完成后再试。", "Another export is being made: try again when it is done."
    ),
    "export_failed": Said("导出没有完成。", "The export was not made."),
    "export_failed_text": Said(
        "请把下面的话告诉管理员；账本和票数没有改动。",
        "Tell the administrator what stands below. Ledger and figures are as they were.",
    ),
    "export_none": Said("还没有导出。", "No export has been made yet."),
    "export_none_public": Said("没有可供观察员下载的导出。", "There is no export for observers."),
    "export_kept_back": Said(
        "本次投票在结束之前不显示票数（committee_totals），结束后才能导出。",
        "This vote keeps its figures back until the close (committee_totals): exports are made after it.",
    ),
    "state_of_it": Said("状态", "State"),
    "reports": Said("报告", "Reports"),
    "report": Said("报告", "Report"),
    "report_about": Said("内容", "What it is"),
    "export_file": Said("文件", "File"),
    "export_for": Said("给谁", "For"),
    "export_size": Said("字节", "Bytes"),
    "export_zip_committee": Said("全部文件（ZIP）", "All files (ZIP)"),
    "export_zip_public": Said("可公开的文件（ZIP）", "The public files (ZIP)"),
    "export_keep": Said(
        "保留最近 {keep} 次导出，更早的会删除。", "The last {keep} exports are kept, older ones are deleted."
    ),
    "audience_public": Said("公众", "the public"),
    "audience_committee": Said("仅组委会", "the committee alone"),
    "stamp_final": Said("正式（已核定）", "Final (certified)"),
    "stamp_provisional": Said("临时（尚未核定）", "Provisional (not certified)"),
    "manifest_entries": Said("账本条目", "Ledger entries"),
    "manifest_gap": Said("遗失的条目", "Entries lost, and gone on without as"),
    "manifest_root": Said("账本根", "Ledger root"),
    "manifest_recount": Said("重新计票", "Recount"),
    "manifest_agrees": Said("一致", "agrees"),
    "manifest_waiting": Said("待裁定", "Waiting for a ruling"),
    "manifest_minutes": Said(
        "把条目数和根写进会议记录：账本此后若有改动，根就不同。",
        "Put the number of entries and the root into the minutes: any later change gives another root.",
    ),
}
