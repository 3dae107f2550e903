"""What the operators' pages say, in Simplified Chinese and in English: plain data.

`OUTCOMES` and `SAY` have every outcome: what the operator reads, and what to tell the caller. `FLAWS` and
`REFUSED` say what is wrong with a form, and why a call is not taken back. `SCRIPT` is what the script of the
page needs; braces name values that it fills in.
"""

from collections.abc import Mapping
from typing import Final

from config.wording import Said
from tally.outcome import MessageOutcome, SelectionOutcome

#: How an ending looks and sounds: taken, taken before, waits for a person, not taken.
TONES: Final[Mapping[MessageOutcome, str]] = {
    MessageOutcome.COUNTED: "good",
    MessageOutcome.REPEAT: "again",
    MessageOutcome.UNCLEAR: "wait",
    MessageOutcome.IN_TRANSIT: "wait",
    MessageOutcome.UNPARSED: "wait",
    MessageOutcome.TEST: "again",
}

OUTCOMES: Final[Mapping[MessageOutcome, Said]] = {
    MessageOutcome.COUNTED: Said("已计票", "Counted"),
    MessageOutcome.REPEAT: Said("投过票了", "Voted before"),
    MessageOutcome.UNKNOWN_CODE: Said("没有这个编号", "No such code"),
    MessageOutcome.NO_CODE: Said("没有投票", "No vote"),
    MessageOutcome.UNCLEAR: Said("待人工裁定", "A person rules"),
    MessageOutcome.OVERVOTE: Said("选得太多", "Too many choices"),
    MessageOutcome.UNDERVOTE: Said("选得太少", "Too few choices"),
    MessageOutcome.WITHDRAWN: Said("候选已退出", "Candidate withdrawn"),
    MessageOutcome.EARLY: Said("投票尚未开始", "Not open yet"),
    MessageOutcome.LATE: Said("投票已经截止", "Closed"),
    MessageOutcome.IN_TRANSIT: Said("送达太晚，待裁定", "Arrived late; a person rules"),
    MessageOutcome.WITHHELD_CALLER: Said("号码未显示", "Number withheld"),
    MessageOutcome.INVALID_CALLER: Said("号码不能投票", "Number may not vote"),
    MessageOutcome.BARRED_CALLER: Said("号码被禁投", "Number is barred"),
    MessageOutcome.TEST: Said("测试线路", "Test line"),
    MessageOutcome.UNPARSED: Said("无法读取", "Could not be read"),
}

SAY: Final[Mapping[MessageOutcome, Said]] = {
    MessageOutcome.COUNTED: Said("您的投票已计入，感谢参与。", "Your vote counts. Thank you for calling."),
    MessageOutcome.REPEAT: Said(
        "您的号码已经投过，以先前的投票为准。", "Your line has voted already; the earlier vote stands."
    ),
    MessageOutcome.UNKNOWN_CODE: Said(
        "没有您说的编号。请核对后再来电，仍然可以投。",
        "Nobody has that code. Check it and call again: you still can.",
    ),
    MessageOutcome.NO_CODE: Said(
        "这次没有投票，您随时可以再来电。", "No vote was taken. You can call again."
    ),
    MessageOutcome.UNCLEAR: Said(
        "您的意见已经记下，将由工作人员裁定。", "What you said is noted; a person will decide."
    ),
    MessageOutcome.OVERVOTE: Said(
        "同一项选得太多，这次不计票。请少选几个再投。",
        "Too many choices in one contest: not counted. Please choose fewer.",
    ),
    MessageOutcome.UNDERVOTE: Said(
        "选得不够，这次不计票。请选满后再投。", "Too few choices: not counted. Please choose all of them."
    ),
    MessageOutcome.WITHDRAWN: Said(
        "这位候选已经退出，您可以改投别的候选。", "This candidate has withdrawn. You may choose another."
    ),
    MessageOutcome.EARLY: Said(
        "投票还没有开始，请到时再来电。", "Voting has not begun. Please call again then."
    ),
    MessageOutcome.LATE: Said("投票已经截止，这次不能计票。", "Voting has closed; this cannot be counted."),
    MessageOutcome.IN_TRANSIT: Said(
        "您的投票将由工作人员裁定。", "Whether your vote counts, a person will decide."
    ),
    MessageOutcome.WITHHELD_CALLER: Said(
        "您的来电没有显示号码，请显示号码后再来电。",
        "Your number was not shown. Please call again with it shown.",
    ),
    MessageOutcome.INVALID_CALLER: Said("这个号码不在投票范围内。", "This number cannot take part."),
    MessageOutcome.BARRED_CALLER: Said("这个号码不能参加投票。", "This number cannot take part."),
    MessageOutcome.TEST: Said("测试完成，不计票。", "Test done; it does not count."),
    MessageOutcome.UNPARSED: Said("已保存，由工作人员处理。", "Kept; a person will deal with it."),
}

SELECTIONS: Final[Mapping[SelectionOutcome, Said]] = {
    SelectionOutcome.COUNTED: Said("计票", "counted"),
    SelectionOutcome.OVER_CAP: Said("票数已用完", "no votes left"),
    SelectionOutcome.SAME_CANDIDATE: Said("已投过此候选", "voted for before"),
    SelectionOutcome.WITHDRAWN: Said("候选已退出", "withdrawn"),
    SelectionOutcome.PENDING: Said("待裁定", "waits"),
    SelectionOutcome.REJECTED: Said("未计票", "not counted"),
    SelectionOutcome.VOIDED: Said("已作废", "voided"),
}

FLAWS: Final[Mapping[str, Said]] = {
    "form": Said(
        "表单不完整：请刷新页面，再登记一次。", "The form is incomplete: reload the page and enter it again."
    ),
    "id": Said(
        "表单没有编号：请刷新页面，再登记一次。", "The form has no id: reload the page and enter it again."
    ),
    "no_caller": Said(
        "还没有来电号码。没有显示号码时，按 F7。",
        "The caller's number is missing. If it is withheld, press F7.",
    ),
    "caller": Said("号码太长：最多 40 个字符。", "The number is too long: 40 characters at most."),
    "no_choice": Said(
        "还没有选择。打错电话按 F6，听不清按 F8。",
        "Nobody is chosen. F6 for a wrong number, F8 if it is unclear.",
    ),
    "many_choices": Said("最多登记 20 个选择。", "20 choices at most."),
    "code": Said(
        "“{quoted}”不像编号。若说不清投给谁，按 F8 记下原话。",
        "“{quoted}” is not shaped like a code. If nobody can tell who is meant, press F8 and note the words.",
    ),
    "no_words": Said("请记下来电人的原话。", "Note what the caller said."),
    "words": Said("原话最多 300 个字符。", "300 characters at most."),
    "waited": Said(
        "登记的时间不对：请检查本机的时钟。", "The time of the call is wrong: check this computer's clock."
    ),
}

REFUSED: Final[Mapping[str, Said]] = {
    "no_such_message": Said("没有这通来电。", "There is no such call."),
    "too_late": Said(
        "已超过两分钟：请告诉组委会，由他们处理。", "More than two minutes ago: tell the committee, who can."
    ),
    "not_yours": Said("只能撤回自己登记的来电。", "Only your own calls can be taken back."),
    "nothing_to_undo": Said(
        "这通来电没有计票，不需要撤回。", "This call was not counted: nothing to take back."
    ),
    "no_reason": Said("请选择原因。", "Choose a reason."),
    "not_due": Said("这通来电已经不需要复核。", "This call need not be entered again any more."),
    "other": Said("现在不能这样做：请告诉组委会。", "This cannot be done now: tell the committee."),
}

WORDS: Final[Mapping[str, Said]] = {
    "desk": Said("接线台", "Desk"),
    "desks": Said("接听哪一项投票？", "Which vote do you answer for?"),
    "no_desks": Said(
        "没有您可以接听的投票。请管理员在设置中加一个 desk 来源，并把投票加入您的账号。",
        "There is no vote for you to answer. Ask the administrator for a source of kind desk.",
    ),
    "no_desk": Said("这项投票没有接线台", "This vote has no desk"),
    "no_desk_text": Said(
        '请管理员在 televote.toml 中加入 kind = "desk" 的来源。',
        'Ask the administrator for a source of kind = "desk" in televote.toml.',
    ),
    "new_call": Said("新来电", "New call"),
    "number": Said("来电号码", "Caller's number"),
    "withheld": Said("号码未显示", "Number withheld"),
    "choices": Said("投给谁", "Choices"),
    "choices_hint": Said("编号、数字、姓名或拼音首字母", "Code, number, name or pinyin initials"),
    "choices_plain": Said(
        "编号，中间用空格隔开，例如 {code}", "Codes with spaces between, for example {code}"
    ),
    "wish": Said("来电意愿", "Wish"),
    "wish_vote": Said("投票", "A vote"),
    "wish_misdialled": Said("打错电话", "Wrong number"),
    "wish_spoken": Said("听不清楚", "Unclear"),
    "words": Said("来电人的原话", "What the caller said"),
    "record": Said("登记", "Record"),
    "candidates": Said("候选", "Candidates"),
    "withdrawn": Said("已退出", "Withdrawn"),
    "result": Said("结果", "Outcome"),
    "result_none": Said("登记后，结果显示在这里。", "The outcome appears here once a call is recorded."),
    "say_to_caller": Said("对来电人说：", "Tell the caller: "),
    "last_calls": Said("我的最近来电", "My last calls"),
    "no_calls": Said("还没有来电。", "No calls yet."),
    "undone": Said("已撤回", "Taken back"),
    "undo": Said("撤回", "Take back"),
    "undo_title": Said("撤回上一通来电", "Take back the last call"),
    "undo_text": Said(
        "两分钟内可以撤回；来电人的票数随之退还，可以重新登记。撤回本身也会记入账本。",
        "Within two minutes. The caller's vote comes free and can be entered again. The ledger keeps both.",
    ),
    "reason": Said("原因", "Reason"),
    "note": Said("备注（可不填）", "Note (may be empty)"),
    "reason_wrong_number": Said("号码输错", "Wrong number typed"),
    "reason_wrong_choice": Said("选错候选", "Wrong choice entered"),
    "reason_caller_changed_mind": Said("来电人当场改口", "Caller changed their mind"),
    "reason_test_call": Said("试打的电话", "A test call"),
    "help": Said("按键说明", "Keys"),
    # What stays true while the page stays open, for it may be opened before the vote is.
    "outside_before": Said(
        "电话投票 {at} 开始，在此之前登记的来电不计票。",
        "Voting by telephone opens at {at}. A call that is entered before is not counted.",
    ),
    "outside_after": Said(
        "电话投票已于 {at} 截止，在此之后登记的来电不计票。",
        "Voting by telephone closed at {at}. A call that is entered after that is not counted.",
    ),
    "help_open": Said("按键说明（?）", "Keys (?)"),
    "close": Said("关闭", "Close"),
    "sound": Said("提示音", "Sound"),
    "key_enter": Said(
        "到选择栏；选中高亮的候选；选好后登记", "To the choices; take the marked one; then record"
    ),
    "key_space": Said("选中高亮的候选", "Take the marked candidate"),
    "key_arrows": Said("在候选之间移动", "Move among the candidates"),
    "key_backspace": Said("栏内为空时：去掉最后一个选择", "In an empty field: drop the last choice"),
    "key_escape": Said("清空", "Clear"),
    "key_f2": Said("新来电", "New call"),
    "key_f4": Said("上个号码", "Last number"),
    "key_f6": Said("打错电话", "Wrong number"),
    "key_f7": Said("未显示", "Withheld"),
    "key_f8": Said("听不清", "Unclear"),
    "key_f9": Said("撤回", "Take back"),
    "key_f10": Said("复核", "Re-enter"),
    "key_help": Said("这张说明", "This list"),
    "flow": Said(
        "号码 Enter，编号 Enter，念核对句，Enter。一通十秒，不用鼠标。",
        "Number, Enter; code, Enter; read it back; Enter. Ten seconds a call, no mouse.",
    ),
    "upload": Said("提交通话记录", "Hand in a call log"),
    "no_script": Said(
        "浏览器没有运行脚本：请填写下面的表格，逐通提交。",
        "Scripts are off in this browser: fill in this form for each call.",
    ),
    "choose_one": Said("选 1 个", "1 choice"),
    "choose_exactly": Said("选满 {max} 个", "exactly {max}"),
    "choose_between": Said("选 {min} 至 {max} 个", "{min} to {max}"),
    # the log hand-in
    "upload_title": Said("提交通话记录", "Hand in a call log"),
    "upload_text": Said(
        "选好文件先试算：不会登记任何内容，只显示各行会怎样结束。核对无误后再录入。",
        "Choose the file and try it: nothing is recorded, you see how each row would end. Then record it.",
    ),
    "upload_none": Said(
        '这项投票没有通话记录来源。请管理员在设置中加入 kind = "csv" 或 "asterisk-cdr" 的来源。',
        "This vote has no source for call logs. Ask the administrator for one of kind "
        '"csv" or "asterisk-cdr".',
    ),
    "upload_source": Said("记录来源", "Log's source"),
    "upload_file": Said("CSV 文件", "CSV file"),
    "upload_size": Said(
        "最大 {size} MB；更大的文件请管理员用 televote import 导入。",
        "{size} MB at most; larger files go in by televote import.",
    ),
    "upload_check": Said("试算", "Try it"),
    "upload_record": Said("确认录入", "Record it"),
    "upload_again": Said("要录入，请再选一次同一个文件。", "To record it, choose the same file again."),
    "upload_columns": Said("各列的对应", "Columns"),
    "upload_adjust": Said(
        "如果列名不同，在这里改对应的列，只对这一次有效，然后再试算。",
        "If columns are named otherwise, change them here, for this upload only, and try again.",
    ),
    "upload_fixed": Said(
        "列的位置由来源的设置决定，这里不能改。若下面的号码、时间或选择不对，请管理员检查来源的 options。",
        "Where columns stand is set for the source, and not changed here. If numbers, times or choices below "
        "are wrong, ask the administrator to check the source's options.",
    ),
    "upload_first_rows": Said("前几行", "The first rows"),
    "upload_before": Said("如果现在录入", "If it were recorded now"),
    "upload_after": Said("已录入", "Recorded"),
    "upload_bad": Said("无法读取的行", "Rows that cannot be read"),
    "upload_more": Said("另有 {n} 行", "{n} more"),
    "upload_rows": Said("行合计", "rows in all"),
    "upload_seen": Said("之前已录入", "in already"),
    "upload_skipped": Said("不是来电，跳过", "no calls, skipped"),
    "upload_changed": Said(
        "这不是刚才试算的文件：请先试算这一个。", "This is not the file that was tried: try this one first."
    ),
    "upload_no_file": Said("请选择文件。", "Choose a file."),
    "upload_no_source": Said("请选择来源。", "Choose a source."),
    "upload_unreadable": Said(
        "整个文件无法读取，没有录入任何内容：", "The file cannot be read, nothing was recorded: "
    ),
    "upload_row": Said("行", "Line"),
    "upload_empty": Said("文件中没有来电。", "There are no calls in the file."),
    "channel": Said("结果", "Outcome"),
    "count": Said("数量", "Count"),
    "column_caller": Said("来电号码", "Caller"),
    "column_choice": Said("选择", "Choice"),
    "column_start": Said("呼叫时间", "Time of the call"),
    "column_call_id": Said("流水号", "Call's number"),
    "column_called": Said("被叫号码", "Number dialled"),
    "column_duration": Said("时长", "Duration"),
    "column_disposition": Said("接通情况", "Disposition"),
    # the committee's report on operators
    "operators": Said("接线员核对", "Operators"),
    "operators_text": Said(
        "各接线员登记的来电、撤回和复核。差异不说明谁有错：班次不同，来电人也不同。它说明哪里值得听录音。",
        "Calls, corrections and re-entries by operator. A difference proves nothing: shifts differ, and so "
        "do callers. It says where to listen to the recordings.",
    ),
    "operators_none": Said("还没有接线员登记过来电。", "No operator has entered a call yet."),
    "operator_name": Said("接线员", "Operator"),
    "calls": Said("来电", "Calls"),
    "taken_back": Said("撤回", "Taken back"),
    "compared": Said("已复核", "Entered again"),
    "differed": Said("不一致", "Differed"),
    "error_rate": Said("不一致率", "Share that differed"),
    "missing": Said("无记录可查", "Nothing to enter from"),
    "due": Said("待复核", "Still to do"),
    "skew": Said("投票对象的分布", "Whom their callers choose"),
    "skew_text": Said(
        "各接线员登记的选择中每位候选的占比，与其他接线员合计相比。z 是相差几个标准误；带 ▲ 的，"
        "一百份这样的报告中偶然出现不到一份。按最初登记计，包括后来撤回的。",
        "Each candidate's share of an operator's entries against all other operators' together. z is the "
        "difference in standard errors; ▲ marks what chance would put into fewer than one such report in a "
        "hundred. Entries are as first made, also those taken back.",
    ),
    "skew_few": Said("太少", "too few"),
    "skew_none": Said(
        "登记的选择还太少，或只有一名接线员，无法比较。",
        "Too few entries, or only one operator: nothing to compare.",
    ),
    "skew_hidden": Said(
        "活动规定截止前不显示票数，投票结束后才显示各候选的分布。",
        "This vote shows no totals before its close; the shares appear after it.",
    ),
    "others": Said("其他人", "Others"),
}

SCRIPT: Final[Mapping[str, Said]] = {
    "readback": Said(
        "请核对：{caller}，{choices}。对吗？", "To confirm: {caller}; {choices}. Is that right?"
    ),
    "caller_tail": Said("尾号 {tail} 的来电", "the line ending in {tail}"),
    "caller_withheld": Said("号码未显示的来电", "a call without a number"),
    "choice": Said("{contest}投 {all}", "for {contest}, {all}"),
    "and": Said("、", " and "),
    "choice_unknown": Said("{code}（没有这个编号）", "{code} (nobody has it)"),
    "joined": Said("；", "; "),
    "ask_number": Said("请问您的来电号码？", "May I have the number you are calling from?"),
    "ask_choice": Said("请问您要投给谁？", "For whom would you like to vote?"),
    "readback_misdialled": Said(
        "您拨打的是投票热线，可能打错了。（Enter 登记为打错电话，不计票）",
        "This is the voting hotline; it may be a wrong number. (Enter records it as such, without a vote)",
    ),
    "readback_spoken": Said(
        "我把您的话记下来，由工作人员裁定。（Enter 登记）",
        "I note down what you said; a person will decide. (Enter records it)",
    ),
    "warn_over": Said("{contest}选得太多：这样登记不计票", "too many for {contest}: it would not be counted"),
    "warn_under": Said("{contest}还没选满", "not enough for {contest} yet"),
    "warn_withdrawn": Said("{code} 已退出，不计票", "{code} has withdrawn: not counted"),
    "warn_unknown": Said("没有 {code} 这个编号，请对方核对", "nobody has {code}: ask the caller to check"),
    "none_found": Said(
        "没有找到。若说不清，按 F8 记下原话", "nobody found. If it is unclear, press F8 and note the words"
    ),
    "remove": Said("去掉", "Remove"),
    "withheld": Said("号码未显示", "Number withheld"),
    "not_looked": Said(
        "现在查不到号码的情况，可以照常登记", "Cannot look the number up now; calls are still taken"
    ),
    "earlier": Said("此号码先前：", "This line before: "),
    "earlier_none": Said("此号码第一次来电", "The first time from this line"),
    "sending": Said("正在送出", "Sending"),
    "unsent": Said("未送出 {n}", "{n} unsent"),
    "unsent_text": Said(
        "服务器暂时连不上，来电保存在本机，会自动重送。可以继续接听。",
        "The server cannot be reached. Calls are kept on this computer and sent again by themselves. Go on.",
    ),
    "unsent_kept": Said("已存在本机，等待重送", "Kept on this computer, will be sent again"),
    "unsent_here": Said("只在此页，等待重送", "In this page alone, will be sent again"),
    "unsent_held": Said("还没有送出", "Not sent yet"),
    "sign_in": Said(
        "登录已过期：请重新登录，未送出的来电会接着送出。",
        "Signed out: sign in again, and the unsent calls are sent.",
    ),
    "sign_in_link": Said("登录", "Sign in"),
    "reload": Said(
        "页面已过期：请刷新，未送出的来电会接着送出。",
        "This page is out of date: reload it, and the unsent calls are sent.",
    ),
    "forbidden": Said(
        "您的账号不能登记这项投票的来电：请找管理员。",
        "Your account may not enter calls of this vote: ask the administrator.",
    ),
    "refused": Said(
        "没有登记：{text} 这通来电仍在本机。", "Not recorded: {text} The call is still on this computer."
    ),
    "not_recorded": Said("没有登记", "Not recorded"),
    "take_up": Said("改后再登记", "Correct it"),
    "no_storage": Said(
        "浏览器不能保存数据：断线时请不要关闭此页。",
        "This browser keeps no data: do not close the page while offline.",
    ),
    "other_unsent": Said(
        "本机还有 {login} 未送出的来电 {n} 通，需本人登录后送出。",
        "{n} unsent calls of {login} are on this computer: they must sign in to send them.",
    ),
    "undo_none": Said("没有可以撤回的来电。", "There is no call to take back."),
    "undo_unsent": Said(
        "上一通还没有送达，送达后再撤回。", "The last call has not arrived yet: take it back when it has."
    ),
    "undo_late": Said("已超过两分钟：请告诉组委会。", "More than two minutes ago: tell the committee."),
    "undo_left": Said("还剩 {n} 秒", "{n} seconds left"),
    "undo_failed": Said("撤回没有送达，请再试一次。", "It did not arrive: try again."),
    "undone": Said("已撤回", "Taken back"),
    "undone_say": Said(
        "重新登记正确的内容。（F4 取回号码）", "Enter it as it should be. (F4 brings the number back)"
    ),
    "last_none": Said("还没有上一个号码。", "There is no last number yet."),
    "again_due": Said("有 {n} 通来电请您复核（F10）", "{n} calls to be entered again (F10)"),
    "again_none": Said("没有需要您复核的来电。", "No calls to be entered again."),
    "again_call": Said(
        "复核：{time} {operator} 接听的 {number}。按登记单或录音再登记一次；找不到就按 F6。",
        "Re-entry: {number}, taken by {operator} at {time}. Enter it again from the note or the recording; "
        "F6 if there is neither.",
    ),
    "again_missing": Said("找不到登记单和录音（Enter 确认）", "neither note nor recording (Enter confirms)"),
    "again_done": Said("复核已记下", "Re-entry noted"),
    "again_done_say": Said(
        "谢谢。不一致的由组委会裁定。", "Thank you. Where entries differ, the committee rules."
    ),
    "sound_on": Said("提示音：开", "Sound: on"),
    "sound_off": Said("提示音：关", "Sound: off"),
    "withheld_short": Said("未显示", "withheld"),
    "misdialled_short": Said("打错电话", "wrong number"),
    "spoken_short": Said("原话", "noted"),
}
