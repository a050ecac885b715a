"""What the codes of ``demo`` say: code → (zh-CN, en)."""

from __future__ import annotations

MESSAGES: dict[str, tuple[str, str]] = {
    "demo.bad-district": (
        "样例城区文件 {path} 无法使用：{reason}；删除该目录后重试",
        "The district {path} cannot be used: {reason}. Remove its folder and start again",
    ),
    "demo.ended": (
        "{name} 意外结束，日志 {log}：\n{words}",
        "{name} ended unexpectedly, its log is {log}:\n{words}",
    ),
    "demo.no-answer": ("服务没有应答 {path}：{reason}", "The server did not answer {path}: {reason}"),
    "demo.no-picture": ("通道 {channel} 没有画面", "The channel {channel} gave no picture"),
    "demo.no-start": ("无法启动 {name}：{reason}", "{name} cannot be started: {reason}"),
    "demo.not-ready": ("服务未能就绪：{reason}", "The server did not become ready: {reason}"),
    "demo.step-failed": (
        "{name} 失败（{status}）：\n{words}",
        "{name} failed ({status}):\n{words}",
    ),
}
