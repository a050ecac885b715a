# civicam: everything a person does here, by name. `make` alone prints this list.
# Nothing needs root; the first run fetches packages, later ones are quick.

PYTHON ?= python3
BIN := .venv/bin
DEMO ?=

.DEFAULT_GOAL := help
.PHONY: help setup runtime demo test long quick check bench docs ui hooks clean

help: ## 显示本列表 · this list
	@echo 'civicam · 城市公共视频监控平台 · a city camera network, run and answered for'
	@echo
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## 安装依赖和开发工具 · install packages and development tools
	@$(PYTHON) -m tools.bootstrap dev

runtime:
	@$(PYTHON) -m tools.bootstrap runtime

demo: runtime ## 启动演示城区, 打印登录链接 · start a simulated district and print the log-in link
	@exec $(BIN)/civicam demo $(DEMO)

test: setup ## 全部测试 (约十分钟) · all tests (about ten minutes)
	@exec $(BIN)/python -m tools.tests all

long: setup ## 长测试: 小规模的完整测量、城市的一整天 · whole benchmarks in small, whole days of the city
	@exec $(BIN)/python -m tools.tests long

quick: setup ## 提交前的快速检查 · what a commit should pass, in under a minute
	@exec $(BIN)/python -m tools.checks quick

check: setup ## 静态检查、契约、文档、覆盖率 · linters, contracts, docs, coverage gate
	@exec $(BIN)/python -m tools.checks all

bench: setup ## 测量 (见 docs/reference/benchmarks.md) · measure (see docs/reference/benchmarks.md)
	@exec $(BIN)/python -m tools.checks bench

docs: setup ## 生成文档到 site/ · build the documentation into site/
	@exec $(BIN)/python -m tools.checks docs

ui: setup ## 重新编译操作台 · rebuild the console
	@cd ui && npm run build

hooks: setup ## 启用提交钩子 · let git run `make quick` before each commit
	@git config core.hooksPath .githooks && echo 'core.hooksPath = .githooks'

clean: ## 删除所有生成的文件 · remove everything that was generated
	rm -rf .venv .tools .demo ui/node_modules src/civicam/web/static site dist build \
	  .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache htmlcov
	rm -f .coverage .coverage.*
