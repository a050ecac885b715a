"""What the codes of ``access`` say: code → (zh-CN, en)."""

from __future__ import annotations

MESSAGES: dict[str, tuple[str, str]] = {
    "access.bad-link": ("登录链接无效、已使用或已过期", "The log-in link is wrong, used or expired"),
    "access.bad-password": ("用户名或密码错误", "Wrong name or password"),
    "access.no-record": (
        "调阅记录无法写入，不能打开视频：{reason}",
        "The viewing cannot be recorded, so it is not shown: {reason}",
    ),
    "access.no-session": ("请先登录", "Please log in"),
    "access.password-long": ("密码最多 {most} 个字符", "A password has at most {most} characters"),
    "access.password-short": ("密码至少需要 {least} 个字符", "A password needs at least {least} characters"),
    "access.password-simple": ("密码过于简单", "This password is too simple"),
    "access.too-many-attempts": (
        "尝试次数过多，请在 {seconds} 秒后重试",
        "Too many attempts: try again in {seconds} s",
    ),
    "access.unknown-user": ("没有用户 {name}", "There is no user {name}"),
}
