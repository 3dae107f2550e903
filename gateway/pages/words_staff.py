"""What the pages for people say, in Simplified Chinese and in English: plain data.

Here stands what every such page needs; each room has a catalogue of its own besides.
"""

from collections.abc import Mapping
from typing import Final

from config.wording import Said

WORDS: Final[Mapping[str, Said]] = {
    # every page
    "lang": Said("zh-CN", "en"),
    "product": Said("Televote 计票台", "Televote"),
    "skip": Said("跳到正文", "Skip to content"),
    "languages": Said("语言", "Language"),
    "places": Said("页面", "Pages"),
    "account": Said("我的账号", "My account"),
    "sign_out": Said("退出", "Sign out"),
    "signed_in_as": Said("已登录：", "Signed in: "),
    "secrecy": Said(
        "电话号码和短信内容是个人信息，请勿抄录或外传。",
        "Telephone numbers and texts are personal data: do not copy or pass them on.",
    ),
    "colon": Said("：", ": "),
    "times_zone": Said("时间均为 {zone} 时间。", "All times are {zone} time."),
    "yes": Said("是", "Yes"),
    "no": Said("否", "No"),
    "cancel": Said("取消", "Cancel"),
    "save": Said("保存", "Save"),
    "back": Said("返回", "Back"),
    "unkept": Said("没有保存，请更正：", "Nothing was kept. Put right:"),
    "to_sign_in": Said("登录", "Sign in"),
    "handin_lost": Said("没有收到服务器的回答，请再试一次。", "No answer came from the server: try again."),
    # roles
    "operator": Said("接线员", "Operator"),
    "committee": Said("组委会", "Committee"),
    "observer": Said("观察员", "Observer"),
    "panel": Said("评委", "Panel"),
    "administrator": Said("管理员", "Administrator"),
    # places
    "nav_operator": Said("接线台", "Desk"),
    "nav_committee": Said("组委会", "Committee"),
    "nav_observer": Said("观察", "Observing"),
    "nav_panel": Said("评议打分", "Score sheets"),
    "nav_administrator": Said("人员账号", "People"),
    "nav_live": Said("实时", "Live"),
    "nav_nominations": Said("申报", "Nominations"),
    "nav_rulings": Said("待裁定", "Rulings"),
    "nav_acts": Said("操作", "Acts"),
    "nav_evaluation": Said("评议", "Evaluation"),
    "nav_reconcile": Said("核对", "Reconciliation"),
    "nav_result": Said("结果", "Result"),
    "nav_records": Said("记录", "Records"),
    "nav_anomalies": Said("异常", "Anomalies"),
    "nav_operators": Said("接线员", "Operators"),
    "nav_exports": Said("导出", "Exports"),
    # refusals: a heading, and what to do
    "refused_signed_out": Said("尚未登录，或登录已过期", "You are not signed in, or no longer"),
    "refused_signed_out_text": Said(
        "刚才的操作没有执行。请重新登录，再做一次。",
        "What you just sent was not carried out. Sign in, and do it again.",
    ),
    "refused_typed": Said(
        "您写的内容在下面，请先复制；下一页会另开。",
        "What you wrote is below: copy it first. The next page opens beside this one.",
    ),
    "refused_role": Said("此页面不对您的角色开放", "This page is not for your role"),
    "refused_role_text": Said(
        "如果您需要它，请管理员更改您的角色。", "If you need it, ask the administrator for another role."
    ),
    "refused_campaign": Said("此投票不对您开放", "This vote is not one of yours"),
    "refused_campaign_text": Said(
        "请管理员把这项投票加入您的账号。", "Ask the administrator to add it to your account."
    ),
    "refused_origin": Said("请求不是从本站页面发出的", "This did not come from a page of ours"),
    "refused_origin_text": Said(
        "没有执行任何操作。请在地址栏重新打开页面再试；若仍如此，请管理员检查 public_url 和代理的 Host。",
        "Nothing was done. Open the page by its address and try again; if it stays so, ask the administrator "
        "to check public_url and the Host that the proxy passes on.",
    ),
    "refused_csrf": Said("页面已过期", "This page was out of date"),
    "refused_csrf_text": Said(
        "没有执行任何操作。请返回、刷新页面后再试。浏览器须允许本站的 Cookie。",
        "Nothing was done. Go back, reload the page, and try again. The browser must allow our cookies.",
    ),
    "refused_insecure": Said("此连接未加密，不能登录", "This connection is not encrypted: no sign-in"),
    "refused_insecure_text": Said(
        "请用 https:// 地址打开。仅在可信的内部网络中，管理员可设置 accounts.insecure_http = true。",
        "Open the page by its https:// address. On a network that is trusted, the administrator can set "
        "accounts.insecure_http = true.",
    ),
    "refused_unknown": Said("没有这个页面", "Page not found"),
    "refused_unknown_text": Said("网址可能有误。", "The address may be wrong."),
    "refused_unreadable": Said("无法读取提交的内容", "What was sent could not be read"),
    "refused_unreadable_text": Said("请返回页面再试。", "Go back to the page and try again."),
    "refused_slow": Said("提交的内容没有及时到达", "What was sent did not arrive in time"),
    "refused_slow_text": Said("请检查网络后再试。", "Check the network and try again."),
    "refused_too_large": Said("提交的内容太大", "What was sent is too large"),
    "refused_too_large_text": Said("请分成几份提交。", "Send it in several parts."),
    "refused_unavailable": Said("数据库暂时无法写入", "The database cannot be written just now"),
    "refused_unavailable_text": Said(
        "请稍后再试；管理员请查看磁盘空间。", "Try again shortly; the administrator should look at the disk."
    ),
}
