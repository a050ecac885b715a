"""What the codes of ``simulator`` say: code → (zh-CN, en)."""

from __future__ import annotations

MESSAGES: dict[str, tuple[str, str]] = {
    "simulator.bad-address": (
        "地址“{address}”无效，应为 主机:端口",
        '"{address}" is not an address; HOST:PORT is expected',
    ),
    "simulator.bad-city": ("城市描述文件无效：{reason}", "The city description is not sound: {reason}"),
    "simulator.bad-footage": ("录像文件 {path} 无法解码", "The recording {path} cannot be decoded"),
    "simulator.bad-request": ("请求无效：{reason}", "The request is not understood: {reason}"),
    "simulator.bad-value": (
        "故障 {kind} 的数值 {value} 超出范围 {low} 至 {high}",
        "{value} is outside {low} to {high} for the fault {kind}",
    ),
    "simulator.control-in-use": (
        "控制套接字 {path} 已被另一个模拟器占用",
        "The control socket {path} belongs to another simulator that runs",
    ),
    "simulator.no-city": (
        "无法读取城市描述文件 {path}：{reason}",
        "The city description {path} cannot be read: {reason}",
    ),
    "simulator.no-control": (
        "无法连接模拟器的控制套接字 {path}：{reason}",
        "The simulator's control socket {path} cannot be used: {reason}",
    ),
    "simulator.no-footage": (
        "文件夹 {folder} 中没有录像文件",
        "There is no recording in the folder {folder}",
    ),
    "simulator.no-such-fault": ("没有编号为 {number} 的故障", "There is no fault with number {number}"),
    "simulator.port-in-use": (
        "RTSP 地址 {host}:{port} 无法监听：{reason}",
        "The RTSP address {host}:{port} cannot be served: {reason}",
    ),
    "simulator.unknown-fault": (
        "未知故障类型“{kind}”，可用：{known}",
        '"{kind}" is not a fault; known are {known}',
    ),
    "simulator.unknown-target": (
        "故障 {kind} 找不到目标“{target}”",
        '"{target}" names nothing that the fault {kind} could hit',
    ),
}
