"""What the panel's page and the page of the evaluation say, in Simplified Chinese and in English: plain
data."""

from collections.abc import Mapping
from typing import Final

from config.wording import Said

PANEL: Final[Mapping[str, Said]] = {
    "panel_title": Said("评议打分", "Score sheet"),
    "panels": Said("评议", "Panel"),
    "no_panels": Said("没有需要您评议的投票。", "There is no vote for you to judge."),
    "panel_text": Said(
        "每格填分值；改动随时保存，没有脚本时请按“保存”。全部填好后提交，提交后不能更改。",
        "Points in each field. What you type is kept as you go; without scripts, press Save. When all is "
        "filled in, "
        "submit: after that nothing can be changed.",
    ),
    "panel_keys": Said(
        "Enter 或 ↓ 到下一行，↑ 到上一行。", "Enter or ↓ for the next row, ↑ for the one before."
    ),
    "panel_blind": Said(
        "全部评委提交之前，谁也看不到别人的评分。", "Nobody sees others' points before all have submitted."
    ),
    "panel_sheets": Said("已提交 {n} / {of} 份", "{n} of {of} sheets are in"),
    "candidate": Said("候选", "Candidate"),
    "total": Said("合计", "Total"),
    "recused": Said("回避", "Recused"),
    "recused_hint": Said("勾选后不打分，按其余评委计算。", "No points from you: the others' count."),
    "of_most": Said("满分 {most}", "most {most}"),
    "in_steps": Said("步长 {step}", "steps of {step}"),
    "times": Said("×{weight}", "×{weight}"),
    "panel_save": Said("保存", "Save"),
    "panel_review": Said("检查并提交", "Check and submit"),
    "panel_submit": Said("确认提交", "Submit for good"),
    "panel_sure": Said(
        "提交后不能更改。请核对以下合计：", "After this nothing can be changed. Look at the totals:"
    ),
    "panel_go_on": Said("返回修改", "Go on editing"),
    "panel_missing": Said("还没有填完的候选：", "Not finished yet: "),
    "panel_errors": Said(
        "有填写错误，没有保存。请更正标出的格子。", "Nothing was kept: mend the fields that are marked."
    ),
    "done_panel_saved": Said("已保存。", "Kept."),
    "done_panel_imported": Said(
        "评分表已读入，请核对后提交。", "The sheet was taken in. Look at it, then submit."
    ),
    "done_panel_submitted": Said("已提交，写入账本。", "Submitted: it stands in the ledger."),
    "panel_is_in": Said(
        "您的评分已提交，不能更改。", "Your sheet has been submitted, and cannot be changed."
    ),
    "panel_not_open": Said("投票开始后才能打分。", "Points can be entered once voting has opened."),
    "panel_saving": Said("正在保存…", "Keeping…"),
    "panel_kept": Said("已保存", "Kept"),
    "panel_unkept": Said("没有保存：{codes}。{why}", "Not kept: {codes}. {why}"),
    "panel_away": Said(
        "服务器连不上，连上后会再保存。", "The server cannot be reached; they are kept once it can."
    ),
    "panel_import": Said("用电子表格填写", "By spreadsheet"),
    "panel_import_text": Said(
        "下载模板，填好后上传。有任何错误，整份都不读入，并逐一列出。",
        "Take the template, fill it in, hand it in. With any mistake nothing is taken in, and each one "
        "is listed.",
    ),
    "panel_template": Said("下载模板", "Template"),
    "panel_file": Said(
        "评分表（.xlsx 或 .csv，最大 {size} MB）", "Score sheet (.xlsx or .csv, at most {size} MB)"
    ),
    "panel_take": Said("上传", "Hand in"),
    "panel_no_file": Said("请先选择文件。", "Choose a file first."),
    "panel_faulty": Said("没有读入，请更正以下各处：", "Nothing was taken in. Mend this:"),
    "panel_others": Said("其他评委的合计", "What the others gave in all"),
}

EVALUATION: Final[Mapping[str, Said]] = {
    "evaluation": Said("综合评议", "Evaluation"),
    "no_evaluation": Said(
        "本次评选没有评议，仅按公众投票。", "This vote has no evaluation: the public's votes decide."
    ),
    "method": Said("方法", "Method"),
    "method_text": Said(
        "公众投票占 {public}，评议占 {panel}；票数按{votes}，评议取{mean}；{rounded}，保留 {places} "
        "位小数，{rounding}。",
        "The public has {public}, the panel {panel}. Votes: {votes}. Panel: {mean}. {rounded}, to "
        "{places} places, "
        "{rounding}.",
    ),
    "votes_share_of_total": Said("占总票数的比例", "share of the total"),
    "votes_share_of_maximum": Said("与最高票数之比", "share of the maximum"),
    "votes_rank_points": Said("名次得分", "points by rank"),
    "panel_mean": Said("平均分", "mean"),
    "panel_trimmed_mean": Said(
        "去掉 {trim} 个最高分和最低分后的平均分", "mean without the {trim} highest and lowest"
    ),
    "panel_rank": Said("各评委名次得分的平均", "mean of each judge's points by rank"),
    "rounded_end": Said("只在最后舍入", "Rounded once, at the end"),
    "rounded_each": Said("每一步都舍入", "Rounded at each step"),
    "rounding_half_up": Said("四舍五入", "half up"),
    "rounding_half_even": Said("四舍六入五成双", "half to even"),
    "sheets_in": Said("已提交 {n} / {of} 份评分表：{who}", "{n} of {of} sheets are in: {who}"),
    "sheets_none": Said("还没有评分表", "No sheet is in yet"),
    "blind_until": Said("全部提交之前不显示评分。", "Points are shown once all are in."),
    "provisional": Said("投票尚未结束，以下为目前情况。", "Voting is not over: this is how it stands now."),
    "kept_back": Said(
        "按设置，截止前不显示票数，因此也不显示综合得分。",
        "Votes are kept back until the close, and so are the composites.",
    ),
    "missing_sheets": Said("还缺评分表，暂无综合得分。", "Sheets are missing: there is no composite yet."),
    "missing_judges": Said(
        "{code}：回避后剩下的评委太少，无法按声明的方法计算。",
        "{code}: after recusals too few judges are left for the declared method.",
    ),
    "missing_marks": Said("{judge} 没有给 {code} 打分。", "{judge} has not judged {code}."),
    "steps_of_it": Said("逐步计算", "Step by step"),
    "rank": Said("名次", "Rank"),
    "candidate": Said("候选", "Candidate"),
    "votes": Said("票数", "Votes"),
    "public_score": Said("公众分", "Public"),
    "panel_score": Said("评议分", "Panel"),
    "public_part": Said("公众 × {weight}", "Public × {weight}"),
    "panel_part": Said("评议 × {weight}", "Panel × {weight}"),
    "composite": Said("综合得分", "Composite"),
    "before_rounding": Said("舍入前 {sum}", "before rounding {sum}"),
    "left_out": Said("去掉", "left out"),
    "listed_yes": Said("入围", "listed"),
    "listed_open": Said("待抽签", "hangs on a lot"),
    "settled": Said("同分，按{rules}排序", "equal; parted by {rules}"),
    "tied": Said("同分，未决", "equal, not parted"),
    "tie_public": Said("票数", "votes"),
    "tie_panel": Said("评议分", "the panel's score"),
    "tie_lot": Said("抽签", "a lot"),
    "by_weight": Said("权重变化时的名次", "How the ranking moves with the weight"),
    "by_weight_text": Said(
        "每条线是一名候选的综合得分：最左只看评议，最右只看公众投票。交叉处名次互换；虚线是声明的权重。",
        "Each line is a candidate's composite: at the left the panel alone, at the right the public "
        "alone. Where two cross, "
        "they change places. The dashed line is the declared weight.",
    ),
    "weight_axis": Said("公众投票的权重", "The public's weight"),
    "changes_list": Said("入围名单改变的权重", "Weights at which the shortlist changes"),
    "changes_rank": Said("名次改变的权重", "Weights at which the ranking changes"),
    "change_at": Said("{shown}（准确值 {exact}）", "{shown} (exactly {exact})"),
    "no_changes": Said("没有：任何权重下都一样。", "None: it is the same at every weight."),
    "places_swapped": Said("互换：", "change places: "),
    "ranking": Said("名次", "Ranking"),
    "shortlist": Said("入围", "Shortlist"),
    "weight": Said("权重", "Weight"),
    "smallest": Said("使入围名单改变的最小变化", "The smallest change that would alter the shortlist"),
    "smallest_added": Said("{to} 多 {n} 票", "{n} more votes for {to}"),
    "smallest_taken": Said("{from_} 少 {n} 票", "{n} fewer votes for {from_}"),
    "smallest_moved": Said("{n} 票从 {from_} 转给 {to}", "{n} votes from {from_} to {to}"),
    "smallest_panel": Said("{judge} 给 {to} 的分数变化 {n} 分", "{judge} gives {to} {n} points"),
    "smallest_none_added": Said("任何候选多得票都不会改变", "no votes added to anybody would"),
    "smallest_none_taken": Said("任何候选少得票都不会改变", "no votes taken from anybody would"),
    "smallest_none_moved": Said("任何转票都不会改变", "no votes moved would"),
    "smallest_none_panel": Said(
        "任何一名评委改变对一名候选的评分都不会改变", "no judge's points for one candidate would"
    ),
    "smallest_undecided": Said("名单尚待抽签。", "The shortlist hangs on a lot as it is."),
    "lots": Said("抽签", "Lots"),
    "lot_text": Said(
        "以下候选按所有规则都相同，须抽签。请在两人在场时抽签，按抽出的先后录入编码，由另一人确认。",
        "These are equal by every rule: draw a lot in the presence of two people, enter the codes in the "
        "order they were "
        "drawn, and have the other agree.",
    ),
    "lot_order": Said("抽出的顺序", "The order that was drawn"),
    "lot_hint": Said("编码之间用空格或顿号，例如：{codes}", "Codes with blanks between, such as {codes}"),
    "lot_review": Said("检查", "Review"),
    "agreement": Said("评委一致性", "Agreement of the panel"),
    "agreement_text": Said(
        "每格：两名评委前 {top} 名中相同的个数；下面是偶然出现这种一致的概率（按 Benjamini–Hochberg "
        "法校正）。"
        "有标记的值得核查，但不证明串通：优秀的候选本来就会被一致看好。",
        "Each field: how many of two judges' first {top} are the same, and how probable that is by "
        "chance, adjusted after "
        "Benjamini and Hochberg. A mark is worth a look and proves no collusion: good candidates are "
        "everybody's first.",
    ),
    "agreement_untested": Said("同分，无法比较", "a tie: not tested"),
    "flagged": Said("值得核查", "worth a look"),
    "judge": Said("评委", "Judge"),
    "evaluation_json": Said("下载 JSON", "JSON"),
}

#: Why points, or a lot, are not taken.
REFUSED: Final[Mapping[str, Said]] = {
    "not_judged": Said("这个项目没有评议。", "No panel judges that contest."),
    "not_open_yet": Said("投票开始后才能打分。", "Points can be entered once voting has opened."),
    "submitted": Said(
        "您的评分表已提交，不能更改。", "Your sheet has been submitted: it cannot be changed any more."
    ),
    "panel_full": Said(
        "声明的评委都已提交，不再收评分表。",
        "All the judges that the rules declare have submitted: no more sheets.",
    ),
    "unfinished": Said(
        "还有没填的分值。请填完，或勾选回避。",
        "Marks are missing: fill them in, or say that you are recused.",
    ),
    "not_reviewed": Said(
        "核对之后评分又有改动，没有提交。请重新核对再提交。",
        "Marks were changed after you looked at them, and nothing was submitted: look at them again.",
    ),
    "not_closed": Said("投票结束后才能这样做。", "This can be done once the vote is closed."),
    "no_tie": Said("没有须抽签的并列。", "Nobody is equal: there is nothing to draw a lot for."),
    "not_the_tied": Said(
        "抽签须恰好包括并列的候选。请核对编码。",
        "A lot is among exactly those who are equal: check the codes.",
    ),
}

#: What a lot will do, before it is entered.
ACTS: Final[Mapping[str, Said]] = {
    "do_lot": Said("录入抽签结果", "Enter a lot"),
    "fact_contest": Said("项目", "Contest"),
    "fact_order": Said("抽出的顺序", "Order drawn"),
    "stay_lot": Said("抽签结果写入账本，不能更改。", "The lot stands in the ledger, and cannot be changed."),
}
