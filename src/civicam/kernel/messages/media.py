"""What the codes of ``media`` say: code → (zh-CN, en)."""

from __future__ import annotations

MESSAGES: dict[str, tuple[str, str]] = {
    "media.bad-address": (
        "设备给出的媒体地址 {host}:{port} 无效",
        "the device's media address {host}:{port} is not valid",
    ),
    "media.bind-failed": (
        "无法在地址 {host} 上打开媒体端口：{reason}",
        "cannot open media ports on {host}: {reason}",
    ),
    "media.closed": (
        "视频流已关闭",
        "the stream was closed",
    ),
    "media.codec-mismatch": (
        "码流的编码与设备声明的不一致，已按码流处理",
        "The stream's codec is not the one announced; civicam follows the stream.",
    ),
    "media.connect-failed": (
        "无法连接到设备的媒体端口（已尝试三次）",
        "the device's media port cannot be reached (tried three times)",
    ),
    "media.control-broken": (
        "媒体工作进程的控制消息无效（{size} 字节）",
        "a media worker's control message is invalid ({size} bytes)",
    ),
    "media.device-absent": (
        "设备没有来取语音",
        "the device did not connect for the sound",
    ),
    "media.disk-failed": (
        "录像写入失败，视频接入不受影响",
        "the recording cannot be written; live video goes on",
    ),
    "media.disk-full": (
        "磁盘已满，录像中断，视频接入不受影响",
        "the disk is full: recording stopped, live video goes on",
    ),
    "media.door-path": (
        "观看地址不存在",
        "there is no viewing door at this path",
    ),
    "media.door-taken": (
        "观看端口 {port} 已被其他程序占用：{reason}",
        "viewer port {port} is in use by another program: {reason}",
    ),
    "media.early-sender": (
        "应答之前有其他 SSRC 的数据到达，已忽略（可能是重启前的旧码流）",
        "Packets with another SSRC came before the answer and were ignored: an old stream, perhaps.",
    ),
    "media.foreign-source": (
        "有其他地址向该视频端口发送数据，已丢弃",
        "another address sends to this stream's port; its packets are dropped",
    ),
    "media.frame-too-big": (
        "单帧数据超过上限，已截断",
        "A picture was larger than the limit and was cut.",
    ),
    "media.framing": (
        "设备的 TCP 码流分帧无效，连接已关闭",
        "the device's TCP framing makes no sense; the connection was closed",
    ),
    "media.handshake-bad": (
        "WebSocket 握手无效",
        "the WebSocket handshake is not valid",
    ),
    "media.handshake-late": (
        "WebSocket 握手超时",
        "the WebSocket handshake took too long",
    ),
    "media.loss": (
        "网络丢包，画面可能受损",
        "packets are lost on the network; the picture may suffer",
    ),
    "media.marker-untrusted": (
        "设备的 RTP 结束标记不可信，已改按时间戳分帧",
        "The device's RTP markers are wrong; pictures are told apart by time stamp.",
    ),
    "media.no-key-frame": (
        "尚未收到关键帧，暂时没有画面",
        "no key frame has come yet, so there is no picture",
    ),
    "media.no-packets": (
        "设备没有发送数据",
        "the device sends no packets",
    ),
    "media.no-pictures": (
        "有数据到达，但其中没有可用画面",
        "packets come, but there is no picture in them",
    ),
    "media.no-ports": (
        "{ports} 个媒体端口均在使用或静置中",
        "all {ports} media ports are in use or resting",
    ),
    "media.no-psm": (
        "码流没有节目流映射 (PSM)，编码由参数集判断",
        "The stream has no program stream map; the codec was told from its parameter sets.",
    ),
    "media.no-stream": (
        "视频流 {stream_id} 不存在或已结束",
        "there is no stream {stream_id}, or it has ended",
    ),
    "media.no-worker": (
        "没有可用的媒体工作进程",
        "no media worker is running",
    ),
    "media.not-caller": (
        "视频流 {stream_id} 不是由本平台主动连接的",
        "the stream {stream_id} is not one that we connect",
    ),
    "media.not-history": (
        "视频流 {stream_id} 不是录像，不能暂停、变速或定位",
        "the stream {stream_id} is no recording: it cannot be paused, sped up or sought in",
    ),
    "media.not-ps": (
        "收到的数据不是 PS 流，或其中夹有无法识别的内容",
        "Some of what came is not a program stream.",
    ),
    "media.origin-refused": (
        "不允许该网页来源观看",
        "pages of this origin may not watch",
    ),
    "media.packet-ms": (
        "语音包时长 {packet_ms} 毫秒不在 20 至 180 之间",
        "{packet_ms} ms a packet of sound is not between 20 and 180",
    ),
    "media.parameters-changed": (
        "录制中图像参数有变化，播放器需支持",
        "The picture's parameters changed within the recording; players have to follow.",
    ),
    "media.pause-timeout": (
        "录像暂停过久，会话已结束",
        "the recording was paused for too long and was ended",
    ),
    "media.pes-header": (
        "PES 头损坏，已跳过",
        "A PES header was broken and passed over.",
    ),
    "media.pes-length": (
        "PES 长度与实际不符，已修正",
        "A PES length was wrong and was corrected.",
    ),
    "media.port-lost": (
        "视频端口被其他程序占用",
        "another program took this stream's port",
    ),
    "media.psm-broken": (
        "节目流映射 (PSM) 长度有误",
        "The program stream map has wrong lengths.",
    ),
    "media.rcvbuf-small": (
        "系统给予的接收缓冲区过小，请增大 net.core.rmem_max",
        "the kernel grants too small a receive buffer: raise net.core.rmem_max",
    ),
    "media.record-empty": (
        "没有收到可写入的画面，未生成文件",
        "no picture came that could be written; there is no file",
    ),
    "media.record-exists": (
        "文件 {path} 已存在，或该视频流正在录制",
        "the file {path} exists, or the stream is being recorded already",
    ),
    "media.recorded": (
        "录像文件已写完",
        "the recording is written",
    ),
    "media.rtp-payload": (
        "RTP 载荷格式无法识别",
        "An RTP payload has a form that was not agreed.",
    ),
    "media.rtsp-bad-url": (
        "RTSP 地址无效（须为 rtsp://主机/路径，且不含口令）",
        "the RTSP address is not valid (rtsp://host/path, without a password)",
    ),
    "media.rtsp-basic-only": (
        "源只支持明文口令（Basic），未获允许",
        "the source only takes passwords in clear (Basic), which is not allowed",
    ),
    "media.rtsp-broken": (
        "源的 RTSP 应答无效：{reason}",
        "the source does not speak RTSP properly: {reason}",
    ),
    "media.rtsp-closed": (
        "源关闭了连接",
        "the source closed the connection",
    ),
    "media.rtsp-no-video": (
        "源没有可用的视频（需要 H.264 或 H.265）",
        "the source has no video that can be carried (H.264 or H.265)",
    ),
    "media.rtsp-not-found": (
        "源上没有该路径",
        "the source has nothing at this path",
    ),
    "media.rtsp-udp-only": (
        "源只能用 UDP 传输视频（状态 {status}）；请启用其 RTP over TCP，或以 UDP 拉流",
        "the source sends over UDP alone (status {status}); enable RTP over TCP on it, or pull over UDP",
    ),
    "media.rtsp-refused": (
        "源拒绝了 {step}（状态 {status}）",
        "the source refused {step} (status {status})",
    ),
    "media.rtsp-timeout": (
        "源没有及时应答（{step}）",
        "the source did not answer in time ({step})",
    ),
    "media.rtsp-unauthorized": (
        "源拒绝了用户名或口令",
        "the source refused the user name or password",
    ),
    "media.rtsp-unreachable": (
        "无法连接到源：{reason}",
        "the source cannot be reached: {reason}",
    ),
    "media.second-connection": (
        "设备对同一视频流建立了第二个连接，已拒绝",
        "a second connection for a running stream was turned away",
    ),
    "media.second-sender": (
        "同一端口有第二个发送方，已忽略",
        "A second sender uses the same port and is ignored.",
    ),
    "media.sequence-restart": (
        "RTP 序号跳变，设备可能重新开始发送",
        "RTP sequence numbers began anew; the device may have restarted.",
    ),
    "media.sound-late": (
        "声音出现较晚，未写入文件",
        "The sound began later than the picture and is not in the file.",
    ),
    "media.speaker-busy": (
        "已有人正在通过该设备喊话",
        "somebody else is speaking through this device",
    ),
    "media.ssrc-changed": (
        "发送方的 SSRC 已改变",
        "The sender's SSRC changed.",
    ),
    "media.ssrc-mismatch": (
        "设备使用的 SSRC 与协商的不同",
        "The device uses another SSRC than was agreed.",
    ),
    "media.stream-exists": (
        "视频流 {stream_id} 已经打开",
        "the stream {stream_id} is already open",
    ),
    "media.stream-timeout": (
        "设备长时间没有发送数据，视频流已结束",
        "the device sent nothing for too long; the stream was ended",
    ),
    "media.ticket-refused": (
        "观看票据无效、已使用或已过期",
        "the viewing ticket is wrong, used or expired",
    ),
    "media.ticket-revoked": (
        "观看票据已被收回",
        "the viewing ticket was taken back",
    ),
    "media.timeline-jump": (
        "码流时间戳跳变，已接续新的时间轴",
        "The stream's time stamps jumped; a new timeline was joined on.",
    ),
    "media.timestamp-split": (
        "同一帧内 RTP 时间戳改变，已合并",
        "The RTP time stamp changed inside a picture; the parts were joined.",
    ),
    "media.too-few-ports": (
        "{ports} 对媒体端口不足以分给 {workers} 个工作进程",
        "{ports} pairs of media ports are too few for {workers} workers",
    ),
    "media.ts-not-ps": (
        "收到的是 TS 流而不是 PS 流",
        "The device sends a transport stream (TS) in place of a program stream (PS).",
    ),
    "media.undecodable": (
        "关键帧无法解码：{reason}",
        "the key frame cannot be decoded: {reason}",
    ),
    "media.viewer-silent": (
        "观看端没有应答",
        "the viewer does not answer",
    ),
    "media.viewer-too-slow": (
        "观看端接收过慢，连接已关闭",
        "the viewer is too slow; its connection was closed",
    ),
    "media.worker-bug": (
        "媒体工作进程内部错误（{operation}：{reason}）",
        "a media worker failed inside ({operation}: {reason})",
    ),
    "media.worker-failed": (
        "媒体工作进程无法启动：{reason}",
        "a media worker does not start: {reason}",
    ),
    "media.worker-lost": (
        "媒体工作进程 {worker} 已退出，正在重启",
        "media worker {worker} is gone and will be started again",
    ),
    "media.worker-slow": (
        "媒体工作进程没有及时应答（{operation}）",
        "a media worker did not answer in time ({operation})",
    ),
    "media.worker-stopping": (
        "媒体服务正在停止",
        "the media service is stopping",
    ),
    "media.not-jpeg": (
        "内容不是 JPEG 图片",
        "What came is no JPEG picture",
    ),
    "media.picture-cut": (
        "图片不完整",
        "The picture is not whole",
    ),
}
