//! The configuration as operators meet it: names, defaults, help, errors.

use std::path::Path;

use age::secrecy::ExposeSecret;
use clap::Parser;
use pg_replicate::ForeignKeys;
use shared_steps::Settings;
use shared_steps::config::{self, BackupMethod};

use crate::sample_env;

/// A public and a secret key of age.
fn keys() -> (String, String) {
    let secret = age::x25519::Identity::generate();
    (secret.to_public().to_string(), secret.to_string().expose_secret().to_owned())
}

#[derive(Parser)]
#[command(name = "worker", term_width = 100)]
struct Cli {}

fn settings(arguments: &[&str]) -> Result<Settings, String> {
    let all = std::iter::once("worker").chain(arguments.iter().copied());
    let (Cli {}, settings) = config::settings_from(all).unwrap();
    settings.map_err(|error| error.to_string())
}

#[test]
fn sample_env_is_made_from_the_variables() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../sample.env");
    let sample = sample_env::of(&config::command::<Cli>());
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&file, &sample).unwrap();
    }
    let found = std::fs::read_to_string(&file).unwrap();
    assert_eq!(found, sample, "sample.env is out of date: run this test with UPDATE=1");
}

#[test]
fn scalingo_json_sets_variables_that_there_are() {
    let file: serde_json::Value =
        serde_json::from_str(include_str!("../../../../scalingo.json")).unwrap();
    let command = config::command::<Cli>();
    for name in file["env"].as_object().unwrap().keys() {
        let is_named = |argument: &clap::Arg| argument.get_env().is_some_and(|env| env == &**name);
        assert!(command.get_arguments().any(is_named), "{name}");
    }
}

#[test]
fn help_explains_every_variable() {
    insta::assert_snapshot!(config::command::<Cli>().render_long_help());
}

#[test]
fn the_defaults_are_those_of_the_program_replaced() {
    let settings = settings(&[]).unwrap();
    assert_eq!(settings.schedule.cron, "10 5 * * *");
    assert_eq!(settings.schedule.time_zone, "Europe/Paris");
    assert_eq!(settings.retry.max_retry_count, 10);
    assert_eq!(settings.retry.exponential_retry_delay, 1000);
    assert_eq!(settings.copy.pg_restore_jobs, 4);
    assert_eq!(settings.copy.backup_method, BackupMethod::Live);
    assert_eq!(settings.copy.restore_fk_constraints, ForeignKeys::Validated);
    assert!((2..=8).contains(&settings.copy.copy_jobs));
    assert_eq!(settings.redis_url.to_string(), "redis://127.0.0.1:6379");
    assert!(settings.notifications.is_empty());
    assert!(settings.warnings.is_empty());
}

#[test]
fn an_empty_value_counts_as_none() {
    let settings = settings(&["--schedule=", "--backup-mode=", "--max-retry-count="]).unwrap();
    assert_eq!(settings.schedule.cron, "10 5 * * *");
    assert_eq!(settings.retry.max_retry_count, 10);
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
        "--backup-method=stream",
        "--copy-jobs=0",
        "--pg-restore-jobs=0",
        "--enrichment-file=/nowhere.sql",
        "--schema-changes=drop",
        "--masking=some",
        "--protected-hosts=*",
        "--after-restore-timeout=soon",
        "--target-lock-timeout=0 minutes",
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
        "MASKING",
        "PROTECTED_HOSTS",
        "AFTER_RESTORE_TIMEOUT",
        "TARGET_LOCK_TIMEOUT",
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
fn a_nickname_is_no_schedule_and_nothing_protects_nothing() {
    let error = settings(&["--schedule=@daily", "--protected-hosts=,,"]).unwrap_err();
    assert!(
        error.contains("invalid cron expression \"@daily\"") && error.contains("five fields"),
        "{error}"
    );
    assert!(error.contains("  PROTECTED_HOSTS: names nothing to protect: "), "{error}");
    let error = settings(&["--schedule=postgres://me:s3cret@host/db"]).unwrap_err();
    assert!(!error.contains("s3cret"), "{error}");
}

#[test]
fn what_is_protected_or_read_is_no_target() {
    let refused = |arguments: &[&str]| settings(arguments).unwrap_err();
    let production = "postgres://me:s3cret@db.example.com/app";
    let guard = "--protected-hosts=*.other.net, *.example.com";
    for (option, variable) in [
        ("database-url", "DATABASE_URL"),
        ("target-database-url", "TARGET_DATABASE_URL"),
        ("db-schema-exporter-database-target", "DB_SCHEMA_EXPORTER_DATABASE_TARGET"),
    ] {
        let error = refused(&[guard, &format!("--{option}={production}")]);
        let line = format!(
            "  {variable}: postgresql://me:***@db.example.com:5432/app is protected by PROTECTED_HOSTS (\"*.example.com\")"
        );
        assert!(error.contains(&line), "{line} in:\n{error}");
        assert!(!error.contains("s3cret"), "{error}");
        let source = format!("--source-database-url={production}");
        let error = refused(&[&source, &format!("--{option}={production}")]);
        let line = format!(
            "  {variable}: postgresql://me:***@db.example.com:5432/app is the database of SOURCE_DATABASE_URL"
        );
        assert!(error.contains(&line), "{line} in:\n{error}");
    }
    let source = format!("--source-database-url={production}");
    assert!(settings(&[guard, &source]).is_ok(), "it may be read");
}

#[test]
fn a_command_and_its_url_are_not_shown() {
    let settings = settings(&[
        "--after-restore-command=TOKEN=hunter2 rake db:migrate",
        "--after-restore-timeout=30 minutes",
        "--database-url=postgresql://me:hunter2@host/db",
    ])
    .unwrap();
    assert_eq!(settings.after_restore.as_ref().unwrap().limit.unwrap().as_secs(), 1_800);
    let shown = format!("{settings:?}");
    assert!(!shown.contains("hunter2"), "{shown}");
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
fn foreign_keys_need_not_be_checked_again() {
    let settings = settings(&["--restore-fk-constraints=not-valid"]).unwrap();
    assert_eq!(settings.copy.restore_fk_constraints, ForeignKeys::NotValid);
    assert!(settings.warnings.is_empty());
}

#[test]
fn there_need_be_no_enrichment() {
    assert_eq!(settings(&["--enrichment-file=none"]).unwrap().copy.enrichment_file, "");
    let default = settings(&[]).unwrap().copy.enrichment_file;
    assert!(default.contains("CREATE INDEX"), "{default}");
}

#[test]
fn anything_but_true_leaves_foreign_keys_out_and_says_so() {
    let settings = settings(&["--restore-fk-constraints=TRUE"]).unwrap();
    assert_eq!(settings.copy.restore_fk_constraints, ForeignKeys::Without);
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

#[test]
fn everything_that_the_chosen_source_lacks_is_reported() {
    let lacks = |source: &str| settings(&[&format!("--backup-source={source}")]).unwrap_err();
    for (source, variables) in [
        ("file", vec!["BACKUP_FILE"]),
        ("s3", vec!["BACKUP_URL"]),
        ("scalingo", vec!["SCALINGO_APP", "SCALINGO_API_TOKEN"]),
        ("heroku", vec!["HEROKU_APP", "HEROKU_API_KEY"]),
    ] {
        let error = lacks(source);
        for variable in &variables {
            let line = format!("  {variable}: required because BACKUP_SOURCE={source} is set\n");
            assert!(error.contains(&line), "{variable} in:\n{error}");
        }
        let count = if variables.len() == 1 { "1 wrong value " } else { "2 wrong values " };
        assert!(error.starts_with(count), "{error}");
    }
    let error = settings(&[
        "--backup-source=heroku",
        "--backup-max-age=soon",
        "--backup-create=true",
        "--heroku-data-url=ftp://user:s3cret@host",
        "--heroku-app=shop",
    ])
    .unwrap_err();
    for variable in ["BACKUP_MAX_AGE", "BACKUP_CREATE", "HEROKU_API_KEY", "HEROKU_DATA_URL"] {
        assert!(error.contains(&format!("  {variable}: ")), "{variable} in:\n{error}");
    }
    assert!(!error.contains("s3cret"), "{error}");
    assert!(lacks("tape").contains("  BACKUP_SOURCE: must be \"live\" or \"file\""));
    let error = settings(&["--backup-source=s3", "--backup-url=tape://one"]).unwrap_err();
    assert!(error.contains("  BACKUP_URL: tape://one: must be an object store"), "{error}");
}

#[test]
fn a_source_has_its_own_default_of_the_oldest_backup() {
    use backup_sources::MaxAge;
    let max_age = |arguments: &[&str]| {
        let fetcher = settings(arguments).unwrap().backup_source.unwrap();
        (fetcher.source.place(), fetcher.max_age)
    };
    let scalingo = ["--backup-source=scalingo", "--scalingo-app=a", "--scalingo-api-token=hunter2"];
    assert_eq!(max_age(&scalingo), ("Scalingo's application a".into(), MaxAge::Today));
    let file = ["--backup-source=file", "--backup-file=/x.dump"];
    assert_eq!(max_age(&file), ("the file /x.dump".into(), MaxAge::Any));
    let day = std::time::Duration::from_secs(86_400);
    let heroku = [
        "--backup-source=heroku",
        "--heroku-app=a",
        "--heroku-api-key=hunter2",
        "--backup-max-age=24 hours",
    ];
    assert_eq!(max_age(&heroku), ("Heroku's application a".into(), MaxAge::Within(day)));
    for arguments in [&scalingo[..], &heroku] {
        let shown = format!("{:?}", settings(arguments).unwrap());
        assert!(!shown.contains("hunter2"), "{shown}");
    }
    assert!(settings(&[]).unwrap().backup_source.is_none());
}

#[test]
fn a_verification_that_cannot_be_is_told_at_start() {
    let settings =
        settings(&["--verify=counts", "--backup-source=file", "--backup-file=/tmp/night.dump"])
            .unwrap();
    assert!(settings.warnings[0].starts_with("VERIFY has no effect"), "{:?}", settings.warnings);
}

#[test]
fn snapshots_are_off_without_a_schedule_and_a_store() {
    let snapshots = settings(&[]).unwrap().snapshots;
    assert!(snapshots.schedule.is_none() && snapshots.taken.is_none());
    assert!(snapshots.max_age.is_none() && snapshots.identities.is_empty());
    let by_hand = settings(&["--snapshot-store", "file:///backups"]).unwrap().snapshots;
    assert!(by_hand.schedule.is_none());
    let taken = by_hand.taken.unwrap();
    assert_eq!(taken.keep.to_string(), "last=10,daily=7,weekly=4,monthly=12");
    assert_eq!(taken.format, snapshots::DumpFormat::Custom);
    assert_eq!(taken.compression, snapshots::Compression::Zstd);
}

#[test]
fn what_snapshots_are_told() {
    let ((public, secret), directory) = (keys(), tempfile::tempdir().unwrap());
    let file = directory.path().join("keys.txt");
    std::fs::write(&file, format!("# created: today\n# public key: {public}\n{secret}\n")).unwrap();
    let settings = settings(&[
        "--snapshot-schedule",
        "*/5 * * * *",
        "--snapshot-store",
        "s3://bucket/snapshots",
        "--snapshot-keep",
        "last=3",
        "--snapshot-max-age",
        "90 minutes",
        "--snapshot-tables",
        "users, log_{old,new} stats.*",
        "--snapshot-ignore-tables",
        "*_sessions",
        "--fixtures",
        "auth_user,checkouts_*",
        "--snapshot-format",
        "plain",
        "--snapshot-compression",
        " gzip ",
        "--snapshot-recipient",
        &public,
        "--snapshot-identity-file",
        file.to_str().unwrap(),
    ])
    .unwrap();
    let debug = format!("{settings:?}");
    assert!(!debug.contains(&secret), "{debug}");
    let snapshots = settings.snapshots;
    assert_eq!(snapshots.schedule.unwrap().cron, "*/5 * * * *");
    assert_eq!(snapshots.max_age.unwrap().as_secs(), 5_400);
    assert_eq!(snapshots.identities.len(), 1);
    let taken = snapshots.taken.unwrap();
    assert_eq!(shown(&taken.tables.only), ["users", "log_{old,new}", "stats.*"]);
    assert_eq!(shown(&taken.tables.ignore), ["*_sessions"]);
    assert_eq!(shown(&taken.fixtures), ["auth_user", "checkouts_*"]);
    assert_eq!(taken.format, snapshots::DumpFormat::Plain);
    assert_eq!(taken.compression, snapshots::Compression::Gzip);
    assert_eq!(taken.recipients.len(), 1);
}

#[test]
fn all_that_is_wrong_with_snapshots_is_reported() {
    let ((_, secret), directory) = (keys(), tempfile::tempdir().unwrap());
    let file = directory.path().join("keys.txt");
    std::fs::write(&file, "AGE-SECRET-KEY-1WRONG").unwrap();
    let error = settings(&[
        "--snapshot-schedule",
        "every day",
        "--snapshot-keep",
        "yearly=1",
        "--snapshot-max-age",
        "0 minutes",
        "--snapshot-tables",
        "a[",
        "--snapshot-ignore-tables",
        ".x",
        "--snapshot-fixtures",
        "a{b",
        "--snapshot-format",
        "tar",
        "--snapshot-compression",
        "xz",
        "--snapshot-recipient",
        &secret,
        "--snapshot-identity-file",
        file.to_str().unwrap(),
    ])
    .unwrap_err();
    for variable in [
        "SNAPSHOT_SCHEDULE:",
        "SNAPSHOT_STORE: required because SNAPSHOT_SCHEDULE is set",
        "SNAPSHOT_KEEP: \"yearly=1\"",
        "SNAPSHOT_MAX_AGE: must be a time",
        "SNAPSHOT_TABLES: \"a[\" names no tables",
        "SNAPSHOT_IGNORE_TABLES: \".x\"",
        "SNAPSHOT_FIXTURES: \"a{b\"",
        "SNAPSHOT_FORMAT: must be \"custom\" or \"plain\"\n    found: tar",
        "SNAPSHOT_COMPRESSION: must be \"zstd\" or \"gzip\"\n    found: xz",
        "SNAPSHOT_RECIPIENT: it is a secret key",
        "SNAPSHOT_IDENTITY_FILE: must have a line with a secret key",
    ] {
        assert!(error.contains(variable), "{variable} in:\n{error}");
    }
    assert!(!error.contains(&secret) && !error.contains("1WRONG"), "{error}");

    let error = settings(&["--snapshot-store", "ftp://user:s3cret@host/x"]).unwrap_err();
    assert!(error.contains("SNAPSHOT_STORE:") && error.contains("s3://bucket"), "{error}");
    assert!(!error.contains("s3cret"), "{error}");
    let missing = settings(&["--snapshot-identity-file", "/nowhere/key"]).unwrap_err();
    assert!(missing.contains("/nowhere/key"), "{missing}");
    let recipient = settings(&["--snapshot-recipient", "age1wrong"]).unwrap_err();
    assert!(recipient.contains("must be a public key of age"), "{recipient}");
}

fn shown<T: ToString>(patterns: &[T]) -> Vec<String> {
    patterns.iter().map(ToString::to_string).collect()
}

/// The configuration of the oldest generation: Scalingo's backup is what is restored.
#[test]
fn scalingo_alone_is_a_backup_source() {
    let scalingo = ["--scalingo-app=pix-api", "--scalingo-api-token=tk-us-1"];
    let alone = settings(&scalingo).unwrap();
    assert!(alone.backup_source.is_some());
    assert!(alone.warnings.iter().any(|one| one.contains("as with BACKUP_SOURCE=scalingo")));

    let source = "--source-database-url=postgresql://a@db.example.com/app";
    let with_source = settings(&[scalingo[0], scalingo[1], source]).unwrap();
    assert!(with_source.backup_source.is_none());
    assert!(with_source.warnings.iter().any(|one| one.contains("set BACKUP_SOURCE=scalingo")));

    let meant = settings(&[scalingo[0], scalingo[1], "--backup-source=live"]).unwrap();
    assert!(meant.backup_source.is_none() && meant.warnings.is_empty(), "{:?}", meant.warnings);
}

#[test]
fn notifications_may_be_addresses_alone() {
    let list = r#"--notification-urls=["https://example.net/hook"]"#;
    let entries = settings(&[list]).unwrap().notifications;
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0].url.to_string(), "https://example.net/hook");
    let error = settings(&[r#"--notification-urls=["ftp://u:s3cret@h"]"#]).unwrap_err();
    assert!(error.contains("NOTIFICATION_URLS") && !error.contains("s3cret"), "{error}");
}

#[test]
fn a_level_that_there_is_not_is_refused() {
    for level in ["warning", "verbose", "notice"] {
        let error = settings(&[&format!("--log-level={level}")]).unwrap_err();
        assert!(error.contains(&format!("found: {level}")), "{error}");
    }
    assert_eq!(settings(&["--log-level=20"]).unwrap().telemetry.filter, "debug");
}

#[test]
fn values_are_hidden_where_rows_are_masked() {
    let rules = r#"--backup-mode={"users":{"columns":{"email":"'x'"}}}"#;
    assert!(!settings(&[]).unwrap().hides_values);
    assert!(settings(&[rules]).unwrap().hides_values);
    assert!(settings(&["--error-values=hide"]).unwrap().hides_values);
    assert!(!settings(&[rules, "--error-values=show"]).unwrap().hides_values);
}

#[test]
fn snapshots_are_not_kept_in_a_protected_place() {
    let directory = tempfile::tempdir().unwrap();
    let store = format!("--snapshot-store=file://{}", directory.path().display());
    let protected = format!("--protected-hosts={}", directory.path().display());
    settings(&[&store]).unwrap();
    let error = settings(&[&store, &protected]).unwrap_err();
    assert!(error.contains("  SNAPSHOT_STORE: ") && error.contains("is protected"), "{error}");
}

#[test]
fn the_authorities_of_redis_are_read_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("authority.pem");
    let path = file.to_str().unwrap();
    let read = || settings(&["--redis-tls-ca-file", path]);
    let certificate = include_str!("../../../pg-replicate/tests/tls/authority.crt");
    let missing = read().unwrap_err();
    assert!(missing.contains("REDIS_TLS_CA_FILE: it cannot be read: No such file"), "{missing}");
    assert!(missing.contains(&format!("found: {path}")), "{missing}");
    let cut = certificate.lines().take(4).collect::<Vec<_>>().join("\n");
    let damaged = "-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n";
    for (text, reason) in [
        ("", "it holds no certificate in PEM format (-----BEGIN CERTIFICATE-----)"),
        ("not PEM", "it holds no certificate in PEM format"),
        (include_str!("../../../pg-replicate/tests/tls/server.key"), "it holds no certificate"),
        (&cut, "it holds a certificate that cannot be read: "),
        (damaged, "it holds a certificate that cannot be read: "),
    ] {
        std::fs::write(&file, text).unwrap();
        let error = read().unwrap_err();
        assert!(error.contains(&format!("REDIS_TLS_CA_FILE: {reason}")), "{text}: {error}");
    }
    std::fs::write(&file, certificate).unwrap();
    read().unwrap();
}
