# What CI runs, one by one. `just` lists the recipes.

default:
    @just --list

# What is missing on this machine
setup:
    ./scripts/setup

# Formatting
fmt:
    cargo fmt --all --check

# Lints
clippy:
    cargo clippy --workspace --all-targets -- -D warnings

# Licences, banned crates, sources (advisories need the network)
deny:
    cargo deny check licenses bans sources

# Dependencies that nothing uses
machete:
    cargo machete

# Everything CI runs; a filter of nextest may follow
test *filter:
    ./scripts/test {{ filter }}

# A night on private servers, start to end
demo *arguments:
    ./scripts/demo {{ arguments }}
