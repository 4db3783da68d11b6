.PHONY: help setup demo test check bench wheel npm endurance fmt clean
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

check: ## formatting, lints, documentation, licences, dependencies, generated files
	scripts/check.sh

bench: ## chatkeep beside what one would use instead, on durable servers of its own (QUICK=1: minutes)
	scripts/bench.sh

endurance: ## Python, optimised: a million calls, and 32 threads for a minute, on every engine (some minutes each)
	scripts/endurance.sh

wheel: ## Python's wheel and source distribution, optimised and tested
	scripts/wheel.sh

npm: ## the npm packages, optimised and tested
	scripts/npm.sh

fmt: ## format the code
	cargo fmt --all
	cargo fmt --manifest-path bench/sqlx/Cargo.toml
	scripts/format-python.sh
	scripts/format-node.sh

clean: ## remove what was built; what `make setup` installed stays
	cargo clean --quiet
