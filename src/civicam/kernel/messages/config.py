"""What the codes of ``config`` say: code → (zh-CN, en)."""

from __future__ import annotations

MESSAGES: dict[str, tuple[str, str]] = {
    "config.invalid": (
        "配置项 {key} 无效：{reason}（{file}）",
        "The setting {key} is not valid: {reason} ({file})",
    ),
    "config.not-toml": (
        "配置文件 {file} 不是有效的 TOML：{reason}",
        "The settings file {file} is no valid TOML: {reason}",
    ),
    "config.unknown-key": ("没有名为 {key} 的配置项（{file}）", "There is no setting called {key} ({file})"),
    "config.unreadable": (
        "无法读取配置文件 {file}：{reason}",
        "The settings file {file} cannot be read: {reason}",
    ),
}
