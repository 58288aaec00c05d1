# The stages of CI as separate recipes. `just` lists them.

default:
    @just --list

# Install missing packages
setup:
    ./scripts/setup

# Check formatting
fmt:
    cargo fmt --all --check

# Run lints
clippy:
    cargo clippy --workspace --all-targets -- -D warnings

# Check licences, banned crates and sources (advisories need the network)
deny:
    cargo deny check licenses bans sources

# Find unused dependencies
machete:
    cargo machete

# Run everything that CI runs; arguments filter the tests
test *filter:
    ./scripts/test {{ filter }}

# Run the demo on private servers
demo *arguments:
    ./scripts/demo {{ arguments }}
