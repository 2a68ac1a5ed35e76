# Holdfast's build. `make help` lists the targets.
#
# .build/ holds everything that is made: the tools in .build/toolchain, the
# artefacts in .build/release and .build/dev (with -go for COMPILER=go).
# .build/current links to the newest build, for wrangler.toml.

COMPILER ?= tinygo
PORT     ?= 8787
VARS     ?=
FUZZTIME ?= 10s
RUNS     ?= 1000
SEED     ?=
BENCH    ?= .
ROUNDS   ?= 15
# What make deploy and make check pass on.
ARGS     ?=
# How many of a package's tests that mostly wait run at once, each with a Worker of its own.
PARALLEL ?= 4

# `make test` sets these once the tools, and then the build, are there, so its parts do not check again.
TOOLED ?=
READY  ?=

# dev is for the inner loop, release for everything that is measured or shipped.
# A MODE on the command line overrides both.
MODE ?= $(if $(filter dev,$(MAKECMDGOALS)),dev,release)

SHELL       := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

OUT  := .build/$(MODE)$(if $(filter go,$(COMPILER)),-go)
TOOL := $(CURDIR)/.build/toolchain/bin
export COMPILER MODE

# The tools' Node comes before the machine's, because wrangler needs Node 22.
export PATH := $(TOOL):$(CURDIR)/node_modules/.bin:$(PATH)
CHROMIUM ?= $(TOOL)/chromium
export CHROMIUM
# The engines that the tests of tabs run in. Unset: all that are there; all of them in CI.
ENGINES ?=
export ENGINES
export HOLDFAST_BUILD := $(CURDIR)/$(OUT)
# wrangler sends no metrics, and keeps its log here.
export WRANGLER_SEND_METRICS := false
export WRANGLER_LOG_PATH := $(CURDIR)/.build/wrangler.log

# COMPILER=go needs neither TinyGo nor LLVM.
PARTS := $(if $(filter tinygo,$(COMPILER)),tinygo) node
WASM  := GOOS=js GOARCH=wasm
# The packages that run natively: all but the tests that need the built Worker.
GO_PACKAGES = $$(go list ./wasm/native ./... | grep -v /e2e)
# Those that are in a module, and so run as WebAssembly too: neither the rules nor the test kit.
WASM_PACKAGES = $$(go list ./shared/... | grep -v -e /rules -e /sim/)
WASM_TEST := $(WASM) go test -exec "$$(go env GOROOT)/lib/wasm/go_js_wasm_exec"
# Tests of crowds, of long lives and of anything else that takes real time or load have this name,
# or are in files *.soak.mjs. make soak runs them and make test all others, those of apps in files *.apps.mjs, so no test is left out.
SOAK := ^TestSoak
# The time holds for a file as a whole too, so it is that of the longest, with all editors, on a loaded machine.
WEB_TEST := node --test --test-timeout=420000 --test-force-exit
# What makes goroutines wait: tabs that dial, redial, hand over, freeze, refresh, are refused and leave.
SUSPEND_TESTS := $(addprefix web/e2e/,handover.test.mjs leaving.test.mjs scope.test.mjs tokens.test.mjs messages.test.mjs engines/story.test.mjs)
# These install an app and build it, which keeps a machine busy: one at a time, after the others.
APPS_TEST := node --test --test-timeout=420000 --test-force-exit --test-concurrency=1

WEB_SOURCES  := $(shell find web -type f -not -path '*/node_modules*' -not -path 'web/e2e/*' 2>/dev/null)
EDGE_SOURCES := $(shell find edge -type f '(' -name '*.mjs' -o -name '*.js' -o -name '*.ts' -o -name '*.sql' -o -name '*.json' -o -name '*.yaml' ')' 2>/dev/null)

.PHONY: help tools tools-test build package release reproduce deploy check modules front http object page worker dev account rotate test test-go test-wasm test-edge test-web test-suspend test-apps \
	soak soak-edge soak-web soak-wasm imports size fmt lint fuzz sim cost bench clean

help: ## print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo
	@echo "  COMPILER=tinygo|go   MODE=dev|release   PORT=8787   VARS=\"NAME=value …\"   SEED= RUNS=   FUZZTIME=10s   BENCH=.   ROUNDS=15"

tools: ## install what the build needs, once: TinyGo, Node 22, the npm packages
	@$(if $(READY)$(TOOLED),,.toolchain/install.sh $(PARTS))

tools-test:
	@$(if $(READY),,.toolchain/install.sh $(PARTS) chromium firefox webkit)

build: tools ## the four WebAssembly modules, the web files and the Worker's bundle
ifeq ($(READY),)
	@$(MAKE) -j2 modules
	@$(MAKE) worker
	@echo "holdfast: built $(OUT) with $(COMPILER)"
endif

modules: front http object page
front http object page:
	@.toolchain/build.sh $@ $(OUT)

$(OUT)/web/.built: $(OUT)/holdfast.wasm $(OUT)/wasm_exec.js $(WEB_SOURCES) edge/admin/openapi.json edge/permissions/openapi.json package-lock.json
	@echo "holdfast: building the web files ($(MODE))"
	@rm -rf $(OUT)/web.new $(OUT)/demo.new $(OUT)/package.new
	@node web/build.mjs --mode $(MODE) --wasm $(OUT)/holdfast.wasm --exec $(OUT)/wasm_exec.js --out $(OUT)/web.new --demo $(OUT)/demo.new --package $(OUT)/package.new
	@touch $(OUT)/web.new/.built
	@echo '{"mode":"$(MODE)","compiler":"$(COMPILER)"}' > $(OUT)/build.json
	@rm -rf $(OUT)/demo && mv $(OUT)/demo.new $(OUT)/demo
	@rm -rf $(OUT)/package && mv $(OUT)/package.new $(OUT)/package
	@rm -rf $(OUT)/web && mv $(OUT)/web.new $(OUT)/web

# The bundle is what `wrangler deploy` would upload. We make it only to weigh and test
# it: deploying makes its own.
$(OUT)/worker/.built: $(OUT)/front.wasm $(OUT)/http.wasm $(OUT)/object.wasm $(OUT)/wasm_exec.js $(OUT)/web/.built $(EDGE_SOURCES) wrangler.toml package-lock.json
	@echo "holdfast: bundling the Worker ($(MODE))"
	@rm -rf $(OUT)/worker $(OUT)/worker.new
	@wrangler deploy --dry-run --outdir $(OUT)/worker.new >.build/bundle.log 2>&1 || { cat .build/bundle.log >&2; exit 1; }
	@touch $(OUT)/worker.new/.built
	@mv $(OUT)/worker.new $(OUT)/worker

# Both halves in the npm package's folder.
$(OUT)/package.built: $(OUT)/front.wasm $(OUT)/http.wasm $(OUT)/object.wasm $(OUT)/wasm_exec.js $(OUT)/web/.built $(EDGE_SOURCES) $(wildcard edge/*.md) shared/PROTOCOL.md .toolchain/parts.mjs go.mod
	@node edge/package.mjs --build $(OUT) --package $(OUT)/package
	@touch $@

worker: $(OUT)/web/.built
	@ln -sfn $(notdir $(OUT)) .build/current
	@$(MAKE) $(OUT)/worker/.built $(OUT)/package.built

package: build ## the npm package as npm would publish it: .build/release/holdfast-VERSION.tgz
	@rm -f $(OUT)/holdfast-*.tgz
	@npm pack ./$(OUT)/package --pack-destination $(OUT) --ignore-scripts --silent >/dev/null
	@echo "holdfast: packed $$(echo $(OUT)/holdfast-*.tgz)"

release: package ## what a release consists of, in .build/release/dist: packages, their parts (SBOM), checksums
	@node .toolchain/release.mjs $(OUT)

reproduce: release ## make the release again in another folder, and compare (minutes: it compiles everything)
	@.toolchain/reproduce.sh $(OUT)

dev: build ## build for development and serve at http://127.0.0.1:PORT/
	@node edge/dev.mjs --port $(PORT) $(VARS)

deploy: ## check everything, build for a deployment, and deploy: ARGS="--env staging", ARGS="--dry-run"
	@$(MAKE) MODE=release build
	@node edge/cli/holdfast.mjs deploy $(ARGS)

check: ## say what is missing or wrong before a deployment: ARGS="--env staging"
	@node edge/cli/holdfast.mjs check $(ARGS)

account: ## make an account where make dev runs, or at URL=: make account EMAIL=… [NAME=…] [WORKSPACE=… ROLE=…]
	@node edge/cli/holdfast.mjs account create "$${EMAIL:?write make account EMAIL=you@example.com}" \
		$${NAME:+--name "$$NAME"} $${URL:+--url "$$URL"} $${WORKSPACE:+--workspace "$$WORKSPACE"} $${ROLE:+--role "$$ROLE"}

rotate: ## make a new signing key for make dev; tokens of the old one stay valid
	@node edge/cli/holdfast.mjs secrets --rotate

test: tools-test ## everything: native, wasm, the Worker in workerd, the module in three engines, sizes
	@$(MAKE) TOOLED=1 build
	@$(MAKE) READY=1 lint
	@$(MAKE) READY=1 test-go
	@$(MAKE) READY=1 test-wasm
	@$(MAKE) READY=1 imports
	@$(MAKE) READY=1 COMPILER=go front object imports
	@$(MAKE) READY=1 test-edge
	@$(MAKE) READY=1 test-web
	@$(MAKE) READY=1 test-suspend
	@$(MAKE) READY=1 test-apps
	@$(MAKE) size
	@echo "holdfast: make test passed, every part of it"

test-go: ## Go tests on this machine
	@echo "holdfast: go vet and go test"
	@go vet ./...
	@go test $(GO_PACKAGES)

# In a page and in a Worker Go is 32-bit and has one thread: the same tests run so, too.
test-wasm: tools ## the shared packages' tests as WebAssembly
	@echo "holdfast: go test as WebAssembly"
	@$(WASM_TEST) -short $(WASM_PACKAGES)

test-edge: build ## the built Worker and its Durable Objects in workerd, and the native client against it
	@echo "holdfast: testing the Worker in workerd"
	@go test -count=1 -timeout 25m -p 2 -parallel $(PARALLEL) -skip '$(SOAK)' ./edge/e2e/... ./wasm/native/e2e

test-web: tools-test build ## the built module and page in Chromium, the tabs in Firefox and WebKit too: ENGINES="chromium firefox webkit"
	@echo "holdfast: testing the browser module in Chromium, Firefox and WebKit"
	@$(WEB_TEST) --test-concurrency=$(PARALLEL) 'web/e2e/**/*.test.{mjs,js,ts}'

# Of the browser module only what may wait is suspendable. The checked module traps if that is not so.
test-suspend: tools-test build ## tabs with a browser module that checks that only what is suspendable waits
ifeq ($(COMPILER),tinygo)
	@echo "holdfast: testing the browser module that checks what waits"
	@HOLDFAST_MODULE=$(CURDIR)/$(OUT)/holdfast.checked.wasm ENGINES=chromium $(WEB_TEST) --test-concurrency=$(PARALLEL) $(SUSPEND_TESTS)
endif

test-apps: tools-test build ## apps that npm create holdfast makes, written in by two people in Chromium
	@echo "holdfast: making apps with npm create holdfast, and writing in them"
	@$(APPS_TEST) 'web/e2e/*.apps.mjs'

soak: tools-test build ## the long tests: crowds, long lives, many kills, 10,000 seeds of the simulations
	@$(MAKE) READY=1 soak-edge
	@$(MAKE) READY=1 soak-web
	@$(MAKE) READY=1 soak-wasm
	@$(MAKE) sim RUNS=10000
	@echo "holdfast: make soak passed, every part of it"

soak-edge: build
	@echo "holdfast: the Worker in workerd, for long"
	@go test -count=1 -timeout 25m -p 1 -v -run '$(SOAK)' ./edge/e2e/... ./wasm/native/e2e

soak-wasm: tools
	@echo "holdfast: the simulation as WebAssembly"
	@$(WASM_TEST) -count=1 -timeout 25m -run Sim ./shared/sim -args -sim.runs=200

soak-web: tools-test build
	@echo "holdfast: the browser module in Chromium, for long"
	@$(WEB_TEST) --test-concurrency=1 'web/e2e/**/*.soak.{mjs,js,ts}'

imports: ## check what the modules without a scheduler import from their host
	@node .toolchain/imports.mjs $(OUT)/object.wasm call
	@node .toolchain/imports.mjs $(OUT)/front.wasm

# The modules of standard Go are several times as large, and have no budget.
size: ## compare the sizes of the build with their budgets
	@$(if $(filter go,$(COMPILER)),echo "holdfast: no size budgets for COMPILER=go",node .toolchain/size.mjs $(OUT))

fmt: ## format the Go code
	@gofmt -l -w $$(go list -f '{{.Dir}}' ./... | sort -u) .toolchain/overlay .toolchain/tinygo

lint: tools ## gofmt, go vet for both systems, the TypeScript compiler
	@echo "holdfast: lint"
	@wrong=$$(find . -name '*.go' -not -path './.build/*' -not -path '*/node_modules/*' -print0 | xargs -0 gofmt -l); \
		[ -z "$$wrong" ] || { echo "holdfast: not formatted (make fmt):" $$wrong >&2; exit 1; }
	@go vet ./...
	@# There addresses go to the host as numbers, which vet mistakes for an error.
	@$(WASM) go vet -unsafeptr=false ./...
	@tsc --noEmit --project web

fuzz: ## run every fuzz test for FUZZTIME
	@for package in $$(go list ./shared/... ./edge/...); do \
		for name in $$(go test -list '^Fuzz' $$package | grep '^Fuzz' || true); do \
			echo "holdfast: fuzzing $$package $$name for $(FUZZTIME)"; \
			go test -run '^$$' -fuzz "^$$name$$" -fuzztime $(FUZZTIME) $$package; \
		done; \
	done

sim: ## simulate the server, its devices and apps, the tabs and the native clients: RUNS seeds, or the one SEED
	@# A simulation makes much that lives for one event: collected a quarter as often, it takes two thirds of the time.
	@GOGC=400 go test -count=1 -timeout 0 -v -run Sim ./shared/sim ./shared/user ./shared/client ./shared/nativeclient -args $(if $(SEED),-sim.seed=$(SEED),-sim.runs=$(RUNS))

cost: build ## what scenarios cost, rows, alarms, wake-ups, beside their budgets (make test-edge fails beyond those)
	@go test -count=1 -v -run '^TestCost' ./edge/e2e | grep -v '^=== \|^ *---\|^{'

bench: tools-test build ## benchmarks: the pure packages, then the built Worker and its peers in turn, then tabs in three engines
	@go test -run '^$$' -bench '$(BENCH)' -benchmem ./shared/... ./edge/object
	@go test -count=1 -timeout 0 -run '^$$' -bench '$(BENCH)' -benchtime $(ROUNDS)x ./edge/e2e/...
	@echo "holdfast: tabs in Chromium, Firefox and WebKit"
	@node web/e2e/lifecycle.bench.mjs $(ROUNDS)

clean: ## remove what was built; the tools stay (rm -rf .build node_modules removes all)
	@for d in .build/*; do [ "$$d" = .build/toolchain ] || rm -rf "$$d"; done
	@rm -rf .wrangler
