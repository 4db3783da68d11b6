.PHONY: help setup demo test settings galera versions check bench wheel npm endurance fuzz kills fmt clean
.SILENT:

TARGET := $(or $(CARGO_TARGET_DIR),target)

help: ## this list
	awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## install what building, testing and checking need and this machine lacks
	scripts/setup.sh

demo: ## build the command and show what it does, on SQLite
	cargo build -p chatkeep-cli
	PATH="$(abspath $(TARGET))/debug:$$PATH" examples/demo.sh

test: ## every test on SQLite, PostgreSQL, MariaDB and MySQL, with servers of its own
	scripts/test.sh

galera: ## the contract on a Galera cluster of three nodes, and its fault cases at length
	scripts/galera.sh

settings: ## the contract under settings that servers may have (a minute each)
	scripts/test-settings.sh

versions: ## the contract on the oldest and the newest PostgreSQL and MariaDB
	scripts/test-versions.sh

check: ## formatting, lints, documentation, licences, dependencies, generated files
	scripts/check.sh

bench: ## chatkeep beside what one would use instead, on durable servers of its own (QUICK=1: minutes)
	scripts/bench.sh

endurance: ## what takes long: a million calls from Python and Node, 32 threads for a minute, a minute of each fuzz target, kills
	scripts/endurance.sh

fuzz: ## fuzz everything that reads data from outside, one target after the other (SECONDS=60 for each, TARGETS="url import")
	scripts/fuzz.sh --seconds $(or $(SECONDS),60) $(TARGETS)

kills: ## kill writers and servers while 16 writers log messages, on every engine (KILLS=1000 in all)
	scripts/kills.sh $(or $(KILLS),1000)

wheel: ## Python's wheel and source distribution, optimised and tested
	scripts/wheel.sh

npm: ## the npm packages, optimised and tested
	scripts/npm.sh

fmt: ## format the code
	cargo fmt --all
	cargo fmt --manifest-path bench/sqlx/Cargo.toml
	cargo fmt --manifest-path fuzz/Cargo.toml
	scripts/format-python.sh
	scripts/format-node.sh

clean: ## remove what was built; what `make setup` installed stays
	cargo clean --quiet
