.PHONY: help setup demo test settings galera versions frameworks check docs bench wheel npm endurance fuzz kills generate fmt clean
.SILENT:

TARGET := $(or $(CARGO_TARGET_DIR),target)
XTASK := scripts/xtask.sh

help: ## show this list
	awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## install missing dependencies for building, testing and checking
	$(XTASK) setup

demo: ## build the command and demonstrate it on SQLite
	cargo build -p chatkeep-cli
	PATH="$(abspath $(TARGET))/debug:$$PATH" examples/demo.sh

test: ## run every test on SQLite, PostgreSQL, MariaDB and MySQL, with private servers
	$(XTASK) test

galera: ## run the contract suite and the fault tests on Galera clusters of three nodes
	$(XTASK) galera

settings: ## run the contract suite under unusual server settings (minutes each)
	$(XTASK) settings

versions: ## run the contract suite on the oldest and newest PostgreSQL and MariaDB
	$(XTASK) versions

frameworks: ## run the tests of agent frameworks with the Python and Node packages, on every engine (NAMES="conformance")
	$(XTASK) frameworks $(if $(ONLY),--only $(ONLY)) $(NAMES)

check: ## formatting, lints, wording, spelling, rustdoc, licences, dependencies, generated files
	$(XTASK) check

docs: ## build the guides and the language references in target/site, and check their links
	$(XTASK) docs

bench: ## run the benchmark against the alternatives, on durable private servers (QUICK=1: minutes)
	$(XTASK) bench

endurance: ## run long tests: a million calls from Python and Node, threads, kills, fuzz targets
	$(XTASK) endurance

fuzz: ## run the fuzz targets (SECONDS=60 for each, TARGETS="url import")
	$(XTASK) fuzz --seconds $(or $(SECONDS),60) $(TARGETS)

kills: ## kill programs and servers while they write, on every engine (KILLS=1000 in total)
	$(XTASK) kills $(or $(KILLS),1000)

wheel: ## build and test the optimised Python wheel and source distribution
	$(XTASK) wheel

npm: ## build and test the optimised npm packages
	$(XTASK) npm

generate: ## write api/chatkeep.json, and the generated code and pages
	$(XTASK) generated --write

fmt: ## format the code
	$(XTASK) format

clean: ## remove build output; tools installed by `make setup` stay
	cargo clean --quiet
