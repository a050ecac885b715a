/** The parts of Element Plus that the console uses, each with its style: the whole kit would be five times as big. */
import "element-plus/theme-chalk/el-button.css";
import "element-plus/theme-chalk/el-dialog.css";
import "element-plus/theme-chalk/el-dropdown.css";
import "element-plus/theme-chalk/el-dropdown-item.css";
import "element-plus/theme-chalk/el-dropdown-menu.css";
import "element-plus/theme-chalk/el-form.css";
import "element-plus/theme-chalk/el-form-item.css";
import "element-plus/theme-chalk/el-input.css";
import "element-plus/theme-chalk/el-message.css";
import "element-plus/theme-chalk/el-overlay.css";
import "element-plus/theme-chalk/el-popper.css";
import "element-plus/theme-chalk/el-scrollbar.css";

export { ElButton } from "element-plus/es/components/button/index.mjs";
export { ElDialog } from "element-plus/es/components/dialog/index.mjs";
export { ElDropdown, ElDropdownItem, ElDropdownMenu } from "element-plus/es/components/dropdown/index.mjs";
export { ElForm, ElFormItem } from "element-plus/es/components/form/index.mjs";
export { ElInput } from "element-plus/es/components/input/index.mjs";
export { ElMessage } from "element-plus/es/components/message/index.mjs";
export { localeContextKey } from "element-plus/es/hooks/use-locale/index.mjs";
