"""What the codes of ``probes`` say: code → (zh-CN, en)."""

from __future__ import annotations

MESSAGES: dict[str, tuple[str, str]] = {
    "probes.icmp-not-allowed": (
        "系统不允许本进程发送 ICMP（{reason}）：请设置 net.ipv4.ping_group_range 包含本进程的组，"
        "或授予 CAP_NET_RAW；在此之前不做 ICMP 探测",
        "This process may not send ICMP ({reason}): let net.ipv4.ping_group_range include its group, or "
        "grant CAP_NET_RAW; until then nothing is pinged",
    ),
    "probes.no-answer": ("{host} 没有应答 SNMP", "{host} does not answer SNMP"),
    "probes.refused": ("{host} 拒绝了 SNMP 查询：{reason}", "{host} refused the SNMP question: {reason}"),
    "probes.trap-port": (
        "无法监听陷阱端口 {port}：{reason}",
        "The trap port {port} cannot be opened: {reason}",
    ),
}
