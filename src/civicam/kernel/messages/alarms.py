"""What the codes of ``alarms`` say: code → (zh-CN, en)."""

from __future__ import annotations

MESSAGES: dict[str, tuple[str, str]] = {
    "alarms.bad-cursor": (
        "翻页位置无效，请从第一页重新查询",
        "The place in the list is not valid; start at the first page",
    ),
    "alarms.unknown-alarm": ("没有这条报警", "There is no such alarm"),
}
