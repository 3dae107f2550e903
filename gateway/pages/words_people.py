"""What the pages for signing in and for accounts say, in Simplified Chinese and in English: plain data."""

from collections.abc import Mapping
from typing import Final

from config.wording import Said

WORDS: Final[Mapping[str, Said]] = {
    # signing in
    "sign_in": Said("登录", "Sign in"),
    "login": Said("账号", "Account"),
    "password": Said("密码", "Password"),
    "code_heading": Said("输入验证码", "Enter the code"),
    "code": Said("验证码", "Code"),
    "code_hint": Said(
        "身份验证器应用中显示的 6 位数字，每 30 秒更换。",
        "The six digits that your authenticator app shows, new every 30 seconds.",
    ),
    "begin_anew": Said("重新登录", "Begin anew"),
    "forgotten": Said(
        "忘记密码或没有账号？请联系管理员，领取一次性链接。",
        "No account, or a forgotten password? The administrator gives you a one-time link.",
    ),
    "denied_wrong": Said(
        "账号或密码不正确，或账号已停用。", "Account or password are not right, or the account is disabled."
    ),
    "denied_code": Said(
        "验证码不正确，或已用过。请等下一个。",
        "That code is wrong, or was used before. Wait for the next.",
    ),
    "denied_stale": Said("时间过长，请重新登录。", "That took too long: sign in anew."),
    "denied_wait": Said(
        "错误次数过多，请等 {seconds} 秒再试。忘记密码请联系管理员。",
        "Too many wrong guesses: wait {seconds} seconds. The administrator can give you a new link.",
    ),
    "denied_crowded": Said("登录请求过多，请稍后再试。", "Too many are signing in: try again shortly."),
    "done_signed_out": Said("已退出登录。", "You have signed out."),
    # a one-time link
    "welcome": Said("欢迎，{name}", "Welcome, {name}"),
    "welcome_text": Said(
        "请为自己的账号设置密码。设置后此链接失效。",
        "Choose a password for your account. The link is used up by it.",
    ),
    "link_gone": Said("此链接已失效", "This link is no longer valid"),
    "link_gone_text": Said(
        "链接只能使用一次，48 小时内有效。如果密码已经设置好，请直接登录；否则请管理员重新生成链接。",
        "A link works once, and for 48 hours. If you have chosen your password, sign in with it; if not, ask "
        "the administrator for another link.",
    ),
    "new_password": Said("新密码", "New password"),
    "password_again": Said("再输入一次", "Once more"),
    "password_hint": Said(
        "至少 12 个字符（汉字算 2 个），可以是一句话；不要求大小写或符号。",
        "At least 12 characters (a Chinese one counts as two). A sentence is best; capitals and signs need "
        "not be in it.",
    ),
    "set_and_enter": Said("设置密码并进入", "Set password and enter"),
    "password_short": Said("太短。", "Too short."),
    "password_long": Said("太长，最多 200 个字符。", "Too long: at most 200 characters."),
    "password_repeated": Said("字符重复太多，容易猜到。", "The same few characters: easy to guess."),
    "password_sequence": Said(
        "是连续的字母、数字或键盘顺序，容易猜到。", "A run of letters, digits or keys: easy to guess."
    ),
    "password_known": Said(
        "几乎只有账号、姓名或常用词，容易猜到。",
        "Little more than your name, account or common words: easy to guess.",
    ),
    "password_differs": Said("两次输入不一致。", "The two are not the same."),
    # one's own account
    "change_password": Said("修改密码", "Change password"),
    "current_password": Said("当前密码", "Current password"),
    "current_wrong": Said("当前密码不正确。", "That is not your current password."),
    "others_end": Said(
        "修改后，您在其他浏览器上的登录会被退出。", "Your sessions in other browsers end with it."
    ),
    "done_password": Said("密码已修改。", "The password was changed."),
    "second": Said("第二重验证", "Second factor"),
    "second_off": Said(
        "未启用。启用后，登录时除密码外还要输入手机上显示的 6 位验证码。",
        "Not in use. With it, signing in also asks for six digits that your telephone shows.",
    ),
    "second_on": Said(
        "已启用：登录时需要验证码。手机丢失时，请管理员重置账号。",
        "In use: signing in asks for a code. If the telephone is lost, an administrator resets the account.",
    ),
    "second_begin": Said("启用第二重验证", "Set up a second factor"),
    "second_remove": Said("停用第二重验证", "Stop asking for codes"),
    "second_scan": Said(
        "用身份验证器应用扫描二维码，或手工输入密钥，再输入应用显示的验证码。",
        "Scan this with an authenticator app, or type the secret into it; then enter the code that it shows.",
    ),
    "second_secret": Said("密钥", "Secret"),
    "second_qr": Said("二维码", "QR code"),
    "second_confirm": Said("确认启用", "Confirm"),
    "done_second": Said("第二重验证已启用。", "The second factor is in use."),
    "done_second_removed": Said("第二重验证已停用。", "No code is asked for any more."),
    "sessions": Said("登录状态", "Sessions"),
    "session_browser": Said("浏览器", "Browser"),
    "session_begun": Said("登录时间", "Signed in"),
    "session_seen": Said("最近活动", "Last active"),
    "session_here": Said("本次", "this one"),
    "session_end": Said("退出此处", "End"),
    "sessions_end": Said("退出其他所有登录", "End all others"),
    "sessions_text": Said(
        "{idle} 分钟无操作，或登录满 {longest} 小时，会自动退出。",
        "A session ends after {idle} minutes without activity, and after {longest} hours in any case.",
    ),
    "unknown_browser": Said("未知", "unknown"),
    "done_session": Said("已退出。", "The session has ended."),
    # everybody's accounts
    "people": Said("人员账号", "People"),
    "people_text": Said(
        "管理员只管账号，看不到投票。添加账号后，把一次性链接交给本人，由本人设置密码。",
        "An administrator makes accounts and sees nothing of votes. Hand each new link to the person it is "
        "for: they choose the password.",
    ),
    "person_name": Said("姓名", "Name"),
    "name_hint": Said("会出现在账本和记录中。", "Stands beside what they do, also in the ledger."),
    "login_hint": Said(
        "小写字母、数字、中间可有 - 或 _，如 li-na。以后不能更改。",
        "Small letters, digits, single - or _ between, such as li-na. It never changes.",
    ),
    "role": Said("角色", "Role"),
    "role_operator": Said("接线员：登记来电，看不到票数", "Operator: takes calls, sees no figures"),
    "role_committee": Said("组委会：看票数、裁定、操作", "Committee: sees the count, rules, acts"),
    "role_observer": Said("观察员：只看，不能更改", "Observer: looks on, changes nothing"),
    "role_panel": Said("评委：给候选打分，看不到票数", "Panel: judges candidates, sees no figures"),
    "role_administrator": Said("管理员：管理账号", "Administrator: makes accounts"),
    "campaigns": Said("投票活动", "Votes"),
    "campaigns_hint": Said("不选即为全部。", "None chosen means all."),
    "all_campaigns": Said("全部", "all"),
    "state": Said("状态", "State"),
    "state_active": Said("正常", "active"),
    "state_waiting": Said("待设置密码", "link not used yet"),
    "state_expired": Said("链接已过期", "link expired"),
    "state_disabled": Said("已停用", "disabled"),
    "with_second": Said("有第二重验证", "second factor"),
    "last_seen": Said("最近登录", "Last signed in"),
    "never": Said("从未", "never"),
    "add_person": Said("添加人员", "Add a person"),
    "add": Said("添加并生成链接", "Add, and make the link"),
    "edit": Said("编辑", "Edit"),
    "disable": Said("停用", "Disable"),
    "disable_text": Said(
        "立即退出其所有登录，不能再登录。其做过的事仍留在记录中。",
        "Ends all their sessions at once, and lets them in no more. What they did stays on record.",
    ),
    "enable": Said("重新启用", "Enable again"),
    "enable_text": Said("可用原来的密码登录。", "They sign in with the password they had."),
    "reset": Said("重置", "Reset"),
    "reset_text": Said(
        "忘记其密码和第二重验证，退出其所有登录，并生成新的一次性链接。",
        "Forgets password and second factor, ends all their sessions, and makes a new one-time link.",
    ),
    "link_for": Said("给 {name} 的链接", "The link for {name}"),
    "link_text": Said(
        "只显示这一次。请当面或用可信的方式交给本人。{until} 前有效，只能用一次。",
        "Shown only now. Hand it over in person, or in a way that you trust. Works once, until {until}.",
    ),
    "link": Said("一次性链接", "One-time link"),
    "to_people": Said("返回人员账号", "Back to people"),
    "done_changed": Said("已保存。", "Saved."),
    "done_disabled": Said(
        "账号已停用，其登录已全部退出。", "The account is disabled; its sessions have ended."
    ),
    "done_enabled": Said("账号已启用。", "The account is enabled."),
    "refused_login_shape": Said(
        "账号须为 2 至 40 个小写字母、数字，中间可有单个 - 或 _。",
        "A login is 2 to 40 small letters and digits, with single - or _ between.",
    ),
    "refused_login_taken": Said("已有这个账号。", "There is such an account already."),
    "refused_name_shape": Said("请填写姓名，最多 60 个字。", "Give a name of at most 60 characters."),
    "refused_campaign_unknown": Said("没有这项投票。", "There is no such vote."),
    "refused_unknown_account": Said("没有这个账号。", "There is no such account."),
    "refused_last_administrator": Said(
        "这是唯一的管理员。请先添加另一位管理员。", "This is the only administrator: add another one first."
    ),
    "refused_own": Said(
        "不能更改自己的角色、停用或重置自己；请另一位管理员来做。",
        "Nobody disables, resets or gives another role to themselves: another administrator does.",
    ),
    "refused_disabled": Said("账号已停用，请先重新启用。", "The account is disabled: enable it first."),
}
