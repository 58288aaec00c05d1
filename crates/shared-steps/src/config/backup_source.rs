//! `BACKUP_SOURCE`: where the backup comes from that a night restores.

use std::sync::Arc;

use backup_sources::{
    BackupSource, Error, Fetcher, FileSource, HerokuSource, Limits, MaxAge, ObjectStorageSource,
    ScalingoHosts, ScalingoSource,
};
use clap::Args;
use url::Url;

use super::reader::{Reader, or_default};
use crate::http::Secret;

const AUTH_URL: &str = "https://auth.scalingo.com";
const REGION: &str = "osc-fr1";
const HEROKU_URL: &str = "https://api.data.heroku.com";

/// The variables.
#[derive(Args, Debug, Clone)]
pub(super) struct BackupSourceOptions {
    /// What a run restores: a copy of the source database itself (`live`, the default), or a backup that is downloaded (docs/backup-sources.md). With SCALINGO_APP and SCALINGO_API_TOKEN and without SOURCE_DATABASE_URL, the default is `scalingo`
    #[arg(
        long,
        env = "BACKUP_SOURCE",
        default_value = "",
        hide_env_values = true,
        value_name = "live|file|scalingo|heroku|s3",
        help_heading = "Backup source"
    )]
    backup_source: String,

    /// The backup of BACKUP_SOURCE=file
    #[arg(
        long,
        env = "BACKUP_FILE",
        default_value = "",
        hide_env_values = true,
        value_name = "FILE",
        help_heading = "Backup source"
    )]
    backup_file: String,

    /// The backup of BACKUP_SOURCE=s3, or a prefix whose newest object it is: s3://, az://, gs:// or file:///; credentials in AWS_…, AZURE_…, GOOGLE_…
    #[arg(
        long,
        env = "BACKUP_URL",
        default_value = "",
        hide_env_values = true,
        value_name = "URL",
        help_heading = "Backup source"
    )]
    backup_url: String,

    /// Maximum age of a backup: `today`, `any`, or a duration such as `24 hours`; by default `today` with Scalingo, else `any`
    #[arg(
        long,
        env = "BACKUP_MAX_AGE",
        default_value = "",
        hide_env_values = true,
        value_name = "today|any|TIME",
        help_heading = "Backup source"
    )]
    backup_max_age: String,

    /// `true` starts a backup on Scalingo and waits for it if none is recent enough
    #[arg(
        long,
        env = "BACKUP_CREATE",
        default_value = "false",
        hide_env_values = true,
        value_name = "true|false",
        help_heading = "Backup source"
    )]
    backup_create: String,

    /// The application whose PostgreSQL add-on is backed up
    #[arg(
        long,
        env = "SCALINGO_APP",
        default_value = "",
        hide_env_values = true,
        value_name = "NAME",
        help_heading = "Backup source"
    )]
    scalingo_app: String,

    /// API token of a collaborator of that application
    #[arg(
        long,
        env = "SCALINGO_API_TOKEN",
        default_value = "",
        hide_env_values = true,
        value_name = "TOKEN",
        help_heading = "Backup source"
    )]
    scalingo_api_token: String,

    /// The region it runs in
    #[arg(
        long,
        env = "SCALINGO_REGION",
        default_value = REGION,
        hide_env_values = true,
        value_name = "REGION",
        help_heading = "Backup source"
    )]
    scalingo_region: String,

    /// Scalingo's authentication
    #[arg(
        long,
        env = "SCALINGO_AUTH_URL",
        default_value = AUTH_URL,
        hide_env_values = true,
        value_name = "URL",
        help_heading = "Backup source"
    )]
    scalingo_auth_url: String,

    /// Scalingo's API; by default that of the region
    #[arg(
        long,
        env = "SCALINGO_API_URL",
        default_value = "",
        hide_env_values = true,
        value_name = "URL",
        help_heading = "Backup source"
    )]
    scalingo_api_url: String,

    /// Scalingo's database API; by default that of the region
    #[arg(
        long,
        env = "SCALINGO_DB_API_URL",
        default_value = "",
        hide_env_values = true,
        value_name = "URL",
        help_heading = "Backup source"
    )]
    scalingo_db_api_url: String,

    /// The application whose database is backed up
    #[arg(
        long,
        env = "HEROKU_APP",
        default_value = "",
        hide_env_values = true,
        value_name = "NAME",
        help_heading = "Backup source"
    )]
    heroku_app: String,

    /// API key of an account that may see its backups
    #[arg(
        long,
        env = "HEROKU_API_KEY",
        default_value = "",
        hide_env_values = true,
        value_name = "KEY",
        help_heading = "Backup source"
    )]
    heroku_api_key: String,

    /// Heroku's data API
    #[arg(
        long,
        env = "HEROKU_DATA_URL",
        default_value = HEROKU_URL,
        hide_env_values = true,
        value_name = "URL",
        help_heading = "Backup source"
    )]
    heroku_data_url: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Live,
    File,
    Scalingo,
    Heroku,
    S3,
}

impl BackupSourceOptions {
    /// How backups are fetched; nothing inside when the source is copied itself.
    /// `has_source`: whether SOURCE_DATABASE_URL names a database.
    pub(super) fn read(&self, reader: &mut Reader, has_source: bool) -> Option<Option<Fetcher>> {
        let choices = [
            ("live", Kind::Live),
            ("file", Kind::File),
            ("scalingo", Kind::Scalingo),
            ("heroku", Kind::Heroku),
            ("s3", Kind::S3),
        ];
        let kind = match reader.choice("BACKUP_SOURCE", &self.backup_source, choices) {
            Some(Kind::Live) if self.names_scalingo() => Some(self.oldest_way(reader, has_source)),
            kind => kind,
        };
        let max_age = self.max_age(reader, kind);
        let create = reader.flag("BACKUP_CREATE", &self.backup_create, false);
        if create && kind.is_some_and(|kind| kind != Kind::Scalingo) {
            reader.wrong::<()>(
                "BACKUP_CREATE",
                Some("true"),
                "a backup can be started with BACKUP_SOURCE=scalingo alone".into(),
            );
        }
        let limits = Limits::default();
        let source: Option<Arc<dyn BackupSource>> = match kind? {
            Kind::Live => return Some(None),
            Kind::File => self.file(reader),
            Kind::Scalingo => self.scalingo(reader, &limits),
            Kind::Heroku => self.heroku(reader, &limits),
            Kind::S3 => self.s3(reader, &limits),
        };
        Some(Some(Fetcher { source: source?, max_age: max_age?, create, limits }))
    }

    /// What is never shown.
    pub(super) fn keys(&self) -> [&String; 2] {
        [&self.scalingo_api_token, &self.heroku_api_key]
    }

    fn names_scalingo(&self) -> bool {
        !self.scalingo_app.trim().is_empty() && !self.scalingo_api_token.trim().is_empty()
    }

    /// The oldest generation of the program replaced knew Scalingo's backup alone, by these two
    /// variables.
    fn oldest_way(&self, reader: &mut Reader, has_source: bool) -> Kind {
        let is_unset = self.backup_source.trim().is_empty();
        if is_unset && !has_source {
            reader.warnings.push(
                "SCALINGO_APP and SCALINGO_API_TOKEN are set, BACKUP_SOURCE and SOURCE_DATABASE_URL \
                 are not: the application's backup is restored, as with BACKUP_SOURCE=scalingo"
                    .into(),
            );
            return Kind::Scalingo;
        }
        if is_unset {
            reader.warnings.push(
                "SCALINGO_APP and SCALINGO_API_TOKEN have no effect, because SOURCE_DATABASE_URL is \
                 copied: set BACKUP_SOURCE=scalingo to restore the application's backup instead, or \
                 BACKUP_SOURCE=live if the copy is meant"
                    .into(),
            );
        }
        Kind::Live
    }

    fn max_age(&self, reader: &mut Reader, kind: Option<Kind>) -> Option<MaxAge> {
        match self.backup_max_age.trim() {
            "" if kind == Some(Kind::Scalingo) => Some(MaxAge::Today),
            "" | "any" => Some(MaxAge::Any),
            "today" => Some(MaxAge::Today),
            text => match progress::parse_duration(text) {
                Some(age) => Some(MaxAge::Within(age)),
                None => reader.wrong(
                    "BACKUP_MAX_AGE",
                    Some(text),
                    "must be `today`, `any`, or a time such as `24 hours` or `90 minutes`".into(),
                ),
            },
        }
    }

    fn file(&self, reader: &mut Reader) -> Option<Arc<dyn BackupSource>> {
        let file = needed(reader, "BACKUP_FILE", &self.backup_file, "file")?;
        Some(Arc::new(FileSource::new(file)))
    }

    fn scalingo(&self, reader: &mut Reader, limits: &Limits) -> Option<Arc<dyn BackupSource>> {
        let app = needed(reader, "SCALINGO_APP", &self.scalingo_app, "scalingo");
        let token = needed(reader, "SCALINGO_API_TOKEN", &self.scalingo_api_token, "scalingo");
        let region = or_default(&self.scalingo_region, REGION);
        let (api, database_api) = (
            format!("https://api.{region}.scalingo.com"),
            format!("https://db-api.{region}.scalingo.com"),
        );
        let auth = web_url(reader, "SCALINGO_AUTH_URL", &self.scalingo_auth_url, AUTH_URL);
        let api = web_url(reader, "SCALINGO_API_URL", &self.scalingo_api_url, &api);
        let database_api =
            web_url(reader, "SCALINGO_DB_API_URL", &self.scalingo_db_api_url, &database_api);
        let hosts = ScalingoHosts { auth: auth?, api: api?, database_api: database_api? };
        let source = ScalingoSource::new(app?, Secret::from(token?), hosts, limits);
        made(reader, "SCALINGO_APP", source)
    }

    fn heroku(&self, reader: &mut Reader, limits: &Limits) -> Option<Arc<dyn BackupSource>> {
        let app = needed(reader, "HEROKU_APP", &self.heroku_app, "heroku");
        let key = needed(reader, "HEROKU_API_KEY", &self.heroku_api_key, "heroku");
        let url = web_url(reader, "HEROKU_DATA_URL", &self.heroku_data_url, HEROKU_URL);
        let source = HerokuSource::new(app?, Secret::from(key?), url?, limits);
        made(reader, "HEROKU_APP", source)
    }

    fn s3(&self, reader: &mut Reader, limits: &Limits) -> Option<Arc<dyn BackupSource>> {
        let text = needed(reader, "BACKUP_URL", &self.backup_url, "s3")?;
        let Ok(url) = Url::parse(text) else {
            let wanted = "must be a URL such as s3://bucket/prefix";
            return reader.wrong("BACKUP_URL", None, wanted.into());
        };
        made(reader, "BACKUP_URL", ObjectStorageSource::from_url(&url, std::env::vars(), limits))
    }
}

/// A variable that the chosen source cannot do without.
fn needed<'a>(
    reader: &mut Reader,
    variable: &'static str,
    text: &'a str,
    source: &str,
) -> Option<&'a str> {
    match text.trim() {
        "" => reader.wrong(variable, None, format!("it is needed by BACKUP_SOURCE={source}")),
        text => Some(text),
    }
}

fn web_url(reader: &mut Reader, variable: &'static str, text: &str, default: &str) -> Option<Url> {
    match Url::parse(or_default(text, default)) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Some(url),
        // It may hold a password.
        _ => reader.wrong(variable, None, "must be an http or https URL".into()),
    }
}

fn made<S: BackupSource + 'static>(
    reader: &mut Reader,
    variable: &'static str,
    source: Result<S, Error>,
) -> Option<Arc<dyn BackupSource>> {
    match source {
        Ok(source) => Some(Arc::new(source)),
        Err(error) => reader.wrong(variable, None, error.to_string()),
    }
}
