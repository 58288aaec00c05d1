//! Test that docs/queue-cli.md describes exactly the command line.

use std::collections::BTreeSet;

use clap::{CommandFactory, Parser};

use crate::cli::Cli;
use crate::repl::line::Line;

const MANUAL: &str = include_str!("../../../docs/queue-cli.md");

/// Lines of the manual's code blocks.
fn examples() -> impl Iterator<Item = &'static str> {
    let blocks = MANUAL.split("```").skip(1).step_by(2);
    blocks.flat_map(str::lines).map(str::trim)
}

fn names(command: &clap::Command) -> BTreeSet<String> {
    let names = command.get_subcommands().map(|command| command.get_name().to_owned());
    names.filter(|name| name != "help").collect()
}

#[test]
fn the_command_line_is_sound() {
    Cli::command().debug_assert();
    Line::command().debug_assert();
}

#[test]
fn the_manual_has_every_command_with_an_example() {
    let mut wanted = names(&Cli::command());
    wanted.extend(names(&Line::command()));
    let titles: BTreeSet<String> = MANUAL
        .lines()
        .filter_map(|line| line.strip_prefix("### "))
        .flat_map(|title| title.split('`').skip(1).step_by(2))
        .map(str::to_owned)
        .collect();
    assert_eq!(titles, wanted);
    let shown: BTreeSet<String> = examples()
        .filter_map(|line| {
            let line = line.strip_prefix("queue-cli ").or(line.split_once("> ").map(|it| it.1));
            line?.split_whitespace().next().map(str::to_owned)
        })
        .collect();
    let missing: Vec<_> = wanted.difference(&shown).collect();
    assert!(missing.is_empty(), "no example of {missing:?}");
}

#[test]
fn every_example_of_the_manual_parses() {
    for line in examples() {
        if line.starts_with("queue-cli ") {
            let command = line.split(" > ").next().unwrap();
            let words = shlex::split(command).unwrap();
            Cli::try_parse_from(words).unwrap_or_else(|error| panic!("{line}: {error}"));
        } else if let Some((_, line)) = line.split_once("> ") {
            Line::parse_words(line).unwrap_or_else(|error| panic!("{line}: {error}"));
        }
    }
}

#[test]
fn every_command_of_bull_repl_is_there() {
    let mut ours = names(&Cli::command());
    ours.extend(names(&Line::command()));
    for name in [
        "connect",
        "stats",
        "active",
        "waiting",
        "completed",
        "failed",
        "delayed",
        "get",
        "add",
        "rm",
        "retry",
        "retry-failed",
        "promote",
        "fail",
        "complete",
        "clean",
        "pause",
        "resume",
        "logs",
        "log",
        "events-on",
        "events-off",
    ] {
        assert!(ours.contains(name), "{name}");
    }
}
