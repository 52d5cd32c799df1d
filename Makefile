# `make` alone lists the targets.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# A toolchain that rustup has just installed is not on the caller's PATH yet.
export PATH := $(or $(CARGO_HOME),$(HOME)/.cargo)/bin:$(PATH)

TARGET_DIR = $(or $(CARGO_TARGET_DIR),target)
PREFIX ?= $(HOME)/.local
QUICKSTART = examples/quickstart

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: quickstart
quickstart: build $(QUICKSTART)/shop.db ## Build weft and enrich the example's events
	@$(TARGET_DIR)/release/weft run -f $(QUICKSTART) --events $(QUICKSTART)/events.jsonl
	@scripts/next-steps.sh $(TARGET_DIR)/release/weft

.PHONY: build
build: ## Build weft (release profile)
	@scripts/setup.sh build
	@cargo build --locked --release --timings -p weft
	@scripts/build-times.sh $(TARGET_DIR)

$(QUICKSTART)/shop.db: $(QUICKSTART)/shop.sql
	@scripts/sqlite-from-sql.sh $< $@

.PHONY: test
test: ## Run every test that this machine can run; the last line counts them
	@scripts/setup.sh test
	@scripts/test.sh

.PHONY: test-full
test-full: ## The same with a million cases per property, the oracle's full sweep, and ten quiet minutes on a cluster
	@scripts/setup.sh test
	@WEFT_CASES=1000000 WEFT_QUIET_SECONDS=600 scripts/test.sh

.PHONY: test-crds
test-crds: ## Give the CRDs and the examples to a real API server
	@scripts/setup.sh test
	@e2e/test-crds.sh

.PHONY: test-cluster
test-cluster: ## Install the charts on a real cluster with a node, and enrich events there
	@scripts/setup.sh test
	@e2e/test-cluster.sh

.PHONY: lint
lint: ## Check format, lints, scripts and dependencies
	@scripts/setup.sh test
	@scripts/lint.sh

.PHONY: crds
crds: ## Write crds/ and the chart of the CRDs anew from the resource types
	@cargo run --locked --quiet -p weft-api --bin crdgen

.PHONY: docs
docs: ## Write what the documentation's commands print now into its pages
	@scripts/setup.sh test
	@cargo build --locked -p weft --all-features
	@python3 e2e/docs --weft $(TARGET_DIR)/debug/weft --write README.md docs/*.md

.PHONY: bench
bench: ## Measure the speed of weft run (1 M events; takes some minutes)
	@scripts/setup.sh build
	@cargo bench --locked --profile dist -p weft --bench run

.PHONY: bench-sync
bench-sync: ## Measure weft sync beside PostgreSQL's and Redis' own tools (1 M and 5 M rows; takes half an hour)
	@scripts/setup.sh test
	@cargo bench --locked --profile dist -p weft --features postgres,redis --bench sync

.PHONY: bench-lookup
bench-lookup: ## Measure what looking rows up costs, from memory and from Redis (under a minute)
	@scripts/setup.sh test
	@cargo bench --locked --profile dist -p weft-store --features servers --bench lookup

.PHONY: bench-enrich
bench-enrich: ## Measure weft enrich beside a client that passes records on untouched (1 M events; takes some minutes)
	@scripts/setup.sh test
	@cargo bench --locked --profile dist -p weft --features kafka --bench enrich

.PHONY: install
install: ## Build weft at its fastest and copy it to $PREFIX/bin (default ~/.local/bin)
	@scripts/setup.sh install
	@cargo build --locked --profile dist --all-features -p weft
	@install -D -m 755 $(TARGET_DIR)/dist/weft $(DESTDIR)$(PREFIX)/bin/weft
	@echo "weft is at $(DESTDIR)$(PREFIX)/bin/weft"

.PHONY: clean
clean: ## Remove what was built
	@cargo clean
	@rm -f $(QUICKSTART)/shop.db
