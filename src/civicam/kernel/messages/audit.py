"""What the codes of ``audit`` say: code → (zh-CN, en)."""

from __future__ import annotations

MESSAGES: dict[str, tuple[str, str]] = {
    "audit.key-foreign": (
        "密钥文件 {file} 不是此审计日志的密钥",
        "The key file {file} is not the key of this audit log",
    ),
    "audit.key-unreadable": (
        "无法读取审计签名密钥 {file}：{reason}",
        "The signing key of the audit log {file} cannot be read: {reason}",
    ),
    "audit.no-entry": (
        "审计日志无法写入，操作不予执行：{reason}",
        "The audit log cannot be written, so nothing is done: {reason}",
    ),
    "audit.unknown-entry": ("审计日志中没有第 {seq} 条", "There is no entry {seq} in the audit log"),
    "audit.unknown-size": (
        "审计日志没有过 {size} 条的状态",
        "The audit log has no state of {size} entries",
    ),
    "audit.witness-failed": (
        "见证方 {name} 未收下检查点：{reason}",
        "The witness {name} did not take the checkpoint: {reason}",
    ),
}
