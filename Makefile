# Two commands do everything on a fresh machine: `make demo` and `make test`. `make help` lists the rest.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

export UV_PYTHON_DOWNLOADS := never
export UV_PROJECT_ENVIRONMENT := .venv
UV := $(shell command -v uv 2>/dev/null || echo .tools/bin/uv)
BIN := .venv/bin
OUT ?= out

.PHONY: help tools setup demo test rust-test python-test slow-test packaging-test browser-test lint format docs bench clean

help: ## Show the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | column -t -s "$$(printf '\t')"

tools: ## Check that Python 3.11+ and cargo are there, and say what to do if not
	@bash scripts/check-tools.sh

setup: tools ## Build everything into .venv
	@if ! command -v uv >/dev/null 2>&1 && [ ! -x .tools/bin/uv ]; then \
	  echo "setup: no uv on PATH, installing it into .tools"; \
	  python3 -m venv .tools && .tools/bin/pip install --quiet uv; fi
	@echo "setup: building arbcore (the first build compiles Rust: one to three minutes on two cores)"
	@$(UV) sync --quiet --all-packages --python python3

demo: setup ## Generate trades, back-test on them, name the report to open
	@bash scripts/demo.sh $(OUT)/demo

test: rust-test python-test ## Run all tests but packaging, browser and benchmarks

rust-test: tools
	cargo test --workspace --exclude arbcore-py --release --quiet

python-test: setup
	$(BIN)/pytest -n 2 --dist loadfile -m "not packaging and not browser and not slow"

slow-test: setup ## Tests that take longer: among them, debug build against release build
	$(BIN)/pytest -m "slow and not packaging and not browser"

packaging-test: setup ## Build both wheels and use them in a fresh environment
	$(BIN)/pytest tests/packaging -m packaging

browser-test: setup ## Look at the HTML report with a real browser (needs chromium)
	$(BIN)/pytest tests/browser -m browser

lint: setup ## Formatting, lint, types
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --quiet -- -D warnings
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/basedpyright
	$(BIN)/python -m mypy.stubtest arbcore._arbcore

format: setup ## Format everything
	cargo fmt --all
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: setup ## Write again what is generated in docs/ and README.md (the tests hold them against the code)
	$(BIN)/python scripts/make_docs.py

bench: setup ## Measure, and hold the figures against bench/budgets.toml
	$(BIN)/pytest bench --benchmark-only --benchmark-json=$(OUT)/bench.json

clean: ## Remove what the targets above made
	rm -rf $(OUT) .venv .tools target dist .hypothesis .benchmarks
