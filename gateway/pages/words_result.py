"""The committee's page for what follows the vote, and the public notice, in Chinese and in English.

Plain data, as in `words`.
"""

from collections.abc import Mapping
from typing import Final

from config.wording import Said

#: The timetable, on the committee's first page too.
STEPS: Final[Mapping[str, Said]] = {
    "steps": Said("步骤", "Steps"),
    "step": Said("步骤", "Step"),
    "step_due": Said("期限", "Due"),
    "step_state": Said("情况", "State"),
    "step_nominations": Said("申报推荐", "Nominations"),
    "step_voting": Said("组织投票", "Voting"),
    "step_tally": Said("计票与评议", "Tally and evaluation"),
    "step_notice": Said("公示", "Public notice"),
    "step_final": Said("核定结果", "Certification"),
    "step_awards": Said("总结表彰", "Awards"),
    "state_done": Said("已完成", "done"),
    "state_now": Said("进行中", "under way"),
    "state_due": Said("今天到期", "due today"),
    "state_late": Said("已逾期", "late"),
    "state_blocked": Said("等待前一步", "waits for the step before"),
    "state_coming": Said("未到", "to come"),
    "no_day": Said("未定", "no day set"),
}

RESULT: Final[Mapping[str, Said]] = {
    "result": Said("结果与核定", "Result and certification"),
    "result_text": Said(
        "从投票结束到正式结果：核对、公示、处理异议、两人核定。每一步都写入账本。",
        "From the close to the certified result: checks, public notice, objections, and two people who sign. "
        "Each step is an entry of the ledger.",
    ),
    "status_now": Said("结果状态", "Status of the result"),
    "status_unofficial-partial": Said("计票中（非正式）", "unofficial, partial"),
    "status_unofficial-complete": Said("计票完成（非正式）", "unofficial, complete"),
    "status_correction": Said("更正中", "under correction"),
    "status_recount": Said("重新计票", "being recounted"),
    "status_certified": Said("已核定", "certified"),
    "digest": Said("结果指纹", "Fingerprint of the result"),
    "digest_text": Said(
        "票数、名次和入围名单的 SHA-256；有任何变化，指纹就不同。",
        "SHA-256 over votes, ranks and the shortlist: it differs as soon as any of them does.",
    ),
    "gates": Said("条件", "What must hold"),
    "gates_text": Said("全部满足才能核定。", "The result is certified only when all of this holds."),
    "holds": Said("满足", "holds"),
    "holds_not": Said("未满足", "not yet"),
    "gate_closed": Said("投票已结束", "The vote is closed"),
    "gate_closed_do": Said(
        "到时自动结束；提前结束见“操作”。", "It closes when it is due; sooner under Acts."
    ),
    "gate_nothing_waits": Said("没有待裁定的消息", "No message waits for a ruling"),
    "gate_nothing_waits_do": Said("请在“待裁定”中逐条裁定。", "Rule on them under Rulings."),
    "gate_balanced": Said("收支平衡", "The balance holds"),
    "gate_balanced_do": Said(
        "请管理员运行 televote recount。", "Have the administrator run televote recount."
    ),
    "gate_recounted": Said("从账本重新计票，结果一致", "Counted again from the ledger, with the same result"),
    "gate_recounted_do": Said(
        "请在“导出”中导出一次：导出时会重新计票并逐条校验。",
        "Make an export under Exports: it counts again, and re-hashes every entry.",
    ),
    "gate_reconciled": Said("已与运营商记录核对", "Reconciled with the carriers' records"),
    "gate_reconciled_do": Said(
        "请在“核对”中逐个来源比对账单；没有对账单的，或有差异而已说明的，须两人同意（免除核对）。"
        "核对后又来消息的来源要再核对。",
        "Compare each source with its statement under Reconciliation. Where there is none, or something "
        "differs and is explained, two people accept that (waive). A source that has had messages since is "
        "compared again.",
    ),
    "gate_evaluated": Said("综合评议已完成", "The evaluation is complete"),
    "gate_evaluated_do": Said("评委须全部提交评分。", "Every member of the panel submits their scores."),
    "gate_no_open_tie": Said("入围线上没有并列", "No tie at the last place"),
    "gate_no_open_tie_do": Said(
        "按规则解决并列；不会自动选择。", "Settle it by the rules: nothing is chosen for you."
    ),
    "gate_no_open_objection": Said("没有未答复的异议", "No objection is open"),
    "gate_no_open_objection_do": Said("请逐件裁定并答复。", "Rule on each of them."),
    "gate_same_result": Said(
        "已宣布计票完成，此后结果没有变化", "It is declared complete, and has not changed since"
    ),
    "gate_same_result_do": Said(
        "请宣布计票完成；宣布之后有变化的，要重新宣布。",
        "Declare it complete; if it has changed since, declare it again.",
    ),
    "gate_notice_over": Said("公示期已满", "The public notice is over"),
    "gate_notice_over_do": Said(
        "请先公示；公示到最后一天结束为止。", "Put it on notice; that stands through its last day."
    ),
    **STEPS,
    # shortlist and notice
    "kept_back": Said(
        "本次投票在结束之前不显示票数（committee_totals），因此也不显示入围名单。",
        "This vote keeps its figures back until the close (committee_totals), and so the shortlist.",
    ),
    "listed": Said("入围名单", "Shortlist"),
    "listed_none": Said("没有得票的候选。", "Nobody has a vote."),
    "listed_judged": Said(
        "评委评分尚未交齐，名单未定：仅凭票数不能入围。",
        "The panel's sheets are not all in: nobody is listed by votes alone.",
    ),
    "tied": Said("并列，尚未入围：", "Level, and not listed yet: "),
    "notices": Said("公示", "Public notices"),
    "notice_no": Said("第 {n} 次公示", "Notice {n}"),
    "notice_days": Said("{first} 至 {last}", "{first} to {last}"),
    "notice_overtaken": Said("已被更正取代", "overtaken by a correction"),
    "notice_see": Said("查看公示", "See the notice"),
    "notice_draft": Said("预览公示", "See the draft"),
    "no_notice": Said("尚未公示。", "Nothing has been put on notice yet."),
    "first_day": Said("公示第一天", "First day of the notice"),
    "first_day_hint": Said("按规则公示 {length}。", "By the rules it stands for {length}."),
    "calendar_days": Said("{n} 天", "{n} days"),
    "working_days": Said("{n} 个工作日", "{n} working days"),
    "year_unknown": Said(
        "国务院尚未公布该年度的放假安排：工作日按周一至周五推算，请核对。",
        "The holidays of that year are not set yet: Monday to Friday were counted. Check the day.",
    ),
    # objections
    "objections": Said("异议登记", "Objections"),
    "objection_no": Said("异议 {n}", "Objection {n}"),
    "no_objections": Said("没有异议。", "There is no objection."),
    "came_on": Said("收到日期（信件以邮戳为准）", "Came on (letters: the postmark)"),
    "objector": Said("姓名或单位（匿名留空）", "Name or unit (empty if anonymous)"),
    "contact": Said("联系方式", "How to reach them"),
    "about": Said("针对", "About"),
    "about_nobody": Said("不针对某个候选", "no single candidate"),
    "subject": Said("事由", "What is objected to"),
    "evidence": Said("线索与证据", "Leads and evidence"),
    "answer_due": Said("答复期限", "Answer due"),
    "anonymous": Said("匿名", "anonymous"),
    "open": Said("未答复", "open"),
    "late": Said("已逾期", "late"),
    "verdict": Said("裁定", "Ruling"),
    "verdict_upheld": Said("成立", "upheld"),
    "verdict_rejected": Said("不成立", "rejected"),
    "verdict_not_admitted": Said("不予受理", "not admitted"),
    "answer": Said("答复内容", "The answer"),
    "answer_hint": Said(
        "只有组委会能看到全文；账本公开裁定和理由。",
        "Its words are for the committee; the ruling and its reason stand in the ledger for all.",
    ),
    "upheld_hint": Said(
        "成立须两人同意，结果转为更正：取消资格、作废或重新计票后，重新宣布完成，并再次公示。",
        "To uphold takes two people, and the result is under correction: disqualify, void or recount, "
        "declare it complete again, and put it on notice again.",
    ),
    "winners": Said("获奖名单", "Winners"),
}

#: The public notice's own page.
NOTICE: Final[Mapping[str, Said]] = {
    "home": Said("投票首页", "To the vote"),
    "notice_is_draft": Said(
        "草稿：尚未发布，只有组委会能看到。", "A draft: not published, for the committee only."
    ),
    "notice_overtaken": Said("此公示已被更正取代。", "A correction has overtaken this notice."),
    "notice_word": Said("下载 Word 文档", "Download as a Word document"),
    "notice_pdf": Said("PDF 文档", "As a PDF"),
}

#: The result's acts: names, what they do, and what stays, beside those in `words_rulings.ACTS`.
ACTS: Final[Mapping[str, Said]] = {
    "do_complete": Said("宣布计票完成", "Declare the result complete"),
    "do_complete_text": Said(
        "此后是非正式的完整结果，可以公示。",
        "From then on it is a complete, unofficial result: it can go on notice.",
    ),
    "do_publish": Said("发布公示", "Put on public notice"),
    "do_publish_text": Said(
        "发布前任何人都看不到公示；发布后网页公开。",
        "Until it is done nobody sees the notice; then it is on the web.",
    ),
    "do_object": Said("登记异议", "Enter an objection"),
    "do_object_text": Said(
        "匿名且没有线索的可以不受理，但一律登记。",
        "Anonymous ones without leads may be refused, but each is entered.",
    ),
    "do_answer": Said("裁定异议", "Rule on an objection"),
    "do_answer_text": Said("成立须两人同意。", "To uphold one takes two people."),
    "do_recount": Said("重新计票", "Order a recount"),
    "do_recount_text": Said(
        "结果转为重新计票；导出一次并重新宣布完成后继续。",
        "The result is being recounted, until an export has counted again and it is declared complete again.",
    ),
    "do_waive": Said("免除核对", "Waive the reconciliation"),
    "do_waive_text": Said("须两人同意，并说明原因。", "Takes two people, and a reason."),
    "do_certify": Said("核定结果", "Certify the result"),
    "do_certify_text": Said(
        "两人核定后，除更正外什么都不能再改。",
        "Once two people have signed, nothing moves but by a correction.",
    ),
    "do_correct": Said("更正已核定的结果", "Correct the certified result"),
    "do_correct_text": Said(
        "更正后须再次公示、再次核定。", "It takes a notice of its own, and is certified again."
    ),
    "fact_status": Said("此后的状态", "Status from then on"),
    "fact_result": Said("结果指纹", "Fingerprint of the result"),
    "fact_number": Said("编号", "Number"),
    "fact_days": Said("公示期", "On notice"),
    "fact_due": Said("答复期限", "Answer due"),
    "fact_manifest": Said("导出清单的 SHA-256", "SHA-256 of the export's manifest"),
    "fact_objector": Said("异议人", "Objector"),
    "fact_about": Said("针对", "About"),
    "fact_subject": Said("事由", "What is objected to"),
    "fact_evidence": Said("线索与证据", "Leads and evidence"),
    "fact_answer": Said("答复", "The answer"),
    "stay_complete": Said("票数不变。", "No figure changes."),
    "stay_publish": Said("票数和名单不变。", "Neither figures nor shortlist change."),
    "stay_object": Said(
        "结果状态不变；未裁定前不能核定。", "The status stays; until it is ruled on, nobody can certify."
    ),
    "stay_answer": Said("异议和答复都留在账本中。", "The objection and its answer stay in the ledger."),
    "stay_recount": Said("账本不变；重新计票只读取账本。", "The ledger stays: a recount only reads it."),
    "stay_waive": Said("以后仍可导入对账单。", "Statements can still be compared later."),
    "stay_certify": Said(
        "账本、凭证和导出仍可核验。", "Ledger, receipts and exports can be checked as before."
    ),
    "stay_correct": Said("原来的核定留在账本中。", "The certification that was stays in the ledger."),
}

REASONS: Final[Mapping[str, Said]] = {
    "missing_here": Said("对账单有而我方没有", "in a statement, and missing here"),
    "records_compared": Said("已核对记录", "records were compared"),
    "no_statement_to_be_had": Said("取不到对账单", "no statement to be had"),
    "differences_explained": Said("差异已说明", "differences are explained"),
    "count_complete": Said("计票完成", "the count is complete"),
    "first_notice": Said("首次公示", "first notice"),
    "after_correction": Said("更正后再次公示", "again, after a correction"),
    "phone": Said("电话", "by telephone"),
    "letter": Said("信件", "by letter"),
    "email": Said("电子邮件", "by e-mail"),
    "in_person": Said("来访", "in person"),
    "petition_office": Said("信访部门转来", "from the petition office"),
    "not_eligible": Said("不符合评选条件", "not eligible"),
    "untrue_deeds": Said("事迹不实", "deeds that are untrue"),
    "votes_bought": Said("拉票买票", "votes bought"),
    "counting_fault": Said("计票有误", "a fault in the count"),
    "other_breach": Said("其他违规", "another breach"),
    "not_borne_out": Said("查无实据", "not borne out"),
    "already_examined": Said("此前已查明", "examined before"),
    "not_relevant": Said("与评选无关", "not relevant to the award"),
    "anonymous_without_leads": Said("匿名且无线索", "anonymous, and no leads"),
    "out_of_time": Said("超过期限", "out of time"),
    "objection_upheld": Said("异议成立", "an objection was upheld"),
    "result_confirmed": Said("确认结果", "the result is confirmed"),
    "error_found": Said("发现差错", "an error was found"),
}

KINDS: Final[Mapping[str, Said]] = {
    "backfill": Said("按对账单补录", "Brought in from a statement"),
    "reconcile": Said("核对记录", "Reconciled"),
    "waive": Said("免除核对", "Reconciliation waived"),
    "complete": Said("计票完成", "Result complete"),
    "publish": Said("公示", "Put on notice"),
    "object": Said("异议", "Objection"),
    "answer": Said("异议裁定", "Objection ruled on"),
    "recount": Said("重新计票", "Recount ordered"),
    "certify": Said("核定", "Certified"),
    "correct": Said("更正", "Correction begun"),
}

REFUSED: Final[Mapping[str, Said]] = {
    "certified": Said(
        "结果已核定：除更正外不能再改。", "The result is certified: nothing moves but by a correction."
    ),
    "already_waived": Said("已决定不核对。", "It has been decided already to go on without reconciling."),
    "not_now": Said("现在的状态下不能这样做。", "This cannot be done in the present status."),
    "no_such_objection": Said("没有这件异议，或已裁定。", "There is no such objection, or it was ruled on."),
    "no_subject": Said("请填写异议事由。", "Say what is objected to."),
    "no_answer": Said("请填写答复内容。", "Write the answer."),
    "too_long": Said("内容太长，请缩短。", "It is too long: shorten it."),
    "bad_day": Said("请填写日期。", "Enter a day."),
    "day_gone": Said("公示第一天不能早于今天。", "A notice cannot begin before today."),
    "day_to_come": Said("收到日期不能晚于今天。", "It cannot have come after today."),
    "wrong_notice": Said(
        "首次公示请选“首次公示”，之后请选“更正后再次公示”。",
        "The first notice is the “first”; every later one comes after a correction.",
    ),
    **{
        f"gate_{name}": Said(
            f"条件未满足：{RESULT[f'gate_{name}'].zh}。{RESULT[f'gate_{name}_do'].zh}",
            f"Not yet: {RESULT[f'gate_{name}'].en}. {RESULT[f'gate_{name}_do'].en}",
        )
        for name in (
            "closed", "nothing_waits", "balanced", "recounted", "reconciled", "evaluated", "no_open_tie",
            "no_open_objection", "same_result", "notice_over",
        )
    },
}  # fmt: skip
