"""What is said about a wrong file, in English and Simplified Chinese: what is wrong, and what would be right.

Keys are pydantic's error types, then our own. Braces name values from the error's context. No sentence
ever shows what was given, only what is allowed: a value may be a secret or a telephone number.
"""

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple


class Said(NamedTuple):
    """One wording in both languages."""

    zh: str
    en: str

    def by(self, lang: Literal["zh", "en"]) -> str:
        """In one of them."""
        return self.zh if lang == "zh" else self.en


class Wording(NamedTuple):
    """What is wrong, and what would be right."""

    wrong: Said
    right: Said


def _words(wrong: str, right: str, wrong_zh: str, right_zh: str) -> Wording:
    return Wording(Said(wrong_zh, wrong), Said(right_zh, right))


def _clash(
    how: str, how_zh: str, right: str = "change one of the two", right_zh: str = "请修改其中之一"
) -> Wording:
    return _words(
        f"{{second}} and {{first}} at {{line}} {how}",
        right,
        f"{{second}} 与 {{line}} 的 {{first}} {how_zh}",
        right_zh,
    )


#: Error types of pydantic that are said alike.
_TEXT: Final = _words("is not a text", "write it in quotes", "不是文本", "请用引号括起来")
_WHOLE: Final = _words(
    "is not a whole number", "write digits without quotes or point", "不是整数", "请写数字，不加引号和小数点"
)
_NUMBER: Final = _words(
    "is not a number", "write digits, with a point if need be", "不是数字", "请写数字，可带小数点"
)
_YES_NO: Final = _words(
    "is neither true nor false",
    "write true or false without quotes",
    "不是真假值",
    "请写 true 或 false，不加引号",
)
_LIST: Final = _words(
    "is not a list", "write the values in square brackets", "不是列表", "请用方括号列出各值"
)
_TABLE: Final = _words(
    "is not a table of keys",
    "write it as a [section], or as {{ key = value }}",
    "不是键值表",
    "请写成 [小节] 或 {{ 键 = 值 }}",
)
_ONE_OF: Final = _words(
    "is not one of the words allowed here",
    "write one of: {expected}",
    "不是允许的取值",
    "可用的取值：{expected}",
)
_UNSAID: Final = _words(
    "is not acceptable", "see this key in the documentation", "不可接受", "请查阅文档中该键的说明"
)

WORDING: Final[Mapping[str, Wording]] = {
    # pydantic's own
    "missing": _words("is missing", "add it", "缺少此项", "请补上"),
    "string_type": _TEXT,
    "string_unicode": _TEXT,
    "int_type": _WHOLE,
    "int_parsing": _WHOLE,
    "int_from_float": _WHOLE,
    "int_parsing_size": _WHOLE,
    "float_type": _NUMBER,
    "float_parsing": _NUMBER,
    "finite_number": _NUMBER,
    "bool_type": _YES_NO,
    "bool_parsing": _YES_NO,
    "list_type": _LIST,
    "tuple_type": _LIST,
    "set_type": _LIST,
    "frozen_set_type": _LIST,
    "dict_type": _TABLE,
    "mapping_type": _TABLE,
    "model_type": _TABLE,
    "model_attributes_type": _TABLE,
    "date_type": _words(
        "is not a day",
        "write it without quotes and without a time, such as 2018-06-01",
        "不是日期",
        "请写日期，不加引号，也不带时间，例如 2018-06-01",
    ),
    "literal_error": _ONE_OF,
    "enum": _ONE_OF,
    "literal_number": _words(
        "is not one of the numbers allowed here",
        "write one of these, without quotes: {expected}",
        "不是允许的数字",
        "可用的数字（不加引号）：{expected}",
    ),
    "greater_than": _words("is too small", "write more than {gt}", "太小", "请写大于 {gt} 的数"),
    "greater_than_equal": _words("is too small", "write {ge} or more", "太小", "请写 {ge} 或更大的数"),
    "less_than": _words("is too large", "write less than {lt}", "太大", "请写小于 {lt} 的数"),
    "less_than_equal": _words("is too large", "write {le} or less", "太大", "请写 {le} 或更小的数"),
    "string_too_short": _words(
        "is too short", "write at least {min_length} characters", "太短", "至少写 {min_length} 个字符"
    ),
    "string_too_long": _words(
        "is too long", "write at most {max_length} characters", "太长", "最多写 {max_length} 个字符"
    ),
    "too_short": _words(
        "has too few entries", "give at least {min_length}", "条目太少", "至少 {min_length} 项"
    ),
    "too_long": _words(
        "has too many entries", "give at most {max_length}", "条目太多", "最多 {max_length} 项"
    ),
    "string_pattern_mismatch": _words(
        "is not written as it must be", "it must match {pattern}", "书写格式不对", "须符合 {pattern}"
    ),
    "value_error": _words(
        "is not acceptable: {error}",
        "see this key in the documentation",
        "不可接受：{error}",
        "请查阅文档中该键的说明",
    ),
    "assertion_error": _UNSAID,
    # whatever no sentence was written for, and whatever would say too much of a secret
    "unsaid": _UNSAID,
    # keys
    "unknown_key": _words(
        "is not a key that is known here", "the keys are: {known}", "此处没有这个键", "可用的键：{known}"
    ),
    "unknown_key_near": _words(
        "is not a key that is known here", "is {near} meant?", "此处没有这个键", "是否应为 {near}？"
    ),
    # single values
    "slug": _words(
        "is not a short name",
        "write 1 to 40 lower-case letters and digits, joined by single - or _, such as beita-2018",
        "不是合法的短名",
        "请写 1 至 40 个小写字母或数字，可用单个 - 或 _ 连接，例如 beita-2018",
    ),
    "text_blank": _words(
        "is blank, or has spaces around it",
        "write the text without them",
        "为空，或首尾有空格",
        "请去掉首尾空格",
    ),
    "text_control": _words(
        "holds a line break or a control character",
        "write it on one line",
        "含有换行或控制字符",
        "请写成一行",
    ),
    "text_unseen": _words(
        "holds the invisible character {sign}",
        "delete it, or type the text again",
        "含有不可见字符 {sign}",
        "请删去，或重新输入",
    ),
    "zone": _words(
        "is not a known time zone", "write one such as {near}", "不是已知的时区", "请写时区名，例如 {near}"
    ),
    "instant_type": _words(
        "is not a date with time and offset",
        "write it without quotes, such as 2018-07-09T08:00:00+08:00",
        "不是带时区的日期时间",
        "请不加引号书写，例如 2018-07-09T08:00:00+08:00",
    ),
    "instant_year": _words(
        "is of a year that no vote can be in",
        "write a year from {first} to {last}",
        "年份不可能",
        "请写 {first} 至 {last} 之间的年份",
    ),
    "instant_naive": _words(
        "does not say in which time zone it is meant",
        "write {right}",
        "没有写明时区",
        "请写 {right}",
    ),
    "duration": _words(
        "is not a length of time",
        'write a number and s, m or h, such as "90s", "15m" or "24h"',
        "不是时长",
        '请写数字加 s（秒）、m（分）或 h（时），例如 "90s"、"15m"、"24h"',
    ),
    "retention_short": _words(
        "is shorter than complaints and the audit need",
        "write at least {least}",
        "短于投诉和审计所需的时间",
        "至少写 {least}",
    ),
    "publish": _words(
        "does not say when results are shown",
        'write "live", "daily at 20:00", "after_close" or "never"',
        "没有写明何时公布",
        '请写 "live"、"daily at 20:00"、"after_close" 或 "never"',
    ),
    "region": _words(
        "is not a country or region code of two letters",
        "write one such as {near}",
        "不是两个字母的国家或地区代码",
        "请写代码，例如 {near}",
    ),
    "area_code": _words(
        "is not an area code",
        'write 1 to 6 digits in quotes, with the leading zero, such as "0739"',
        "不是区号",
        '请用引号写 1 至 6 位数字，带首位 0，例如 "0739"',
    ),
    "number": _words(
        "is not the number of a line that could vote",
        "correct it, or leave it out",
        "不是可以投票的电话号码",
        "请更正或删去",
    ),
    "pending": _words(
        "is not an outcome that may wait for a person",
        "write one of: {allowed} (unclear, in_transit and unparsed always wait)",
        "不是可以转人工的结果",
        "可用的取值：{allowed}（unclear、in_transit、unparsed 总是转人工）",
    ),
    "outcome": _words(
        "is not the name of an outcome", "write one of: {allowed}", "不是结果名称", "可用的取值：{allowed}"
    ),
    "placeholder": _words(
        "has braces around something else than a placeholder",
        "only {allowed} may stand in braces",
        "花括号里不是可用的占位符",
        "花括号里只能写 {allowed}",
    ),
    "cue": _words(
        "is not the name of a prompt", "write one of: {allowed}", "不是提示语名称", "可用的取值：{allowed}"
    ),
    "recording": _words(
        "is not a recording that can be played",
        "write play: and a URL or a sound file's name, in ASCII, without spaces; {{code}} may stand in it",
        "不是可以播放的录音",
        "请写 play: 加网址或音频文件名，用 ASCII 字符，不含空格；其中可用 {{code}}",
    ),
    "points": _words(
        "is not an exact number of points above 0",
        'write a whole number, or a text with a point such as "2.5"',
        "不是大于 0 的准确分值",
        '请写整数，或用引号写小数，例如 "2.5"',
    ),
    "share": _words(
        "is not an exact share of the whole",
        'write it in quotes, such as "60%" or "0.6", at most "100%"',
        "不是准确的比例",
        '请用引号书写，例如 "60%" 或 "0.6"，不超过 "100%"',
    ),
    "ties": _words(
        "leaves ties open, or names a rule twice",
        'write some of "public", "panel" and last "lot", each once',
        "不能解决所有并列，或有重复的规则",
        '请从 "public"、"panel" 中选写，最后写 "lot"，各一次',
    ),
    "code_range": _words(
        "is not a range of codes",
        'write the first and the last, with as many digits in both, such as "A01-A99"',
        "不是编码范围",
        '请写首尾两个编码，位数相同，例如 "A01-A99"',
    ),
    # values that do not go together
    "keypads_few": _words(
        "has fewer keys than there are codes, or letters",
        'write a range of digits of {codes} or more, such as "101-199"',
        "按键少于编码，或含有字母",
        '请写至少 {codes} 个数字按键的范围，例如 "101-199"',
    ),
    "criterion_step": _words(
        "does not lead to max",
        "write a step of which max is a multiple",
        "按此步长达不到 max",
        "max 须是 step 的整数倍",
    ),
    "criterion_twice": _words(
        "has two criteria with the same id",
        "give each its own id",
        "有两项标准的 id 相同",
        "每项标准的 id 必须不同",
    ),
    "trim_needed": _words(
        "leaves nothing out, and that is no trimmed mean",
        'write trim = 1 or more, or panel = "mean"',
        "没有去掉任何评分，不是去极值平均",
        '请写 trim = 1 或更大的数，或写 panel = "mean"',
    ),
    "trim_idle": _words(
        "does nothing, for the panel's score is no trimmed mean",
        'write panel = "trimmed_mean", or take trim out',
        "不起作用，因为评议分不是去极值平均",
        '请写 panel = "trimmed_mean"，或删去 trim',
    ),
    "trim_many": _words(
        "leaves out every judge's score",
        "write less than half of judges",
        "会去掉所有评委的评分",
        "须少于 judges 的一半",
    ),
    "no_contest": _words(
        "is not a contest of this campaign",
        "the contests are: {known}",
        "不是本次评选的项目",
        "评选项目：{known}",
    ),
    "timetable_order": _words(
        "is before {before}",
        "give the steps days in their order",
        "早于 {before}",
        "请按先后顺序填写各步骤日期",
    ),
    "window_order": _words(
        "is not after the opening",
        "write a closes_at later than {opens}",
        "不晚于开始时间",
        "结束时间须晚于 {opens}",
    ),
    "selections_few": _words(
        "asks for more selections than the contest has candidates: every vote would be an undervote",
        "write a selections.min of at most {candidates}",
        "要求的选择数多于候选人数，所有选票都会成为选择不足",
        "selections.min 不得大于 {candidates}",
    ),
    "selections_order": _words(
        "has min above max", "write min no greater than max", "min 大于 max", "min 不得大于 max"
    ),
    "cap_twice": _words(
        "caps the votes per {per} a second time",
        "keep one cap per {per}",
        "对 {per} 重复设限",
        "{per} 只保留一条上限",
    ),
    "contest_twice": _words(
        "is also the id of the contest at {first}",
        "give each contest its own id",
        "与 {first} 的评选项目 id 相同",
        "每个评选项目的 id 必须不同",
    ),
    "clash": _clash("can be mistaken for one another", "容易混淆"),
    "clash_same": _clash("are one and the same code or name", "视为同一编码或名称"),
    "clash_part": _clash(
        "cannot be told apart: one is part of the other", "无法区分：其中一个是另一个的一部分"
    ),
    "clash_overlap": _clash(
        "cannot be told apart: one ends as the other begins", "无法区分：一个的结尾是另一个的开头"
    ),
    "clash_inside": _clash(
        "cannot be told apart: a name holds the other's code", "无法区分：名称中含有对方的编码"
    ),
    "clash_keypad": _clash(
        "are the same keys", "按键相同", "give one of the two another keypad", "请为其中之一另写 keypad"
    ),
    "alone": _words("cannot be told from other words", "write another", "无法与其他文字区分", "请另写一个"),
    "alone_code": _words(
        "is not a code",
        "write 1 to 16 letters and digits, such as A01; - may stand between the letters and the number",
        "不是编码",
        "请写 1 至 16 个字母和数字，例如 A01；字母和数字之间可用 -",
    ),
    "alone_alias": _words(
        "is not a name that can be looked for",
        "write 2 to 100 characters with a letter among them, without brackets at the ends",
        "不能作为名称",
        "请写 2 至 100 个字符，须含文字，首尾不用括号",
    ),
    "alone_filler": _words(
        "is too common a word to name anybody",
        "write a longer name",
        "太常用，不能代表候选人",
        "请写较长的名称",
    ),
    "alone_number": _words(
        "can be read as a number", "write a name that is no number", "会被读成数字", "请写不是数字的名称"
    ),
    "alone_shape": _words(
        "can be read as a code", "write a name without a code", "会被读成编码", "请去掉其中的编码"
    ),
    "alone_inside": _words(
        "can be read as a code", "write a name without a code", "会被读成编码", "请去掉其中的编码"
    ),
    "alone_keys": _words(
        "is not a row of keys",
        'write 1 to 16 digits in quotes, such as "101"',
        "不是按键",
        '请用引号写 1 至 16 位数字，例如 "101"',
    ),
    "batch_over_queue": _words(
        "is more than queue_messages",
        "write {queue} or less",
        "大于 queue_messages",
        "请写 {queue} 或更小的数",
    ),
    "open_void_all": _words(
        "would tell everybody which messages came from one number, and ballots are open",
        'write over_cap = "first", or ballots = "sealed"',
        "选票公开时，会让所有人看出哪些消息出自同一号码",
        '请写 over_cap = "first"，或 ballots = "sealed"',
    ),
    "open_receipt": _words(
        "tells the receipt with the reply, and ballots are open: whoever sees it could look up the choice",
        "take {{receipt}} out and write receipts = true (the committee tells codes once it is certified), "
        'or ballots = "sealed"',
        "选票公开时，回复里不能有回执码：看到它的人可以查出投给了谁",
        '请删去 {{receipt}}，改用 receipts = true（结果核定后由组委会告知），或 ballots = "sealed"',
    ),
    "open_too_many": _words(
        "is open, and there are so many candidates that an entry could not name them all",
        'keep contest ids and codes short, {most} kB together, or write ballots = "sealed"',
        "选票公开时候选人太多，一个账本条目写不下全部",
        '请缩短评选项目 id 和编号，合计不超过 {most} kB，或写 ballots = "sealed"',
    ),
    # worth a second look
    "outbox_idle": _words(
        "does nothing, for this source answers nobody",
        "write reply = true, or take it out",
        "不起作用，因为此来源不回复",
        "请写 reply = true，或删去",
    ),
    "reply_long": _words(
        "may be {characters} characters long, sent and paid for as {parts} SMS",
        "keep it within {one} characters, the longest names filled in",
        "可能长达 {characters} 个字符，会拆成 {parts} 条短信并分别计费",
        "填入最长的名称后不超过 {one} 个字符",
    ),
    "organiser_name": _words(
        "is not given: nobody is named as holding the vote",
        'write it under [organiser], such as name = "…"',
        "未填写：没有写明主办单位",
        '请写在 [organiser] 中，例如 name = "…"',
    ),
    "organiser_complaints": _words(
        "is not given: the public is to be told whom to complain to before the vote opens",
        "write a telephone number under [organiser]",
        "未填写：投票开始前须公布投诉电话",
        "请在 [organiser] 中写明电话",
    ),
    "organiser_rules_url": _words(
        "is not given: the public is to be told where the rules are before the vote opens",
        "write a web address under [organiser]",
        "未填写：投票开始前须公布规则全文的网址",
        "请在 [organiser] 中写明网址",
    ),
    "seats_over": _words(
        "is more than the candidates of the contest",
        "is the list complete?",
        "多于候选人数",
        "名单是否完整？",
    ),
    "selections_over": _words(
        "lets one message name more candidates than the cap per {per} counts",
        "is max = {votes} meant?",
        "一条消息可选的人数多于每 {per} 的计票上限",
        "是否应为 max = {votes}？",
    ),
    "proxies_all": _words(
        "trusts every address, so anyone can pretend to be any address",
        "name the proxy's own address",
        "信任所有地址，任何人都可冒充任意地址",
        "请只写代理服务器的地址",
    ),
    # settings
    "listen": _words(
        "is not an address and a port",
        'write both, such as "127.0.0.1:8080" or "[::1]:8080"',
        "不是地址加端口",
        '请写地址和端口，例如 "127.0.0.1:8080" 或 "[::1]:8080"',
    ),
    "public_url": _words(
        "is not a plain web address",
        "write it as seen from outside, with no slash at its end, such as https://vote.example.org",
        "不是网址",
        "请写外部可见的网址，末尾不加斜杠，例如 https://vote.example.org",
    ),
    "witness_key": _words(
        "is not a witness's key",
        "copy the line that the witness prints as its key: name, +, 8 hexadecimal digits, +, base64",
        "不是见证人的公钥",
        "请照抄见证人显示的那一行：名称、+、八位十六进制数、+、Base64",
    ),
    "witness_kind": _words(
        "is a log's key, not a witness's",
        "copy the line that the witness prints as its key",
        "是日志的公钥，不是见证人的",
        "请照抄见证人显示的那一行公钥",
    ),
    "witness_twice": _words(
        "has the name of a witness above it",
        "have one of the two take another name",
        "与前面一个见证人同名",
        "请让其中一个改用别的名称",
    ),
    "witness_url": _words(
        "is not a plain web address",
        "write where the witness listens, with no slash at its end, such as https://witness.example.org",
        "不是网址",
        "请写见证人的网址，末尾不加斜杠，例如 https://witness.example.org",
    ),
    "network": _words(
        "is not a network or address",
        "write one such as 10.0.0.0/8 or 192.0.2.7",
        "不是网段或地址",
        "请写网段或地址，例如 10.0.0.0/8 或 192.0.2.7",
    ),
    "network_host_bits": _words(
        "is an address inside a network, not the network",
        "write {network}, or the address alone",
        "是网段内的地址，不是网段",
        "请写 {network}，或只写地址",
    ),
    "storage_url": _words(
        "is not a database this version can use",
        "write sqlite: and the path of a file, such as sqlite:/var/lib/televote/televote.db, or "
        "postgresql://user@host/database",
        "不是本版本可用的数据库",
        "请写 sqlite: 加文件路径，例如 sqlite:/var/lib/televote/televote.db，或 postgresql://用户@主机/数据库",
    ),
    "storage_password": _words(
        "has a password in it",
        'put it into a file of the secrets folder, and write password_file = "postgresql.secret"',
        "含有密码",
        '请把密码放进 secrets 文件夹的文件里，并写 password_file = "postgresql.secret"',
    ),
    "synchronous": _words(
        "would lose acknowledged votes in a power cut",
        'write "FULL" or "EXTRA"',
        "断电时会丢失已确认的选票",
        '请写 "FULL" 或 "EXTRA"',
    ),
    "token": _words(
        "is not a token that is hard to guess",
        "write 16 to 200 letters, digits, - or _, made by chance",
        "不是难以猜测的令牌",
        "请写 16 至 200 个随机的字母、数字、- 或 _",
    ),
    "accounts_key": _words(
        "is not a key",
        "it must be 64 hexadecimal digits made by chance: openssl rand -hex 32",
        "不是密钥",
        "须为 64 位随机的十六进制数字：openssl rand -hex 32",
    ),
    "insecure_http": _words(
        "lets people sign in over connections that anyone between can read",
        "use it on a network that you trust, and TLS everywhere else",
        "允许经未加密的连接登录，途中任何人都可以看到密码",
        "只应在可信的内部网络中使用，其他情况请用 TLS",
    ),
    "variable_unused": _words(
        "is not a setting, and is ignored", "take it away", "不是设置项，已忽略", "请删去"
    ),
    "variable_unused_near": _words(
        "is not a setting, and is ignored", "is {near} meant?", "不是设置项，已忽略", "是否应为 {near}？"
    ),
    "campaign_unknown": _words(
        "names a campaign that is not there",
        "write one of: {known}",
        "所指的评选活动不存在",
        "可用的取值：{known}",
    ),
    # files
    "file_unreadable": _words(
        "cannot be read: {reason}",
        "check the path and its permissions",
        "无法读取：{reason}",
        "请检查路径和权限",
    ),
    "file_large": _words(
        "is larger than {limit} bytes", "is it the right file?", "大于 {limit} 字节", "文件是否有误？"
    ),
    "not_utf8": _words(
        "is not written in UTF-8", "save it again as UTF-8", "不是 UTF-8 编码", "请另存为 UTF-8"
    ),
    "toml_syntax": _words(
        "column {column}: {message}",
        "see docs/campaign-file.md",
        "第 {column} 列：{message_zh}",
        "请查阅 docs/campaign-file.md",
    ),
    "toml_deep": _words(
        "is nested too deeply to be read",
        "take some brackets out",
        "嵌套层数过多，无法读取",
        "请减少括号层数",
    ),
    "no_campaigns": _words(
        "holds no campaign file",
        "put one in it, such as beita-2018.toml",
        "没有评选活动文件",
        "请放入一个，例如 beita-2018.toml",
    ),
    "file_name": _words(
        "is not the name of its file",
        "call the file {expected}, or change the id",
        "与文件名不符",
        "请将文件改名为 {expected}，或修改 id",
    ),
    # secret files
    "secret_and_file": _words(
        "gives a secret that {key} gives too", "keep one of the two", "与 {key} 重复给出密钥", "只保留其一"
    ),
    "secret_path": _words(
        "is not the path of a file",
        "write a path in quotes, or a list of paths",
        "不是文件路径",
        "请用引号写路径，或写路径列表",
    ),
    "secret_missing": _words(
        "names a secret file that cannot be read: {reason}",
        "put the file into the secrets folder, or give its full path",
        "所指的密钥文件无法读取：{reason}",
        "请将文件放入密钥目录，或写完整路径",
    ),
    "secret_empty": _words(
        "names a secret file that is empty", "write the secret into it", "所指的密钥文件是空的", "请写入密钥"
    ),
    "secret_text": _words(
        "names a secret file that is not a short UTF-8 text",
        "is it the right file?",
        "所指的密钥文件不是简短的 UTF-8 文本",
        "文件是否有误？",
    ),
    "secret_readable": _words(
        "names a secret file that every user of the machine can read",
        "take that right away: chmod o-r",
        "所指的密钥文件可被本机所有用户读取",
        "请取消该权限：chmod o-r",
    ),
    "key_missing": _words(
        "the campaign's key cannot be read: {reason}",
        "make one with: openssl rand -hex 32 (and never change it during a campaign)",
        "无法读取评选活动的密钥：{reason}",
        "可用 openssl rand -hex 32 生成（活动期间不得更换）",
    ),
    "key_shape": _words(
        "does not hold a campaign's key",
        "it must hold 64 hexadecimal digits made by chance: openssl rand -hex 32",
        "不是评选活动的密钥",
        "须为 64 位随机的十六进制数字：openssl rand -hex 32",
    ),
    "key_readable": _words(
        "can be read by every user of the machine",
        "take that right away: chmod o-r",
        "可被本机所有用户读取",
        "请取消该权限：chmod o-r",
    ),
    # who holds the award
    "web_address": _words(
        "is not a web address",
        'write it whole, such as "https://www.example.gov.cn/rules"',
        "不是网址",
        '请写完整，例如 "https://www.example.gov.cn/rules"',
    ),
    "email": _words(
        "is not an e-mail address", 'write it as "name@host"', "不是电子邮箱地址", '请写成 "名称@域名"'
    ),
    # roster files
    "roster_and_candidates": _words(
        "stands beside a list of candidates", "keep one of the two", "与候选人列表重复", "只保留其一"
    ),
    "roster_path": _words(
        "is not the path of a .csv or .xlsx file",
        'write it in quotes, such as "stars.csv"',
        "不是 .csv 或 .xlsx 文件路径",
        '请用引号书写，例如 "stars.csv"',
    ),
    "roster_column_missing": _words(
        "has no column {column}",
        "its first line must name the columns: {columns}",
        "缺少 {column} 列",
        "首行须写列名：{columns}",
    ),
    "roster_column_unknown": _words(
        "has a column that is not known", "the columns are: {columns}", "有未知的列", "可用的列：{columns}"
    ),
    "roster_row": _words(
        "has more cells than columns", "is there a comma too many?", "单元格多于列数", "是否多了逗号？"
    ),
    "roster_sheets": _words(
        "has several sheets that hold something: {sheets}",
        "keep the one with the candidates, and delete or hide the others",
        "有多个非空工作表：{sheets}",
        "只保留候选人所在的工作表，其余请删除或隐藏",
    ),
    "roster_csv": _words(
        "cannot be read as CSV", "are all quotation marks closed?", "无法按 CSV 读取", "引号是否成对？"
    ),
}

#: By the beginning of what the standard library says of a TOML text: the same in our words. Its own
#: message may show a piece of the text.
TOML: Final[Mapping[str, Said]] = {
    "Expected '='": Said("键之后应有等号 = 和值", "a key is followed by = and its value"),
    "Expected newline": Said("值之后还有多余内容（一行只写一项）", "something stands behind the value"),
    "Expected ']": Said("小节名的方括号没有闭合", "the bracket of a [section] is not closed"),
    "Expected": Said("此处缺少字符", "a sign is missing here"),
    "Invalid value": Said("值的写法不对（文本要加引号）", "this is not a value (texts stand in quotes)"),
    "Invalid date": Said("没有这个日期或时间", "there is no such date or time"),
    "Invalid initial": Said("键名的写法不对", "a key begins with a letter or digit"),
    "Invalid statement": Said("每行应为 [小节] 或 键 = 值", "a line is a [section] or key = value"),
    "Invalid hex": Said("转义写法不对", "this escape is not known"),
    "Cannot overwrite": Said("此键已经写过", "this key was given before"),
    "Cannot declare": Said("此小节已经写过", "this [section] was given before"),
    "Cannot mutate": Said("此表已经写完，不能再添加", "this table was written to its end before"),
    "Cannot redefine": Said("此表已经写完，不能再添加", "this table was written to its end before"),
    "Duplicate": Said("此键已经写过", "this key was given before"),
    "Unclosed array": Said("方括号没有闭合", "a square bracket is not closed"),
    "Unclosed inline": Said("花括号没有闭合", "a brace is not closed"),
    "Unterminated": Said("引号没有闭合", "a quotation mark is not closed"),
    "Illegal character": Said(
        "有不允许的字符（引号是否没有闭合？）", "a sign that may not stand here; is a quotation mark missing?"
    ),
    "Found invalid": Said("有不允许的字符", "a sign that may not stand here"),
    "Unescaped": Said("文本中的反斜杠要写两次", "a backslash in a text is written twice"),
    "Escaped": Said("转义写法不对", "this escape is not known"),
    "": Said("不是 TOML 的写法", "this is not TOML"),
}
