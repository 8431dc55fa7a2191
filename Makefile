# The two commands of the README are `make demo` and `make test`; each sets up what it needs.
# One thread in every numerical library: two spinning LightGBM fits on two cores cost up to 65 times one.
export OMP_NUM_THREADS = 1
export OPENBLAS_NUM_THREADS = 1
# Each process that the tests start would compile the whole product anew.
unexport PYTHONDONTWRITEBYTECODE
BIN := .venv/bin
READY := .venv/.ready

BENCH_WORLDS := null,smooth_05,smooth_15,smooth_25,rough,strong_confounding,rare_arm,never_given,informative_dropout,$\
	hidden_confounder,five_arm,other_principles

.PHONY: help demo test test-slow test-spark test-clients check lint types contracts secrets sbom docs bench assets pictures lock clean

help:  ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/ -/'

$(READY): requirements.lock pyproject.toml
	@python=$$(.ci/preflight.sh) && \
	{ [ -x $(BIN)/python ] || "$$python" -m venv .venv; }
	$(BIN)/pip install --quiet --require-hashes --requirement requirements.lock
	$(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

demo: $(READY)  ## the whole way on a real trial and on a synthetic clinic, about two minutes
	$(BIN)/equipoise-lab demo

test: $(READY)  ## everything a change has to pass
	@$(MAKE) --jobs 2 --output-sync $(HELD)
	$(BIN)/pytest -m "not slow" --numprocesses 2 --dist loadfile --no-loadscope-reorder

test-slow: $(READY)  ## the longer simulations, the comparison with DoubleML, and properties on examples that are new each time
	$(BIN)/pip install --quiet --require-hashes --requirement requirements-bench.lock
	$(BIN)/pytest -m slow
	$(BIN)/pytest -m "hypothesis and not slow" --hypothesis-profile "new examples"

test-spark: $(READY)  ## records in Spark give the same rows; downloads 300 MB and needs Java 17
	$(BIN)/pip install --quiet --require-hashes --requirement requirements-spark.lock
	$(BIN)/pytest -m slow tests/experiments/test_spark.py

CLIENTS := .venv-clients
NODE_CLIENTS := tests/service/record_system/smart
$(CLIENTS)/.ready: requirements-clients.lock $(NODE_CLIENTS)/package-lock.json
	@python=$$(.ci/preflight.sh) && \
	{ [ -x $(CLIENTS)/bin/python ] || "$$python" -m venv $(CLIENTS); }
	$(CLIENTS)/bin/pip install --quiet --require-hashes --requirement requirements-clients.lock
	@mkdir -p $(CLIENTS)/node && cp $(NODE_CLIENTS)/package.json $(NODE_CLIENTS)/package-lock.json $(CLIENTS)/node
	npm ci --silent --no-audit --no-fund --prefix $(CLIENTS)/node || echo "without npm the launch is skipped"
	@touch $@

test-clients: $(READY) $(CLIENTS)/.ready  ## CDS Hooks clients and a FHIR server that are not ours; downloads 240 MB
	$(BIN)/pytest -m slow tests/service/record_system/cds_hooks/test_clients.py \
	    tests/experiments/bulk/test_export_at_a_server.py tests/service/record_system/smart/test_foreign_launch.py

bench: $(READY)  ## ours beside the peers, about ten minutes on two cores; written to build/benchmark
	$(BIN)/equipoise-lab benchmark worlds --quick --jobs 2 --worlds $(BENCH_WORLDS) --out build/benchmark
	$(BIN)/equipoise-lab benchmark contrasts --quick --jobs 2 --out build/benchmark
	$(BIN)/equipoise-lab benchmark cost --quick --out build/benchmark
	$(BIN)/equipoise-lab benchmark cohort --quick --out build/benchmark
	$(BIN)/equipoise-lab benchmark serve --quick --out build/benchmark
	$(BIN)/equipoise-lab benchmark evidence --quick --jobs 2 --out build/benchmark
	$(BIN)/equipoise-lab benchmark attack --quick --out build/benchmark

BUILD := build
sbom: $(BUILD)/requirements-service.cdx.json $(BUILD)/requirements.cdx.json  ## bills of materials of the locks (CycloneDX), in build

$(BUILD)/%.cdx.json: %.lock pyproject.toml $(READY)
	@mkdir -p $(BUILD)
	env -u SOURCE_DATE_EPOCH $(BIN)/cyclonedx-py requirements --output-reproducible --pyproject pyproject.toml \
	    --output-file $@ $<

HELD := lint types contracts secrets
check: $(READY)  ## ruff, mypy strict, import contracts, no secrets, the examples in README and docs
	@$(MAKE) --jobs 2 --output-sync $(HELD) docs

# A word that only looks like a secret is marked where it stands: `# pragma: allowlist nextline secret`.
secrets: $(READY)  ## no key or password in what is committed
	git ls-files -z -- ':!:*.lock' | xargs -0 $(BIN)/detect-secrets-hook --cores 2

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY)
	$(BIN)/mypy

contracts: $(READY)
	$(BIN)/lint-imports

docs: $(READY)
	$(BIN)/pytest --quiet tests/docs

assets: $(READY)  ## renew the pages' scripts from npm, by the versions of vendor.lock (needs npm)
	$(BIN)/python docs/scripts/renew_assets.py

pictures: demo  ## renew the pictures of docs/pages.md from the demo (needs Chromium)
	$(BIN)/python docs/scripts/page_pictures.py demo-output

lock:  ## renew the lock files (needs uv)
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	    --extra lab --extra postgres --extra traces --extra demo --extra dev pyproject.toml --output-file requirements.lock
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	    --extra lab --extra postgres --extra traces --extra demo --extra dev --extra bench --constraint requirements.lock \
	    pyproject.toml --output-file requirements-bench.lock
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	    --extra lab --extra postgres --extra traces --extra demo --extra dev --extra spark --constraint requirements.lock \
	    pyproject.toml --output-file requirements-spark.lock
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	    --extra postgres --extra traces --extra image --constraint requirements.lock pyproject.toml --output-file requirements-service.lock
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	    requirements-clients.in --output-file requirements-clients.lock

clean:  ## remove the environment and caches
	rm -rf .venv .venv-clients .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
