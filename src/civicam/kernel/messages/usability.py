"""What the codes of ``usability`` say: code → (zh-CN, en)."""

from __future__ import annotations

MESSAGES: dict[str, tuple[str, str]] = {
    "usability.bad-period": ("时段无效：为空或尚未到来", "Not a period: empty, or still to come"),
    "usability.clock-off": (
        "设备时钟与平台相差 {measured} 秒，允许 {limit} 秒",
        "The device's clock is {measured} s off, {limit} s are allowed",
    ),
    "usability.excluded-not-configured": (
        "未纳入考察的分钟：设备未录入、已停用或该项未配置",
        "Minutes not looked at: not entered yet, disabled, or not configured",
    ),
    "usability.excluded-unknown": (
        "状态未知的分钟：采集中断或没有新鲜的依据，既不计正常也不计异常",
        "Unknown minutes: our collector was down or no finding was fresh; neither good nor bad",
    ),
    "usability.frame-rate": (
        "帧率 {measured} 帧/秒，低于 {limit} 帧/秒",
        "{measured} frames/s, fewer than {limit}",
    ),
    "usability.grew-old": (
        "依据已过期，没有新的测量",
        "The last finding has grown old and nothing followed it",
    ),
    "usability.jitter": (
        "抖动 {measured} 毫秒，超过 {limit} 毫秒",
        "Jitter of {measured} ms, more than {limit} ms",
    ),
    "usability.loss": ("丢包率 {measured}，超过 {limit}", "Loss of {measured}, more than {limit}"),
    "usability.no-channels": ("没有符合条件的通道", "No channel is in this group"),
    "usability.no-clock": ("设备不报告时间", "The device does not tell its time"),
    "usability.no-packets": ("码流中断，没有收到数据包", "The stream has stopped: no packets arrive"),
    "usability.nothing-known": (
        "该时段内没有状态已知的分钟，无法计算",
        "Not one minute of the period is known, so there is nothing to divide by",
    ),
    "usability.rate-low": (
        "码率 {measured} kbit/s，低于 {limit} kbit/s",
        "A rate of {measured} kbit/s, less than {limit} kbit/s",
    ),
    "usability.rate-of-channel": (
        "可用率 = 所有已配置项均正常的分钟数 ÷ 状态已知的分钟数，按通道累计",
        "Usable rate = minutes with all configured legs good ÷ minutes known, summed over channels",
    ),
    "usability.rate-of-clock": (
        "时钟正常率 = 时钟误差在允许范围内的分钟数 ÷ 状态已知的分钟数，按通道累计",
        "Clock rate = minutes with the clock within its limit ÷ minutes known, summed over channels",
    ),
    "usability.rate-of-media": (
        "码流正常率 = 码流合格的分钟数 ÷ 状态已知的分钟数，按通道累计",
        "Media rate = minutes with the stream within its limits ÷ minutes known, summed over channels",
    ),
    "usability.rate-of-picture": (
        "图像正常率 = 图像诊断无故障的分钟数 ÷ 状态已知的分钟数，按通道累计",
        "Picture rate = minutes without a picture fault ÷ minutes known, summed over channels",
    ),
    "usability.rate-of-recording": (
        "录像正常率 = 应有录像齐全的分钟数 ÷ 状态已知的分钟数，按通道累计",
        "Recording rate = minutes with all on disk that should be ÷ minutes known, summed over channels",
    ),
    "usability.rate-of-signalling": (
        "信令在线率 = 信令正常的分钟数 ÷ 状态已知的分钟数，按通道累计",
        "Signalling rate = minutes registered and heard ÷ minutes known, summed over channels",
    ),
    "usability.removed": ("通道已移除", "The channel was removed"),
}
