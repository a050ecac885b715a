"""What the codes of ``fleet`` say: code → (zh-CN, en)."""

from __future__ import annotations

MESSAGES: dict[str, tuple[str, str]] = {
    "fleet.bad-agent": ("被管对象的 {field} 无效", "The agent's {field} is not valid"),
    "fleet.bad-cursor": ("分页标记无效", "The page mark is not valid"),
    "fleet.bad-url": ("RTSP 地址无效：{value}", "Not a valid RTSP address: {value}"),
    "fleet.calibrate-few": (
        "校准至少需要 {needed} 个位置已知的不同点位",
        "Finding the reference system takes {needed} different sites whose place is known",
    ),
    "fleet.catalogue-says": (
        "目录坐标由设备上报，不能手工填写",
        "What the catalogue says comes from the devices and is not entered",
    ),
    "fleet.connection-lost": ("设备的连接断开", "The device's connection broke"),
    "fleet.disabled": ("设备 {name} 已停用", "The device {name} is disabled"),
    "fleet.graph-cycle": (
        "供电与光缆图中有环：{nodes}",
        "The power and fibre graph runs in a circle: {nodes}",
    ),
    "fleet.graph-device": (
        "设备 {node} 随登记进出，不能在此增删",
        "The device {node} comes and goes by enrolment, not here",
    ),
    "fleet.graph-edge-twice": (
        "从 {upper} 到 {lower} 的 {medium} 连接重复",
        "The {medium} edge from {upper} to {lower} stands more than once",
    ),
    "fleet.graph-node-twice": ("节点 {node} 重复", "The node {node} stands more than once"),
    "fleet.graph-self-loop": ("节点 {node} 不能连接到自身", "The node {node} cannot depend on itself"),
    "fleet.graph-unknown-edge": (
        "没有从 {upper} 到 {lower} 的 {medium} 连接",
        "There is no {medium} edge from {upper} to {lower}",
    ),
    "fleet.graph-unknown-node": ("没有节点 {node}", "There is no node {node}"),
    "fleet.graph-wrong-battery": (
        "节点 {node} 的电池时长 {minutes} 分钟无效：只有不间断电源有电池",
        "{minutes} battery minutes are wrong at the node {node}: only a UPS has a battery",
    ),
    "fleet.graph-wrong-medium": (
        "节点 {node}（{kind}）不能有此方向的 {medium} 连接",
        "The node {node} ({kind}) cannot have a {medium} edge in this direction",
    ),
    "fleet.heard": ("收到设备心跳", "The device was heard"),
    "fleet.heartbeat-lost": ("设备心跳超时", "The device's heartbeats stayed away"),
    "fleet.import-field": (
        "{row}：字段 {field} 缺失或无效（{value}）",
        "{row}: the field {field} is missing or wrong ({value})",
    ),
    "fleet.import-format": ("文件不是 {value} 格式", "The file is not in the format {value}"),
    "fleet.import-gb-id": (
        "{row}：{field} 不是 20 位国标编码（{value}）",
        "{row}: {field} is not a 20-digit code ({value})",
    ),
    "fleet.import-not-json": ("文件不是有效的 JSON：{reason}", "The file is no valid JSON: {reason}"),
    "fleet.import-reference": (
        "{row}：{field} 引用了不存在的 {value}",
        "{row}: {field} names {value}, which is not there",
    ),
    "fleet.import-twice": ("{row}：编码 {value} 重复", "{row}: {value} stands more than once"),
    "fleet.key-unreadable": (
        "密钥文件 {file} 无法使用：{reason}",
        "The key file {file} cannot be used: {reason}",
    ),
    "fleet.missing-from-catalogue": (
        "设备目录中已没有此通道",
        "The device's catalogue no longer lists this channel",
    ),
    "fleet.no-ground": (
        "摄像机登记缺少法律依据，不能开启视频",
        "The camera has no legal ground on record and may not go live",
    ),
    "fleet.no-owner": (
        "摄像机登记缺少权属单位，不能开启视频",
        "The camera has no owner on record and may not go live",
    ),
    "fleet.no-place-class": (
        "摄像机登记缺少场所类别，不能开启视频",
        "The camera has no place class on record and may not go live",
    ),
    "fleet.no-purpose": (
        "摄像机登记缺少用途，不能开启视频",
        "The camera has no purpose on record and may not go live",
    ),
    "fleet.not-seen-yet": ("尚未上线过", "Not seen yet"),
    "fleet.party-in-use": (
        "单位 {party_id} 仍被引用，不能删除",
        "The party {party_id} is still named and cannot be removed",
    ),
    "fleet.place-forbidden": (
        "条例禁止在此类部位（{place}）安装图像采集设备",
        "Cameras are forbidden in places of this class ({place})",
    ),
    "fleet.registered": ("设备已注册", "The device registered"),
    "fleet.registration-expired": ("设备注册已过期", "The device's registration ran out"),
    "fleet.reported-faulty": ("设备报告通道异常", "The device reports a fault of this channel"),
    "fleet.reported-off": ("设备报告通道离线", "The device reports this channel off"),
    "fleet.restarted": (
        "系统重新启动，正在等待设备消息",
        "The system started again and waits to hear from the device",
    ),
    "fleet.source-answers": ("视频源有应答", "The source answers"),
    "fleet.unknown-agent": ("没有被管对象 {node_id}", "There is no agent {node_id}"),
    "fleet.unknown-channel": ("没有通道 {channel_id}", "There is no channel {channel_id}"),
    "fleet.unknown-choice": ("{field} 不在可选清单中：{value}", "{field}: {value} is on no list"),
    "fleet.unknown-device": ("没有设备 {device_id}", "There is no device {device_id}"),
    "fleet.unknown-party": ("没有单位 {party_id}", "There is no party {party_id}"),
    "fleet.unknown-place": (
        "没有区县或街道 {place}，或街道不属于该区县",
        "There is no district or street {place}, or not in this district",
    ),
    "fleet.unknown-site": ("没有点位 {site_id}", "There is no site {site_id}"),
    "fleet.unknown-statement": (
        "{subject} 没有来源为 {source} 的坐标",
        "There is no coordinate of {subject} from {source}",
    ),
    "fleet.unregistered": ("设备已注销", "The device unregistered"),
    "fleet.video-lost": ("通道视频丢失", "No picture arrives at this channel's input"),
    "fleet.wrong-key": ("密钥文件 {file} 与加密数据不符", "The key file {file} does not fit the sealed data"),
    "fleet.wrong-site-kind": (
        "点位类型 {kind} 与车道数不符，或没有此类型",
        "There is no kind {kind} of site, or it has no such lanes",
    ),
    "fleet.wrong-lane": ("车道号 {lane} 无效", "{lane} is not a lane here"),
}
