# Every target does its own set-up; Rust and Python 3 are all that must be there.
SHELL := /usr/bin/env bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

TARGET_DIR := $(if $(CARGO_TARGET_DIR),$(CARGO_TARGET_DIR),$(CURDIR)/target)
VENV := $(TARGET_DIR)/venv
PYTHON := $(VENV)/bin/python
BENCH_VENV := $(TARGET_DIR)/bench-venv
LIGHT := $(addprefix -p coldtrail-,model proto normalize generate lake catalog ingest iceberg maintain sigma intel huntfile evidence)

.PHONY: help
help: ## Say what there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | column -t -s $$'\t'

.PHONY: test
test: $(VENV)/.ready ## Run the tests: Rust, then the real binary against real clients
	cargo build --workspace --bins --tests
	cargo test --workspace --lib --bins --tests
	COLDTRAIL_BIN=$(TARGET_DIR)/debug/coldtrail $(PYTHON) -m pytest tests/e2e tests/hunts -q

.PHONY: chaos
chaos: $(VENV)/.ready ## Lose leaders, executors and disks of a cluster for minutes
	cargo build --workspace --bins --tests
	COLDTRAIL_BIN=$(TARGET_DIR)/debug/coldtrail $(PYTHON) -m pytest tests/chaos -q -s

.PHONY: light
light: ## Run the tests of the light half, without DataFusion, in seconds
	cargo test $(LIGHT)

.PHONY: fuzz
fuzz: ## Feed every reader of foreign data with damaged input for FUZZ_SECONDS (an hour); needs cargo-fuzz
	fuzz/run.sh

.PHONY: verify
verify: ## Check formatting, lints and dependencies
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	if command -v cargo-deny > /dev/null; then cargo deny check; else echo "cargo-deny is not installed: dependencies were not checked"; fi

.PHONY: fix
fix: ## Format, mend lints, and write again what is made from the code
	cargo fmt --all
	cargo clippy --workspace --all-targets --fix --allow-dirty
	UPDATE_EXPECT=1 cargo test -p coldtrail-model

.PHONY: bench
bench: $(BENCH_VENV)/.ready ## Measure side by side with DuckDB, chDB and plain DataFusion; the figures go to benches/RESULTS.md
	cargo build --release
	cargo bench --bench journey
	COLDTRAIL_BIN=$(TARGET_DIR)/release/coldtrail CARGO_TARGET_DIR=$(TARGET_DIR) $(BENCH_VENV)/bin/python benches/side_by_side.py

.PHONY: bench-ingest
bench-ingest: ## Measure what taking in each source costs, without the engine; the figures go to benches/INGEST.md (SAMPLES names real ones)
	cargo bench -p coldtrail-ingest --bench cost -- $(if $(SAMPLES),--samples $(abspath $(SAMPLES))) --out $(CURDIR)/benches/INGEST.md

.PHONY: bench-runs
bench-runs: $(BENCH_VENV)/.ready ## Measure what runs cost, on the lake that LAKE names (made by side_by_side.py --folder)
	cargo build --release
	COLDTRAIL_BIN=$(TARGET_DIR)/release/coldtrail $(BENCH_VENV)/bin/python benches/runs.py --folder $(LAKE)

$(VENV)/.ready: tests/requirements.txt
$(BENCH_VENV)/.ready: benches/requirements.txt
$(VENV)/.ready $(BENCH_VENV)/.ready:
	python3 -m venv $(@D)
	$(@D)/bin/pip install --quiet --disable-pip-version-check -r $<
	touch $@
