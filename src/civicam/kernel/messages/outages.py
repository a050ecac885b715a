"""What the codes of ``outages`` say: code → (zh-CN, en)."""

from __future__ import annotations

MESSAGES: dict[str, tuple[str, str]] = {
    "outages.bad-cursor": (
        "翻页位置无效，请从第一页重新查询",
        "The place in the list is not valid; start at the first page",
    ),
    "outages.needs-reason": ("请写明理由", "A reason is needed"),
    "outages.no-register": (
        "台账引用的网络图 {digest} 不在库中",
        "The graph {digest} that the ledger names is not in the store",
    ),
    "outages.platform-row": (
        "平台自身中断的记录不能改判",
        "The row of a gap of our own cannot be overruled",
    ),
    "outages.stepped-elsewhere": (
        "另一进程已写入第 {step} 步",
        "Another process has written step {step}",
    ),
    "outages.unknown-node": ("网络图中没有节点 {node}", "There is no node {node} in the graph"),
    "outages.unknown-outage": ("没有这条故障记录", "There is no such outage"),
    "outages.unknown-work": ("没有这项计划检修", "There is no such planned work"),
    "outages.work-nowhere": (
        "请至少选择一个网络元件，或一个有设备的点位",
        "Choose at least one element, or a site that has devices",
    ),
    "outages.work-needs-end": (
        "计划检修必须有结束时间，晚于开始时间且不超过 {days} 天",
        "Planned work needs an end, after its beginning and at most {days} days later",
    ),
}
