"""What the codes of ``gateway`` say: code → (zh-CN, en)."""

from __future__ import annotations

MESSAGES: dict[str, tuple[str, str]] = {
    "gateway.alarm-flood": (
        "设备报警过于频繁，超出部分只应答、不保存",
        "The device sends more alarms than are taken; the rest is acknowledged and dropped",
    ),
    "gateway.bad-answer": (
        "设备 {device} 对通道 {channel} 的应答不可用（媒体描述错误）",
        "The answer of device {device} for channel {channel} cannot be used (wrong media description)",
    ),
    "gateway.broadcast-busy": (
        "通道 {channel} 正在广播，或设备正在建立另一路广播",
        "Somebody is speaking through channel {channel}, or another broadcast of the device is being set up",
    ),
    "gateway.broadcast-ended": (
        "设备 {device} 挂断了广播",
        "Device {device} hung up the broadcast",
    ),
    "gateway.broadcast-format": (
        "设备 {device} 的广播不支持 G.711A，请在设备上修改音频编码",
        "The loudspeaker of device {device} takes no G.711A; set its sound to G.711A on the device",
    ),
    "gateway.broadcast-no-invite": (
        "设备 {device} 接受了广播，但没有来取声音",
        "Device {device} accepted the broadcast, but did not call for the sound",
    ),
    "gateway.broadcast-not-connected": (
        "设备 {device} 的广播声音通道没有建立",
        "The way for sound to device {device} could not be opened",
    ),
    "gateway.checkup-catalogue": (
        "目录不完整，缺少的通道不会被删除",
        "The list of channels did not come to its end; nothing is taken away",
    ),
    "gateway.checkup-clock": ("设备时钟偏差超出限值", "The device's clock is off by more than the limit"),
    "gateway.checkup-late": ("有应答，但超出时限", "It answered, but later than the limit"),
    "gateway.checkup-no-channel": ("没有可测试的通道", "There is no channel to test"),
    "gateway.checkup-no-clock": ("设备不报告时间", "The device does not tell its time"),
    "gateway.checkup-no-heartbeats": ("该设备按配置不发送心跳", "This device is entered as sending none"),
    "gateway.checkup-no-ptz": ("设备不支持云台命令", "The device does not know such orders"),
    "gateway.checkup-not-registered": ("设备没有注册", "The device is not registered"),
    "gateway.checkup-not-well": ("设备报告自身异常", "The device says of itself that it is not well"),
    "gateway.checkup-running": ("该设备正在测试", "A test of this device is under way"),
    "gateway.command-not-taken": (
        "设备 {device} 拒绝了命令（{status}）",
        "Device {device} did not take the command ({status})",
    ),
    "gateway.commands-busy": (
        "正在执行的命令过多，请稍后再试",
        "Too many commands are under way, try again in a moment",
    ),
    "gateway.bad-period": (
        "时间段无效，最长两天",
        "The period is not valid; two days at most",
    ),
    "gateway.bad-scale": ("不支持的倍速，可选 {known}", "This speed is not offered; there are {known}"),
    "gateway.bad-setting": (
        "{field} 应在 {low} 到 {high} 之间",
        "{field} has to be between {low} and {high}",
    ),
    "gateway.device-disabled": ("设备已停用，注册被拒绝", "The device is disabled and was not let in"),
    "gateway.device-ended": (
        "设备 {device} 主动结束了通道 {channel} 的视频",
        "Device {device} ended the video of channel {channel} itself",
    ),
    "gateway.device-offline": ("设备 {device} 离线", "Device {device} is offline"),
    "gateway.device-refused": (
        "设备 {device} 应答失败 {reason}",
        "Device {device} answered that it failed {reason}",
    ),
    "gateway.engine": (
        "媒体服务无法接收通道 {channel} 的视频",
        "The media service cannot receive channel {channel}",
    ),
    "gateway.file-ended": ("录像已播放完毕", "The recording has been played to its end"),
    "gateway.no-answer": ("设备 {device} 没有应答", "Device {device} did not answer"),
    "gateway.no-direction": (
        "没有指明方向，或同时要求转动和调焦",
        "No direction was named, or head and lens at once",
    ),
    "gateway.no-download": ("没有这个下载文件", "There is no such file"),
    "gateway.no-media": (
        "设备 {device} 已应答，但没有送来通道 {channel} 的视频",
        "Device {device} accepted, but no video of channel {channel} arrived",
    ),
    "gateway.no-pictures": (
        "收到通道 {channel} 的数据，但无法得到画面",
        "Data of channel {channel} arrives, but no picture comes of it",
    ),
    "gateway.not-gb28181": (
        "通道 {channel} 不是国标通道，不支持此操作",
        "Channel {channel} is not connected by GB/T 28181, so this cannot be asked of it",
    ),
    "gateway.foreign-nonce": (
        "设备注册时使用了不是本平台下发的随机数",
        "The device registers with a nonce that is not ours",
    ),
    "gateway.no-secret": (
        "平台没有该设备此种摘要算法的口令，请重新录入口令",
        "The device's password is not kept for the digest algorithm in force; enter the password again",
    ),
    "gateway.no-session": ("该会话已结束", "This session is over"),
    "gateway.no-viewer": ("无人观看，已停止取流", "Nobody was watching, the stream was closed"),
    "gateway.own-id": (
        "设备使用了平台自己的编码，注册被拒绝",
        "The device uses the platform's own id and was not let in",
    ),
    "gateway.play-busy": (
        "设备 {device} 的取流数已达上限",
        "Device {device} is busy: it gives no more streams",
    ),
    "gateway.play-device-limit": (
        "设备 {device} 暂时不能提供通道 {channel}（{status}）",
        "Device {device} cannot give channel {channel} at the moment ({status})",
    ),
    "gateway.play-forbidden": (
        "设备 {device} 拒绝了取流请求（{status}）",
        "Device {device} refused the request ({status})",
    ),
    "gateway.play-malformed": (
        "设备 {device} 不接受取流请求，请核对平台编码与通道编码（{status}）",
        "Device {device} does not understand the request; check the ids of platform and channel ({status})",
    ),
    "gateway.play-no-channel": (
        "设备 {device} 上没有通道 {channel}",
        "Device {device} has no channel {channel}",
    ),
    "gateway.play-no-codec": (
        "设备 {device} 不支持所要求的媒体格式（{status}）",
        "Device {device} does not support the media format asked for ({status})",
    ),
    "gateway.play-refused": (
        "设备 {device} 拒绝通道 {channel} 的取流请求（{status}）",
        "Device {device} refused channel {channel} ({status})",
    ),
    "gateway.play-timeout": (
        "设备 {device} 没有及时应答通道 {channel} 的取流请求",
        "Device {device} did not answer the request for channel {channel} in time",
    ),
    "gateway.play-unavailable": (
        "通道 {channel} 暂不可用（{status}）",
        "Channel {channel} is not available now ({status})",
    ),
    "gateway.play-wrong-type": (
        "设备 {device} 取消了请求，请核对编码中的类型码（{status}）",
        "Device {device} cancelled the request; check the type codes in the ids ({status})",
    ),
    "gateway.platform-as-device": (
        "该设备以平台编码（类型码 200）注册",
        "The device registers with the id of a platform (type code 200)",
    ),
    "gateway.private-format": (
        "设备 {device} 使用厂家私有码流，请在设备上改为标准（PS）",
        "Device {device} sends its maker's private format; set it to the standard one (PS)",
    ),
    "gateway.same-id-twice": (
        "两台设备使用同一编码，或一台设备在两个地址之间来回切换",
        "Two devices use the same id, or one device changes between two addresses",
    ),
    "gateway.source-failed": (
        "无法拉取通道 {channel} 的视频（{reason}）",
        "Channel {channel} cannot be pulled ({reason})",
    ),
    "gateway.stopping": ("系统正在停止", "The system is stopping"),
    "gateway.stream-lost": (
        "通道 {channel} 的视频中断",
        "The video of channel {channel} broke off",
    ),
    "gateway.too-many-failures": (
        "口令多次错误，暂时不再受理",
        "Too many wrong passwords, not let in for a while",
    ),
    "gateway.too-many-broadcasts": (
        "同时广播的数量已达上限（{most}）",
        "There are as many broadcasts as allowed ({most})",
    ),
    "gateway.too-many-downloads": (
        "下载列表已满（{most}），请先删除旧文件",
        "The list of downloads is full ({most}); remove old files first",
    ),
    "gateway.too-many-playbacks": (
        "同时回放和下载的数量已达上限（{most}）",
        "There are as many playbacks and downloads as allowed ({most})",
    ),
    "gateway.unknown-config": ("没有配置类型 {name}", "There is no kind of configuration {name}"),
    "gateway.unknown-device": ("未登记的设备", "The device was never entered"),
    "gateway.unreachable": (
        "无法联系设备 {device}",
        "Device {device} cannot be reached",
    ),
    "gateway.wrong-password": ("设备口令错误", "The device sent a wrong password"),
    "gateway.wrong-user": (
        "设备的 SIP 认证用户名与登记的不一致",
        "The device signs in with another SIP user name than the one entered here",
    ),
    "gateway.no-snapshot": (
        "没有这次抓拍，或图片已过保留期",
        "There is no such ask for pictures, or they were kept long enough and removed",
    ),
    "gateway.snapshot-beyond": (
        "图片多于要求的数量，多出的不保存",
        "There are more pictures than were asked for; the rest is not kept",
    ),
    "gateway.snapshot-busy": (
        "正在等待该通道上传抓拍图片",
        "Pictures of this channel are being waited for",
    ),
    "gateway.snapshot-crowded": (
        "正在上传的图片过多，请稍后再传",
        "Too many uploads are under way, try again in a moment",
    ),
    "gateway.snapshot-disk": (
        "图片无法写入磁盘：{reason}",
        "The picture could not be written to the disk: {reason}",
    ),
    "gateway.snapshot-fewer": (
        "设备上传的图片少于要求的数量",
        "Fewer pictures came than were asked for",
    ),
    "gateway.snapshot-foreign-session": (
        "上传的 SessionID 不属于这次抓拍",
        "The SessionID of the upload is not that of this ask",
    ),
    "gateway.snapshot-foreign-source": (
        "上传来自 {source}，不是被要求抓拍的设备；设备经其他地址上传时，请设置 gateway.snapshot.source",
        "The upload came from {source}, where the device that was asked is not; "
        "set gateway.snapshot.source if it uploads from another address",
    ),
    "gateway.snapshot-no-door": (
        "设备无法访问本服务器的 HTTP 端口：web.host 是环回地址，请设置 gateway.snapshot.url",
        "Devices cannot reach the HTTP port of this server: web.host is a loopback address; "
        "set gateway.snapshot.url",
    ),
    "gateway.snapshot-no-space": (
        "磁盘剩余空间不足，不再接收图片",
        "Too little space is free on the disk to take pictures",
    ),
    "gateway.snapshot-none": (
        "设备在时限内没有上传图片",
        "No picture came in time",
    ),
    "gateway.snapshot-over": (
        "这次抓拍已经结束，上传地址已关闭",
        "This ask is over and its address is closed",
    ),
    "gateway.snapshot-refused": (
        "设备拒绝抓拍",
        "The device refuses to take pictures",
    ),
    "gateway.snapshot-restarted": (
        "平台重启，未完成的抓拍已终止",
        "The platform restarted; pictures that had not come are not waited for",
    ),
    "gateway.snapshot-too-large": (
        "图片或上传超出允许的大小",
        "The picture or the upload is larger than allowed",
    ),
    "gateway.snapshot-unsupported": (
        "设备不支持图像抓拍上传（GB/T 28181-2022）",
        "The device does not know how to upload pictures (GB/T 28181-2022)",
    ),
    "gateway.too-many-snapshots": (
        "抓拍记录已达 {most} 条，请先删除不再需要的",
        "There are {most} asks for pictures on the list: remove some first",
    ),
}
