"""What the codes of ``bench`` say: code → (zh-CN, en)."""

from __future__ import annotations

MESSAGES: dict[str, tuple[str, str]] = {
    "bench.no-answer": (
        "测量进程在 {seconds} 秒内没有给出结果",
        "A process of the measurement gave no result within {seconds} seconds",
    ),
    "bench.no-browser": (
        "测量需要 {what}：请安装（uv sync 安装 playwright，apt install chromium 安装浏览器）",
        "This measurement needs {what}: install it (playwright by uv sync, the browser by apt)",
    ),
    "bench.no-city": ("{name} 没有启动：{words}", "{name} did not start: {words}"),
    "bench.no-demo": ("演示环境没有启动：{words}", "The demonstration did not start: {words}"),
    "bench.no-picture": (
        "以 {way} 方式没有画面（{state}）",
        "No picture by {way} ({state})",
    ),
    "bench.no-snmpd": ("测量需要 snmpd：请用 apt 安装", "This measurement needs snmpd: install it by apt"),
    "bench.too-few-channels": (
        "在线通道不足：{count} / {wanted}",
        "Too few channels are online: {count} of {wanted}",
    ),
}
