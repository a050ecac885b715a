"""What the codes of ``web`` say: code → (zh-CN, en)."""

from __future__ import annotations

MESSAGES: dict[str, tuple[str, str]] = {
    "web.bad-request": ("请求无效：{field} {reason}", "The request is not valid: {field} {reason}"),
    "web.bug": ("服务器内部错误，请提供编号 {request_id}", "An error of ours; please quote {request_id}"),
    "web.cross-origin": ("拒绝来自其他网站的请求", "A request from another site is refused"),
    "web.method": ("不支持的请求方法", "This method is not allowed here"),
    "web.not-confirmed": (
        "此操作不可恢复，请再次输入编号确认",
        "This cannot be undone: repeat the number to confirm",
    ),
    "web.not-found": ("没有这个地址", "There is nothing at this address"),
    "web.not-ready": ("服务尚未就绪：{reason}", "Not ready: {reason}"),
    "web.port-in-use": (
        "HTTP 端口 {host}:{port} 已被占用；请修改 web.port（CIVICAM_WEB__PORT）",
        "The HTTP port {host}:{port} is in use; change web.port (CIVICAM_WEB__PORT)",
    ),
    "web.too-large": ("请求内容超过 {limit} 字节", "The request is larger than {limit} bytes"),
    "web.too-many-views": (
        "最多同时打开 {most} 路视频，请先关闭其他画面",
        "At most {most} live views at a time: close another one first",
    ),
    "web.upload-format": (
        "上传内容不是图片，也不是含图片的表单",
        "The upload is neither a picture nor a form with one",
    ),
    "web.upload-slow": (
        "上传超出时限",
        "The upload took too long",
    ),
    "web.no-demo": ("这不是演示系统", "This is no demonstration"),
    "web.demo-broken": ("已经切断了: {target}", "It is broken already: {target}"),
    "web.demo-refused": ("模拟器不接受: {word}", "The simulator refuses: {word}"),
    "web.demo-unreachable": ("模拟器没有应答: {reason}", "The simulator does not answer: {reason}"),
}
