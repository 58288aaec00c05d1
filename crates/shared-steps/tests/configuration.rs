//! The configuration as operators meet it: names, defaults, help, errors.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test may panic")]

use std::collections::BTreeMap;

use clap::{CommandFactory, Parser};
use shared_steps::Settings;
use shared_steps::config::Options;

#[derive(Parser)]
#[command(name = "worker", term_width = 100)]
struct Cli {
    #[command(flatten)]
    options: Options,
}

fn settings(arguments: &[&str]) -> Result<Settings, String> {
    let all = std::iter::once("worker").chain(arguments.iter().copied());
    Settings::try_from(&Cli::try_parse_from(all).unwrap().options)
        .map_err(|error| error.to_string())
}

/// Name and default of every variable, from the code.
fn variables() -> BTreeMap<String, String> {
    Cli::command()
        .get_arguments()
        .filter_map(|argument| {
            let name = argument.get_env()?.to_str()?.to_owned();
            let default = argument.get_default_values().first()?.to_str()?.to_owned();
            Some((name, default))
        })
        .collect()
}

#[test]
fn sample_env_has_every_variable_and_its_default() {
    let sample = include_str!("../../../sample.env");
    let mut found = BTreeMap::new();
    let mut default = String::new();
    for line in sample.lines() {
        if let Some(text) = line.strip_prefix("# default: ") {
            default = text.to_owned();
        } else if let Some((name, _)) = line.trim_start_matches("# ").split_once('=')
            && !name.is_empty()
            && name.chars().all(|c| c.is_ascii_uppercase() || c == '_')
        {
            found.insert(name.to_owned(), default.clone());
        }
    }
    let wanted = variables();
    let names = |map: &BTreeMap<String, String>| map.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&found), names(&wanted));
    for (name, default) in &wanted {
        if !default.is_empty() && name != "MAX_TIMEOUT" {
            assert_eq!(&found[name], default, "the default of {name} in sample.env");
        }
    }
}

#[test]
fn help_explains_every_variable() {
    insta::assert_snapshot!(Cli::command().render_long_help());
}

#[test]
fn the_defaults_are_those_of_the_program_replaced() {
    let settings = settings(&[]).unwrap();
    assert_eq!(settings.schedule.cron, "10 5 * * *");
    assert_eq!(settings.schedule.time_zone, "Europe/Paris");
    assert_eq!(settings.retry.attempts, 10);
    assert_eq!(settings.retry.delay_ms, 1000);
    assert_eq!(settings.restore_jobs, 4);
    assert!(settings.foreign_keys);
    assert_eq!(settings.redis_url.to_string(), "redis://127.0.0.1:6379");
    assert!(settings.notifications.is_empty());
    assert!(settings.warnings.is_empty());
}

#[test]
fn an_empty_value_counts_as_none() {
    let settings = settings(&["--schedule=", "--backup-mode=", "--max-retry-count="]).unwrap();
    assert_eq!(settings.schedule.cron, "10 5 * * *");
    assert_eq!(settings.retry.attempts, 10);
}

#[test]
fn everything_wrong_is_reported_at_once() {
    let error = settings(&[
        "--redis-url=http://localhost",
        "--schedule=5 25 * * *",
        "--max-retry-count=ten",
        "--interrupted-jobs=maybe",
        "--source-database-url=mysql://me:s3cret@host/db",
        r#"--backup-mode={"answers":"sometimes"}"#,
        "--pg-restore-jobs=0",
        "--enrichment-file=/nowhere.sql",
        "--schema-changes=drop",
        "--incremental-jobs=0",
        "--incremental-copy-format=csv",
        "--lcms-api-url=ftp://content",
        r#"--notifications=[{"uri":"https://x"}]"#,
        "--sentry-enabled=true",
        "--log-level=[",
        "--backup-directory=/nowhere",
        "--max-timeout=soon",
    ])
    .unwrap_err();
    for variable in [
        "REDIS_URL",
        "SCHEDULE",
        "MAX_RETRY_COUNT",
        "INTERRUPTED_JOBS",
        "SOURCE_DATABASE_URL",
        "BACKUP_MODE",
        "PG_RESTORE_JOBS",
        "ENRICHMENT_FILE",
        "SCHEMA_CHANGES",
        "INCREMENTAL_JOBS",
        "INCREMENTAL_COPY_FORMAT",
        "LCMS_API_URL",
        "NOTIFICATIONS",
        "SENTRY_DSN",
        "LOG_LEVEL",
        "BACKUP_DIRECTORY",
        "MAX_TIMEOUT",
    ] {
        assert!(error.contains(&format!("  {variable}: ")), "{variable} in:\n{error}");
    }
    assert!(!error.contains("s3cret"), "{error}");
    insta::assert_snapshot!(error);
}

#[test]
fn both_names_of_the_notifications_count() {
    let list = r#"[{"url":"https://example.net/hook"}]"#;
    let one = settings(&[&format!("--notifications={list}")]).unwrap();
    let other = settings(&[&format!("--notification-urls={list}")]).unwrap();
    assert_eq!((one.notifications.len(), other.notifications.len()), (1, 1));
    let both = settings(&[
        &format!("--notifications={list}"),
        r#"--notification-urls=[{"url":"https://example.net/other"}]"#,
    ])
    .unwrap_err();
    assert!(both.contains("set one of the two"), "{both}");
}

#[test]
fn anything_but_true_leaves_foreign_keys_out_and_says_so() {
    let settings = settings(&["--restore-fk-constraints=TRUE"]).unwrap();
    assert!(!settings.foreign_keys);
    assert!(settings.warnings[0].contains("RESTORE_FK_CONSTRAINTS"), "{:?}", settings.warnings);
}

#[test]
fn passwords_are_not_shown() {
    let settings = settings(&[
        "--redis-url=rediss://:hunter2@redis.example.net:6380",
        "--database-url=postgresql://me:hunter2@host/db",
        "--lcms-api-key=hunter2",
        r#"--notifications=[{"url":"https://example.net/hook","token":"hunter2"}]"#,
    ])
    .unwrap();
    let shown = format!("{settings:?}");
    assert!(!shown.contains("hunter2"), "{shown}");
}
