"""What the codes of ``signalling`` say: code → (zh-CN, en)."""

from __future__ import annotations

MESSAGES: dict[str, tuple[str, str]] = {
    "signalling.bad-field": (
        "消息字段 {field} 缺失或无效：{value}",
        "The message field {field} is missing or wrong: {value}",
    ),
    "signalling.bad-header": ("SIP 头域 {name} 无效", "The SIP header field {name} is not valid"),
    "signalling.bad-id": ("编码 {value} 不是合法的 20 位国标编码", "{value} is no valid 20-digit id"),
    "signalling.bad-length": (
        "Content-Length 无效或与内容不符",
        "Content-Length is wrong or does not fit the message",
    ),
    "signalling.bad-sdp": (
        "媒体描述（SDP）无效：{detail}",
        "The media description (SDP) is not valid: {detail}",
    ),
    "signalling.bad-start-line": ("SIP 起始行无效", "The SIP start line is not valid"),
    "signalling.bad-uri": ("SIP 地址无效：{uri}", "Not a valid SIP address: {uri}"),
    "signalling.bad-version": ("不支持的 SIP 版本 {version}", "The SIP version {version} is not supported"),
    "signalling.closed": ("信令服务正在关闭", "Signalling is closing down"),
    "signalling.lost-place": (
        "TCP 连接上消息边界错乱，已断开：对方的 Content-Length 多半有误",
        "The messages on a TCP connection ran into each other and it was closed: the Content-Length of the "
        "other side is probably wrong",
    ),
    "signalling.missing-header": ("SIP 消息缺少头域 {name}", "The SIP message lacks the header field {name}"),
    "signalling.no-ssrc": ("媒体流标识（SSRC）已用尽：{used} 个在用", "No SSRC is free: {used} are in use"),
    "signalling.port-in-use": (
        "信令端口 {host}:{port} 已被占用或不可用：{detail}",
        "The signalling port {host}:{port} is taken or cannot be used: {detail}",
    ),
    "signalling.repeated-header": (
        "SIP 头域 {name} 重复",
        "The SIP header field {name} stands more than once",
    ),
    "signalling.timeout": ("{peer} 在规定时间内没有应答 {method}", "{peer} did not answer {method} in time"),
    "signalling.too-large": (
        "SIP 消息过大：{what} 超过 {limit}",
        "The SIP message is too large: more than {limit} {what}",
    ),
    "signalling.too-many-subscriptions": (
        "订阅已达上限 {limit} 个",
        "There are already {limit} subscriptions, the most this device takes",
    ),
    "signalling.unreachable": ("无法向 {peer} 发送：{reason}", "{peer} cannot be reached: {reason}"),
    "signalling.xml-empty": ("消息体为空", "The message body is empty"),
    "signalling.xml-entities": (
        "消息体含有禁止的 DTD 或实体声明",
        "The message body has a DTD or entities, which are forbidden",
    ),
    "signalling.xml-syntax": ("消息体不是合法的 XML：{detail}", "The message body is not XML: {detail}"),
    "signalling.xml-too-deep": (
        "消息体嵌套超过 {limit} 层",
        "The message body is nested deeper than {limit} levels",
    ),
    "signalling.xml-too-large": (
        "消息体过大：{size} 字节，上限 {limit}",
        "The message body is too large: {size} bytes, the limit is {limit}",
    ),
    "signalling.xml-too-many": (
        "消息体元素超过 {limit} 个",
        "The message body has more than {limit} elements",
    ),
}
