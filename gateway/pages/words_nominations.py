"""What the pages of nominations, and the candidate's page, say, in Simplified Chinese and in English: plain
data."""

from collections.abc import Mapping
from typing import Final

from config.wording import Said

WORDS: Final[Mapping[str, Said]] = {
    "nominations": Said("申报推荐", "Nominations"),
    "no_nominations": Said(
        "活动文件没有 [nominations]，候选名单直接写在其中。",
        "The campaign file has no [nominations]: its candidates are written there by hand.",
    ),
    "forgotten": Said(
        "保存期已过：只保留公开的内容，其余已删除。",
        "The time to keep it is over: only what is public is kept, the rest was erased.",
    ),
    "frozen": Said(
        "投票已开始，申报和名单不能再改。", "Voting has begun: nominations and roster are frozen."
    ),
    "outside_period": Said(
        "今天不在时间表的申报期内。", "Today is outside the timetable’s days for nominations."
    ),
    # the list
    "none_nominated": Said("还没有申报。", "Nobody has been nominated yet."),
    "none_nominated_more": Said(
        "逐份录入，或下载模板填好后上传。", "Enter them one by one, or fill in the template and hand it in."
    ),
    "new_nomination": Said("录入一份申报表", "Enter a nomination"),
    "name": Said("名称", "Name"),
    "unit": Said("单位", "Unit"),
    "code": Said("编码", "Code"),
    "standing": Said("进度", "Progress"),
    "edit": Said("打开", "Open"),
    "next_page": Said("下一页", "Next page"),
    "first_page": Said("回到第一页", "First page"),
    "namesakes": Said("同名", "namesake"),
    "counted": Said("{n} 份", "{n}"),
    "standing_unfinished": Said("未填完", "unfinished"),
    "standing_awaits_unit": Said("待推荐单位意见", "awaits the unit"),
    "standing_awaits_department": Said("待主管部门意见", "awaits the department"),
    "standing_awaits_committee": Said("待组委会初审", "awaits the committee"),
    "standing_approved": Said("已批准", "approved"),
    "standing_declined": Said("未通过", "declined"),
    "standing_returned": Said("退回补正", "returned"),
    "standing_withdrawn": Said("已撤回", "withdrawn"),
    # by spreadsheet
    "import": Said("用电子表格导入", "By spreadsheet"),
    "import_text": Said(
        "下载模板，一行一份，填好后上传。有任何错误，整份都不读入，并逐格列出。不收含宏的文件。",
        "Take the template, one nomination a row, and hand it in. With any mistake nothing is taken in, and "
        "each one is listed by its cell. Macros are refused.",
    ),
    "template": Said("下载模板", "Template"),
    "sheet_file": Said(
        "申报表（.xlsx 或 .csv，最大 {size} MB）", "Spreadsheet (.xlsx or .csv, at most {size} MB)"
    ),
    "take": Said("上传", "Hand in"),
    "no_file_given": Said("请先选择文件。", "Choose a file first."),
    "faulty": Said(
        "没有读入，请更正以下各处（共 {n} 处）：", "Nothing was taken in. Mend this ({n} in all):"
    ),
    "more_faults": Said("……其余 {n} 处请改好后再看。", "… and {n} more: mend these first."),
    "done_imported": Said("全部读入。", "All were taken in."),
    # the roster
    "roster": Said("候选名单", "Roster"),
    "roster_text": Said(
        "已批准 {n} 名。投票开始前写入活动文件，重启服务后生效；也可用命令 televote roster。",
        "{n} approved. Write them into the campaign file before the vote opens; they hold after a restart. "
        "The command is televote roster.",
    ),
    "roster_same": Said(
        "正在运行的名单与已批准的一致。", "The roster that is running is that of the approved."
    ),
    "roster_other": Said(
        "正在运行的名单与已批准的不同。", "The roster that is running is not that of the approved."
    ),
    "roster_write": Said("写入活动文件", "Write into the campaign file"),
    "done_roster": Said(
        "已写入活动文件。请在投票开始前重启服务，名单才生效。",
        "It stands in the campaign file. Restart the service before the vote opens: then it holds.",
    ),
    "roster_empty": Said(
        "没有写入：{about} 还没有已批准的申报。", "Not written: nobody is approved yet in {about}."
    ),
    "roster_by_hand": Said(
        "没有写入：在活动文件中找不到 {about} 的候选名单，请手工改写。",
        "Not written: the candidates of {about} are not where they can be found. Write them by hand.",
    ),
    "roster_refused": Said(
        "没有写入：改写后的活动文件有误。{about}", "Not written: with this roster the file is wrong. {about}"
    ),
    "roster_disk": Said(
        "没有写入：服务不能写活动文件（{about}）。请在服务器上运行 televote roster --write。",
        "Not written: the service may not write the file ({about}). Run televote roster --write on the "
        "server.",
    ),
    # one
    "nomination": Said("申报表", "Nomination"),
    "to_list": Said("返回列表", "To the list"),
    "save_it": Said("保存", "Save"),
    "field_choose": Said("请选择", "choose"),
    "needed": Said("（必填）", " (required)"),
    "ours": Said("（公布用）", " (for publication)"),
    "now_length": Said("现有 {n} 字。", "{n} characters now."),
    "still_missing": Said("还缺：", "Still missing:"),
    "first_person": Said(
        "事迹中似有第一人称，申报表要求第三人称。",
        "The deeds seem to be told in the first person; the form wants the third.",
    ),
    "done_saved": Said("已保存。", "Kept."),
    "will_lapse": Said(
        "改动申报表内容后，已有的意见作废，须重新签署；“公布用”各项除外。",
        "If the form’s content changes, its endorsements lapse; not so for what is “for publication”.",
    ),
    # endorsements
    "opinions": Said("三级意见", "Endorsements"),
    "stage_department": Said("主管部门意见", "The department’s endorsement"),
    "stage_committee": Said("评选组委会初审意见", "The committee’s preliminary review"),
    "ruling": Said("结论", "Ruling"),
    "ruling_agree": Said("同意", "Agree"),
    "ruling_disagree": Said("不同意", "Disagree"),
    "ruling_return": Said("退回补正", "Return"),
    "who": Said("签署人", "Signed by"),
    "on": Said("签署日期", "Signed on"),
    "note": Said("说明", "Note"),
    "note_hint": Said("不同意或退回须说明理由。", "Needed unless they agree."),
    "lapsed": Said(
        "内容在签署后有改动，此意见已作废。", "The content has changed since: this endorsement has lapsed."
    ),
    "not_yet": Said("还没有。", "Not yet."),
    "not_complete_yet": Said("填完申报表后才能签署意见。", "Endorse it once the form is complete."),
    "endorse": Said("记录意见", "Record it"),
    "code_wanted": Said("编码（留空则自动给出）", "Code (empty: the next free one)"),
    "code_of_range": Said("范围 {codes}，用过的不再给。", "Of the range {codes}, never one that was given."),
    "done_endorsed": Said("意见已记录。", "The endorsement is recorded."),
    "recode": Said("改编码", "Give another code"),
    "done_recoded": Said("编码已改；原编码不再使用。", "The code was changed; the old one stays used up."),
    # files
    "files": Said("照片和文件", "Photos and documents"),
    "kind_portrait": Said("公布的照片", "Photo for the public"),
    "kind_photo": Said("其他照片", "Another photo"),
    "kind_paper": Said("文件（盖章的申报表等）", "Document (the sealed form)"),
    "file_kind": Said("类别", "Kind"),
    "file_choose": Said("文件", "File"),
    "file_hint": Said(
        "照片：JPEG、PNG，最大 {photo} MB，边长 {least} 至 {most} 像素；位置等附带信息会被去除。"
        "文件：PDF、DOCX 或照片，最大 {paper} MB。",
        "Photos: JPEG or PNG, at most {photo} MB, sides of {least} to {most} pixels; position and other "
        "metadata are taken out. Documents: PDF, DOCX or a photo, at most {paper} MB.",
    ),
    "attach": Said("添加", "Add"),
    "remove": Said("删除", "Delete"),
    "done_attached": Said("已添加。", "Added."),
    "done_detached": Said("已删除。", "Deleted."),
    "no_files": Said("还没有。", "None yet."),
    # taking back
    "withdraw": Said("撤回申报", "Withdraw"),
    "withdraw_text": Said(
        "撤回后不进入名单；编码保留，不给别人。", "It leaves the roster; its code is kept, for nobody else."
    ),
    "restore": Said("恢复申报", "Take up again"),
    "reason": Said("理由", "Reason"),
    "done_withdrawn": Said("已撤回。", "Withdrawn."),
    "done_restored": Said("已恢复。", "Taken up again."),
    # what was done
    "history": Said("经过", "What was done"),
    "when": Said("时间", "When"),
    "by": Said("账号", "Account"),
    "what": Said("事项", "What"),
    "did_entered": Said("录入", "entered"),
    "did_version": Said("保存内容", "content kept"),
    "did_opinion": Said("记录意见", "endorsement"),
    "did_code": Said("给予编码", "code given"),
    "did_withdrawn": Said("撤回", "withdrawn"),
    "did_restored": Said("恢复", "taken up again"),
    "did_file": Said("添加文件", "file added"),
    "did_file_removed": Said("删除文件", "file deleted"),
    # the candidate's page
    "candidate_photo": Said("{name}的照片", "Photo of {name}"),
    "candidate_code": Said("投票编码", "Code to vote by"),
    "summary": Said("简介", "Summary"),
    "no_summary": Said("没有简介。", "There is no summary."),
    "to_campaign": Said("全部候选", "All candidates"),
}

#: Why something is not done with a nomination.
REFUSED: Final[Mapping[str, Said]] = {
    "no_nominations": Said("这个项目没有申报。", "No nominations are taken for that contest."),
    "no_nomination": Said("没有这份申报。", "There is no such nomination."),
    "changed": Said(
        "您打开之后，别人改了这份申报，您的内容没有保存。请在另一个窗口查看现在的内容，再决定是否提交。",
        "Somebody else has changed this nomination since you opened it, and yours was not kept. Look at what "
        "it says now, in another window, before you send it again.",
    ),
    "nomination_damaged": Said(
        "这份申报与保存时不同，请从备份核对数据库。",
        "It is not what was kept: compare the database with a backup.",
    ),
    "roster_frozen": Said(
        "投票已开始，申报和名单不能再改。", "Voting has begun: nominations and roster are frozen."
    ),
    "nominated_already": Said(
        "同单位同名称已经申报。请修改那一份；如为两人，请在姓名中加以区分。",
        "The same name of the same unit has been nominated: change that one, or tell the two apart in the "
        "name.",
    ),
    "not_complete": Said(
        "申报表还没有填完，或已撤回，不能签署意见。", "The form is not complete, or withdrawn: not endorsed."
    ),
    "not_approved": Said("三级意见都同意后才有编码。", "A code is given once all three have agreed."),
    "codes_gone": Said(
        "编码已用完，请在活动文件的 [nominations] 中放宽范围。",
        "No code is left: have a longer range written under [nominations] in the campaign file.",
    ),
    "code_range": Said("编码不在本项目的范围内。", "The code is not of this contest’s range."),
    "code_used": Said("编码已经用过，请换一个。", "The code was given before: take another."),
    "no_reason_given": Said("请写明理由（不超过 500 字）。", "Say why, in 500 characters at most."),
    "no_file": Said("没有这个文件。", "There is no such file."),
    "files_many": Said("每份申报最多 20 个文件。", "A nomination has 20 files at most."),
    "picture_large": Said("照片太大，请缩小到 8 MB 以内。", "The photo is too large: 8 MB at most."),
    "picture_kind": Said(
        "不是可用的照片：请用 JPEG 或 PNG 格式保存。", "No photo that is taken: save it as JPEG or PNG."
    ),
    "picture_damaged": Said("照片已损坏或不完整，请重新导出。", "The photo is damaged: export it again."),
    "picture_small": Said("照片太小，边长至少 200 像素。", "The photo is too small: 200 pixels a side."),
    "picture_wide": Said(
        "照片尺寸太大，边长最多 8000 像素，总数不超过 4000 万。",
        "The photo has too many pixels: 8000 a side and 40 million in all.",
    ),
    "paper_large": Said("文件太大，请缩小到 16 MB 以内。", "The document is too large: 16 MB at most."),
    "paper_kind": Said("只收 PDF、DOCX 和照片。", "Only PDF, DOCX and photos are taken."),
    "paper_damaged": Said("文件已损坏或不完整，请重新导出。", "The document is damaged: export it again."),
    "paper_macros": Said("文件含有宏，请另存为不含宏的文件。", "It holds macros: save it without them."),
}
