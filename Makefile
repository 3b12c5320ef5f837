# Everything that a person or CI runs. Each target sets up what it needs on a fresh clone; stamps in .make/ keep the
# next run quick. Needed on the machine: Python >= 3.10 with venv, Rust with rustfmt and clippy, a C compiler (LMDB).
#
# One cargo profile, release, serves `cargo test`, the native module, the wheel and the lints. Measured clean on two
# cores, for the dependencies alone: 30 s, against 106 s for dev, whose profile optimises the procedural macros too.
# Overflow checks are on in release (Cargo.toml), and the signature tests crawl without optimisation.

MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test test-rust test-python test-typescript test-web test-go page check check-rust check-python check-types check-crates check-docs \
	check-spelling bench bench-quick bench-core bench-python bench-compare compare-tools soak docs wheel fmt \
	clean

# PYTHON=/path/to/python3.12 chooses the interpreter of .venv; ARGS is handed on to demo, the benches, soak and test-python.
PYTHON ?=
ARGS ?=
SECONDS ?= 7200

VENV := $(CURDIR)/.venv
PY := $(VENV)/bin/python
CARGO := cargo
CARGO_FLAGS := --release --locked --workspace
# A workspace of its own, which `make bench-compare` builds.
COMPARE_STATE := benches/compare/state/Cargo.toml
# What maturin tells PyO3's build script. Told the same, clippy and rustdoc do not make it (and then maturin) redo PyO3.
PYO3_CONFIG = $(lastword $(sort $(wildcard $(CURDIR)/target/maturin/pyo3-config-*.txt)))
PYO3_ENV = PYO3_BUILD_EXTENSION_MODULE=1 $(if $(PYO3_CONFIG),PYO3_CONFIG_FILE=$(PYO3_CONFIG))

# A tree that was moved, or whose .venv or native module is gone, is set up again whatever the stamps say.
ifneq ($(shell test -x .venv/bin/python && cat .make/venv 2>/dev/null),$(CURDIR))
$(shell rm -rf .make)
endif
ifeq ($(wildcard python/counterfoil/_core*.so),)
$(shell rm -f .make/native)
endif

ifneq ($(words $(wildcard clients/node_modules clients/typescript/dist clients/web/dist python/counterfoil/page.html)),4)
$(shell rm -f .make/clients)
endif

# What is missing for the clients in other languages: then they are skipped, with this as the reason.
NODE_MISSING := $(shell node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' 2>/dev/null && \
	command -v npm >/dev/null || echo Node.js of version 20 or later, and npm)
GO_MISSING := $(shell command -v go >/dev/null || echo Go)

# Folders are listed too: their times change when a file comes or goes.
RUST_SOURCES := Cargo.toml Cargo.lock $(wildcard .cargo/config.toml) \
	$(shell find rust \( -type d -o -name '*.rs' -o -name Cargo.toml \))

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: .make/native ## replay 18 months of real purchases as a loyalty programme, and prove a balance
	@$(VENV)/bin/counterfoil demo $(ARGS)

test: test-rust test-python test-typescript test-web test-go ## all tests, those of the examples in README and docs, too

# The native module comes first, so that both builds use the same artefacts.
test-rust: .make/native ## the Rust tests alone
	$(PYO3_ENV) $(CARGO) test $(CARGO_FLAGS)

test-python: .make/native $(if $(NODE_MISSING),,.make/clients) ## the Python tests alone (ARGS="-k pay")
	$(PY) -m pytest $(ARGS)

test-typescript: $(if $(NODE_MISSING),,.make/clients) ## the TypeScript client's tests alone
ifeq ($(NODE_MISSING),)
	npm test --prefix clients/typescript
else
	@echo "skipped: the TypeScript client's tests, for want of $(NODE_MISSING)"
endif

# The page of a real `counterfoil prove --html` is among what it is tested with.
test-web: $(if $(NODE_MISSING),,.make/clients .make/native) ## the page's tests alone
ifeq ($(NODE_MISSING),)
	npm test --prefix clients/web
else
	@echo "skipped: the page's tests, for want of $(NODE_MISSING)"
endif

page: $(if $(NODE_MISSING),,.make/clients) ## build the page that checks proofs: clients/web/dist/index.html
ifeq ($(NODE_MISSING),)
	@echo "page: clients/web/dist/index.html, and python/counterfoil/page.html for counterfoil prove --html"
else
	@echo "make: the page needs $(NODE_MISSING)" >&2; exit 1
endif

test-go: ## the Go client's tests alone
ifeq ($(GO_MISSING),)
	cd clients/go && go test ./...
else
	@echo "skipped: the Go client's tests, for want of $(GO_MISSING)"
endif

check: check-rust check-python check-types check-clients check-crates check-docs check-spelling ## everything else that CI asks: zero warnings
	@echo "check: clean"

check-rust: .make/native
	$(CARGO) fmt --all --check
	$(CARGO) fmt --manifest-path benches/core/Cargo.toml --check
	$(CARGO) fmt --manifest-path $(COMPARE_STATE) --check
	$(PYO3_ENV) $(CARGO) clippy $(CARGO_FLAGS) --all-targets -- -D warnings
	$(PYO3_ENV) RUSTDOCFLAGS="-D warnings" $(CARGO) doc $(CARGO_FLAGS) --no-deps --document-private-items

check-python: .make/tools
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .

check-types: .make/native
	$(PY) -m mypy
	MYPYPATH=python $(PY) -m mypy.stubtest --mypy-config-file pyproject.toml counterfoil._core

check-clients: $(if $(NODE_MISSING),,.make/clients)
ifeq ($(NODE_MISSING),)
	npm run check --prefix clients
else
	@echo "skipped: the checks of the TypeScript client, for want of $(NODE_MISSING)"
endif
ifeq ($(GO_MISSING),)
	cd clients/go && found=$$(gofmt -l .) && { test -z "$$found" || { echo "gofmt would change $$found" >&2; exit 1; }; }
	cd clients/go && go vet ./...
	cd clients/go/tilestest && go vet ./...
else
	@echo "skipped: the checks of the Go client, for want of $(GO_MISSING)"
endif

check-crates: .make/venv
	$(PY) .ci/check_crates.py

check-docs: .make/tools
	$(PY) -m zensical build --clean --strict

check-spelling: .make/tools
	$(VENV)/bin/typos

bench: .make/native .make/zebra ## all that is promised of speed, memory and disk, to 10M accounts; writes docs/benchmarks.md
	$(PY) -m benches --report docs/benchmarks.md $(ARGS)

bench-quick: .make/native .make/zebra ## the same to 100k accounts, in under five minutes; writes nothing
	$(PY) -m benches --quick $(ARGS)

bench-core: .make/native ## the core piece by piece, with criterion (ARGS=signatures)
	$(CARGO) bench --locked --manifest-path benches/core/Cargo.toml --bench core -- $(ARGS)

bench-python: .make/native ## single calls of the Python interface, with pytest-benchmark (ARGS="-k prove")
	$(PY) -m pytest benches/test_python_face.py --benchmark-enable --benchmark-warmup=on $(ARGS)

bench-compare: .make/compare .make/native ## the same transfers on SQLite, LMDB, PostgreSQL, nomt and jmt (ARGS=--quick)
	$(PY) -m benches.compare $(ARGS)

compare-tools: .make/compare .make/native ## what the comparison needs but for PostgreSQL's server: its tests are not skipped then
	$(PY) -c 'from benches.compare.crates import build; build()'

soak: .make/native ## the crash and stress tests for SECONDS=7200, half of them a steady load (ARGS="-k steady")
	COUNTERFOIL_SOAK=1 COUNTERFOIL_SOAK_SECONDS=$(SECONDS) $(PY) -m pytest -m soak --capture=no \
		-o faulthandler_timeout=0 $(ARGS)

docs: check-docs ## build the documentation into site/
	@echo "docs: site/index.html"

wheel: .make/native $(if $(NODE_MISSING),,.make/clients) ## build the wheel into dist/
	$(PY) -m maturin build --release --locked --interpreter $(PY) --out dist

fmt: .make/tools ## format the sources
	$(CARGO) fmt --all
	$(CARGO) fmt --manifest-path benches/core/Cargo.toml
	$(CARGO) fmt --manifest-path $(COMPARE_STATE)
	$(PY) -m ruff check --fix-only .
	$(PY) -m ruff format .
	$(if $(NODE_MISSING),,npm run fmt --prefix clients)
	$(if $(GO_MISSING),,gofmt -w clients/go)

clean: ## remove everything that was built, .venv too
	rm -rf .make .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis .cache .bench .benchmarks dist site target
	rm -rf benches/core/target clients/node_modules clients/typescript/dist clients/web/dist
	rm -f python/counterfoil/_core*.so python/counterfoil/page.html
	find python tests -name __pycache__ -type d -prune -exec rm -rf {} +

# The outside verifier that the benches compare with: a workspace of its own, which nothing else builds.
.make/zebra: benches/core/Cargo.toml benches/core/Cargo.lock benches/core/src/zebra_single.rs .make/venv
	$(CARGO) build --release --locked --manifest-path benches/core/Cargo.toml
	@touch $@

.make/clients: clients/package.json clients/package-lock.json $(wildcard clients/typescript/*.json) \
		$(wildcard clients/typescript/src/*.ts) $(wildcard clients/web/*.json clients/web/build.mjs) \
		$(wildcard clients/web/src/* clients/web/src/messages/*)
	@mkdir -p .make
	@echo "Installing what the clients need into clients/node_modules, and building them"
	npm ci --prefix clients --silent --no-fund --no-audit
	npm run build --prefix clients/typescript --silent
	npm run build --prefix clients/web --silent
	@touch $@

.make/venv:
	@mkdir -p .make
	@found=; \
	for python in $(or $(PYTHON),python3 python3.14 python3.13 python3.12 python3.11 python3.10 python); do \
		if "$$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))' 2>/dev/null; then \
			found=$$python; break; \
		fi; \
	done; \
	if [ -z "$$found" ]; then \
		echo "make: no Python >= 3.10 with the modules venv and ensurepip was found." \
			"Install one, or name one: make PYTHON=/path/to/python3" >&2; \
		exit 1; \
	fi; \
	echo "Setting up .venv with $$("$$found" --version)"; \
	"$$found" -m venv .venv
	@echo "$(CURDIR)" > $@

# pip learnt dependency groups in 25.1. The package `lifetimes` is here for one data file, so it comes without its
# dependencies (pandas, scipy and others), and it is never imported.
.make/tools: pyproject.toml .make/venv
	@echo "Installing the development tools into .venv"
	@$(PY) -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	@$(PY) -m pip install --quiet --disable-pip-version-check --group dev
	@$(PY) -m pip install --quiet --disable-pip-version-check --no-deps --only-binary :all: lifetimes==0.11.3
	@touch $@

.make/compare: pyproject.toml .make/tools
	@echo "Installing what the comparison needs into .venv"
	@$(PY) -m pip install --quiet --disable-pip-version-check --group compare && touch $@ || \
		echo "make: psycopg could not be installed; PostgreSQL will be skipped" >&2

.make/native: $(RUST_SOURCES) .make/tools
	@for tool in cargo cc; do \
		command -v $$tool >/dev/null || { echo "make: $$tool was not found; it builds the native module" >&2; exit 1; }; \
	done
	VIRTUAL_ENV=$(VENV) PIP_QUIET=1 PIP_DISABLE_PIP_VERSION_CHECK=1 $(PY) -m maturin develop --release --locked
	@touch $@
