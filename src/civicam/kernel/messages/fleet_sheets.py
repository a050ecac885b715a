"""What the codes of spreadsheets in ``fleet`` say: code → (zh-CN, en)."""

from __future__ import annotations

MESSAGES: dict[str, tuple[str, str]] = {
    "fleet.cell-area-kind": (
        "区县不能改为街道，街道也不能改为区县",
        "A district does not become a street, nor a street a district",
    ),
    "fleet.cell-battery": (
        "只有不间断电源有电池时长",
        "Only a UPS has battery minutes",
    ),
    "fleet.cell-choice": (
        "“{value}”不在下拉选项中",
        "“{value}” is none of the choices",
    ),
    "fleet.cell-control": (
        "单元格中有不可见字符（{value}）",
        "The cell holds characters that cannot be seen ({value})",
    ),
    "fleet.cell-cycle": (
        "供电与光缆连接成环：{nodes}",
        "The power and fibre links run in a circle: {nodes}",
    ),
    "fleet.cell-date": (
        "“{value}”不是日期，请按 2026-03-02 填写",
        "“{value}” is no date; write it like 2026-03-02",
    ),
    "fleet.cell-error": (
        "单元格是错误值 {value}",
        "The cell holds the error {value}",
    ),
    "fleet.cell-formula": (
        "单元格是公式，请粘贴为数值",
        "The cell holds a formula; paste its value",
    ),
    "fleet.cell-full-width": (
        "“{value}”含全角字符，应为 {plain}",
        "“{value}” has full-width characters; it should be {plain}",
    ),
    "fleet.cell-gb-id": (
        "“{value}”不是 20 位数字的国标编码",
        "“{value}” is not a code of 20 digits",
    ),
    "fleet.cell-gb-id-length": (
        "国标编码应为 20 位，这里是 {length} 位（{value}）",
        "A code has 20 digits, this one has {length} ({value})",
    ),
    "fleet.cell-half-place": (
        "经度和纬度必须同时填写",
        "Longitude and latitude go together",
    ),
    "fleet.cell-id": (
        "编号“{value}”中不能有空格",
        "The id “{value}” may hold no spaces",
    ),
    "fleet.cell-id-number": (
        "编码以数字格式保存，后几位已丢失（{value}）：请把单元格设为文本后重新填写",
        "The code was kept as a number and lost its last digits ({value}): make it text, enter it again",
    ),
    "fleet.cell-lane": (
        "车道号 {lane} 无效：仅卡口车道填写，且不大于点位的车道数",
        "{lane} is no lane here: of checkpoints only, and not above the site's lanes",
    ),
    "fleet.cell-lanes": (
        "只有卡口点位有车道数",
        "Only a checkpoint has lanes",
    ),
    "fleet.cell-long": (
        "文字太长：{length} 字，最多 {most} 字",
        "The text is too long: {length} characters, at most {most}",
    ),
    "fleet.cell-merged": (
        "单元格在合并区域 {range} 中，请取消合并",
        "The cell is part of the merged range {range}; unmerge it",
    ),
    "fleet.cell-no-code": (
        "只有 RTSP 设备可以没有国标编码",
        "Only an RTSP device may be without a GB id",
    ),
    "fleet.cell-no-node": (
        "没有节点或设备 {value}",
        "There is no node or device {value}",
    ),
    "fleet.cell-not-district": (
        "{value} 是街道，这里应填区县",
        "{value} is a street; a district is wanted here",
    ),
    "fleet.cell-number": (
        "“{value}”不是有效的经纬度",
        "“{value}” is no longitude or latitude",
    ),
    "fleet.cell-older-survey": (
        "已有 {known} 的测绘坐标，不能用更早的或无日期的覆盖",
        "There is a survey of {known}; an older one, or one without a date, does not replace it",
    ),
    "fleet.cell-reference": (
        "登记数据和本文件中都没有 {value}",
        "“{value}” stands neither in the register nor in this file",
    ),
    "fleet.cell-required": (
        "此项必填",
        "This is needed",
    ),
    "fleet.cell-secret-needed": (
        "新设备或改了用户名、协议的设备必须填写密码",
        "A new device, or one whose user name or protocol changes, needs a password",
    ),
    "fleet.cell-secret-number": (
        "密码须为文本格式：数字格式会丢失开头的 0",
        "The password has to be text: as a number it loses leading zeros",
    ),
    "fleet.cell-self-loop": (
        "上级和下级不能是同一个",
        "The upper and the lower end cannot be the same",
    ),
    "fleet.cell-street": (
        "街道 {value} 不属于所填区县",
        "The street {value} is not in this district",
    ),
    "fleet.cell-taken": (
        "编号 {value} 已用于设备",
        "The id {value} is a device's",
    ),
    "fleet.cell-twice": (
        "与第 {row} 行重复",
        "The same as row {row}",
    ),
    "fleet.cell-two-systems": (
        "一行只能填写一个坐标系的经纬度",
        "A row has coordinates in one reference system only",
    ),
    "fleet.cell-type": (
        "单元格格式不对（{value}），请设为文本",
        "The cell is of the wrong type ({value}); make it text",
    ),
    "fleet.cell-url": (
        "RTSP 地址无效：{value}",
        "Not a valid RTSP address: {value}",
    ),
    "fleet.cell-whole": (
        "“{value}”应为 {least} 至 {most} 的整数",
        "“{value}” should be a whole number from {least} to {most}",
    ),
    "fleet.import-crowded": (
        "待确认的导入已有 {most} 个，请先确认或放弃",
        "{most} imports wait to be confirmed; confirm or discard some first",
    ),
    "fleet.import-failed": (
        "写入失败，没有改动任何数据",
        "Writing failed; nothing was changed",
    ),
    "fleet.import-faulty": (
        "还有错误的行，请改正后重新上传",
        "There are faulty rows; mend them and upload the file again",
    ),
    "fleet.import-outdated": (
        "预览之后登记数据已有变化，请重新核对预览",
        "The register has changed since the preview; look at it again",
    ),
    "fleet.import-state": (
        "此批次当前状态为 {state}，不能这样操作",
        "The batch is {state}; this cannot be done now",
    ),
    "fleet.sheet-broken": (
        "工作簿已损坏或格式不对：{reason}",
        "The workbook is broken: {reason}",
    ),
    "fleet.sheet-column-twice": (
        "表“{sheet}”中列“{header}”重复",
        "In the sheet “{sheet}” the column “{header}” stands twice",
    ),
    "fleet.sheet-csv": (
        "这是 CSV 或文本文件：请用模板填写并另存为 .xlsx（CSV 会损坏 20 位编码和汉字）",
        "A CSV or text file: use the template and save as .xlsx (CSV spoils 20-digit codes and Chinese)",
    ),
    "fleet.sheet-header": (
        "表“{sheet}”的 {cell} 表头“{header}”无法识别，请使用模板的表头",
        "In the sheet “{sheet}” the header “{header}” ({cell}) is not known; use the template's",
    ),
    "fleet.sheet-heavy": (
        "工作簿占用内存过大，已停止读取",
        "The workbook takes too much memory; reading was stopped",
    ),
    "fleet.sheet-merged": (
        "表“{sheet}”的表头有合并单元格 {range}",
        "In the sheet “{sheet}” the header has merged cells {range}",
    ),
    "fleet.sheet-no-column": (
        "表“{sheet}”缺少列“{column}”",
        "The sheet “{sheet}” lacks the column “{column}”",
    ),
    "fleet.sheet-no-header": (
        "表“{sheet}”的 {cell} 有内容，但该列没有表头",
        "In the sheet “{sheet}” the cell {cell} is filled, but its column has no header",
    ),
    "fleet.sheet-no-workbook": (
        "这不是 .xlsx 工作簿",
        "This is no .xlsx workbook",
    ),
    "fleet.sheet-none": (
        "工作簿中没有可导入的行",
        "The workbook has no rows to import",
    ),
    "fleet.sheet-nothing": (
        "文件是空的",
        "The file is empty",
    ),
    "fleet.sheet-old": (
        "这是旧版 .xls 或加密的工作簿：请另存为不加密的 .xlsx",
        "This is an old .xls or an encrypted workbook: save it as .xlsx without a password",
    ),
    "fleet.sheet-rows": (
        "行数超过上限 {most}",
        "More rows than the limit of {most}",
    ),
    "fleet.sheet-slow": (
        "读取超过 {seconds} 秒，已停止",
        "Reading took more than {seconds} s and was stopped",
    ),
    "fleet.sheet-tabs": (
        "工作表有 {tabs} 张，最多 {most} 张",
        "The workbook has {tabs} tabs, at most {most} are taken",
    ),
    "fleet.sheet-too-large": (
        "文件超过上限 {most} MB",
        "The file is larger than the limit of {most} MB",
    ),
    "fleet.sheet-twice": (
        "表“{sheet}”出现两次",
        "The sheet “{sheet}” is there twice",
    ),
    "fleet.sheet-unknown": (
        "不认识工作表“{sheet}”，请使用模板的表名",
        "The tab “{sheet}” is not known; use the template's names",
    ),
    "fleet.sheet-unpacks": (
        "工作簿解压后超过上限 {most} MB",
        "The workbook unpacks to more than the limit of {most} MB",
    ),
    "fleet.undo-cell": (
        "此后又改过",
        "It was changed since",
    ),
    "fleet.undo-changed": (
        "有 {number} 处在导入之后又改过或已被使用，不能撤销：{cells}",
        "{number} places were changed or used since the import, so it cannot be undone: {cells}",
    ),
    "fleet.undo-gone": (
        "此行已被删除",
        "The row is gone",
    ),
    "fleet.undo-heard": (
        "此后已上线或已被设备目录上报",
        "It has been heard or reported since",
    ),
    "fleet.undo-in-use": (
        "此后已被其他数据引用",
        "Something newer names it",
    ),
    "fleet.undo-there": (
        "此行又被添加",
        "The row was added again",
    ),
    "fleet.unknown-import": (
        "没有导入批次 {import_id}",
        "There is no import {import_id}",
    ),
}
