"""What the codes of ``db`` say: code → (zh-CN, en)."""

from __future__ import annotations

MESSAGES: dict[str, tuple[str, str]] = {
    "db.busy": ("数据库繁忙，请稍后重试（{reason}）", "The database is busy, try again ({reason})"),
    "db.closed": ("数据库正在关闭", "The database is closing"),
    "db.failed": ("数据库读写失败：{reason}", "The database failed: {reason}"),
    "db.full": (
        "磁盘空间不足，未写入任何内容；清理空间后自动恢复",
        "The disk is full, nothing was written; it goes on when there is space",
    ),
    "db.needs-file": ("SQLite 需要一个数据库文件", "SQLite needs a database file"),
    "db.rejected": ("数据库拒绝了写入：{reason}", "The database rejected a statement: {reason}"),
    "db.schema-newer": (
        "数据库由更新版本创建（{have}，本版本为 {want}），请升级程序",
        "The database was made by a newer version ({have}, this one has {want}): upgrade civicam",
    ),
    "db.schema-old": (
        "数据库结构需要升级（{have} → {want}），请运行 civicam migrate",
        "The database schema is old ({have}, wanted {want}): run civicam migrate",
    ),
    "db.unreachable": ("无法连接数据库：{reason}", "The database cannot be reached: {reason}"),
    "db.unsupported": ("不支持的数据库 {backend}", "The database {backend} is not supported"),
}
