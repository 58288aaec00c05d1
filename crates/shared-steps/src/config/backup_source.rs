//! `BACKUP_SOURCE`: where the backup comes from that a night restores.

use std::sync::Arc;

use backup_sources::{
    BackupSource, Error, Fetcher, FileSource, HerokuSource, Limits, MaxAge, ObjectStorageSource,
    ScalingoHosts, ScalingoSource,
};
use clap::Args;
use http_requests::Secret;
use url::Url;

use super::web_values::{secret, web_url};
use pipeline::config::Findings;
use pipeline::config::variable::{
    Checked, Flag, Given, Optional, flag, hidden, one_of, text, value,
};

/// The variables.
#[derive(Args, Clone)]
#[command(next_help_heading = "Backup source")]
pub(super) struct BackupSourceOptions {
    /// What a run restores: a copy of the source database itself (`live`), or a backup that is downloaded
    /// (docs/backup-sources.md); by default `live`, or `scalingo` if SCALINGO_APP and SCALINGO_API_TOKEN are
    /// set and SOURCE_DATABASE_URL is not
    #[arg(long, env, value_parser = one_of([
        ("live", Kind::Live),
        ("file", Kind::File),
        ("scalingo", Kind::Scalingo),
        ("heroku", Kind::Heroku),
        ("s3", Kind::S3),
    ]).optional())]
    backup_source: Optional<Kind>,

    /// The backup of BACKUP_SOURCE=file: a dump in pg_dump's custom format, also in a .gz, .zst, .tar, .tar.gz
    /// or .tar.zst
    ///
    /// Example: /backups/night.dump
    #[arg(long, env, value_name = "FILE", value_parser = text().optional())]
    backup_file: Optional<String>,

    /// The backup of BACKUP_SOURCE=s3, or a prefix whose newest object it is: s3://bucket/path,
    /// az://container/path, gs://bucket/path or file:///path
    ///
    /// Credentials are read from the stores' usual variables (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY,
    /// AWS_REGION, AWS_ENDPOINT_URL …; AZURE_…; GOOGLE_…).
    ///
    /// Example: s3://bucket/backups/
    #[arg(long, env, value_name = "URL", value_parser = hidden(|given| {
        Url::parse(given.text).map_err(|_| "must be a URL such as s3://bucket/prefix".into())
    }).optional().when_used())]
    backup_url: Checked<Optional<Url>>,

    /// Maximum age of a backup: `today` (since midnight in Europe/Paris), `any`, or a duration such as
    /// `24 hours`; by default `today` with Scalingo, else `any`
    ///
    /// Example: today
    #[arg(long, env, value_name = "today|any|TIME", value_parser = value(max_age).optional())]
    backup_max_age: Optional<MaxAge>,

    /// `true` starts a backup on Scalingo and waits for it if none is recent enough
    #[arg(long, env, default_value = "false", value_parser = flag())]
    backup_create: Flag,

    /// With BACKUP_SOURCE=scalingo: the application whose PostgreSQL add-on is backed up
    ///
    /// Example: pix-api-production
    #[arg(long, env, value_name = "NAME", value_parser = text().optional())]
    scalingo_app: Optional<String>,

    /// API token of a collaborator of that application
    #[arg(long, env, value_name = "TOKEN", value_parser = secret().optional())]
    scalingo_api_token: Optional<Secret>,

    /// The region it runs in
    #[arg(long, env, default_value = "osc-fr1", value_name = "REGION", value_parser = text())]
    scalingo_region: String,

    /// Scalingo's authentication
    #[arg(
        long,
        env,
        default_value = "https://auth.scalingo.com",
        value_name = "URL",
        value_parser = web_url().when_used()
    )]
    scalingo_auth_url: Checked<Url>,

    /// Scalingo's API; by default that of the region, https://api.<region>.scalingo.com
    #[arg(long, env, value_name = "URL", value_parser = web_url().optional().when_used())]
    scalingo_api_url: Checked<Optional<Url>>,

    /// Scalingo's database API; by default that of the region, https://db-api.<region>.scalingo.com
    #[arg(long, env, value_name = "URL", value_parser = web_url().optional().when_used())]
    scalingo_db_api_url: Checked<Optional<Url>>,

    /// With BACKUP_SOURCE=heroku: the application whose database is backed up
    ///
    /// Example: shop-production
    #[arg(long, env, value_name = "NAME", value_parser = text().optional())]
    heroku_app: Optional<String>,

    /// API key of an account that may see its backups
    #[arg(long, env, value_name = "KEY", value_parser = secret().optional())]
    heroku_api_key: Optional<Secret>,

    /// Heroku's data API
    #[arg(
        long,
        env,
        default_value = "https://api.data.heroku.com",
        value_name = "URL",
        value_parser = web_url().when_used()
    )]
    heroku_data_url: Checked<Url>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Live,
    File,
    Scalingo,
    Heroku,
    S3,
}

type Source = Arc<dyn BackupSource>;

impl BackupSourceOptions {
    /// How backups are fetched; nothing inside when the source is copied itself.
    /// `has_source`: whether SOURCE_DATABASE_URL names a database.
    pub(super) fn fetcher(
        self,
        findings: &mut Findings,
        has_source: bool,
    ) -> Option<Option<Fetcher>> {
        let kind = self.kind(findings, has_source);
        let (max_age, create) = (self.backup_max_age, self.backup_create);
        if create && kind != Kind::Scalingo && !findings.is_wrong("BACKUP_SOURCE") {
            let expected = "a backup can be started with BACKUP_SOURCE=scalingo alone";
            findings.wrong::<()>("BACKUP_CREATE", Some("true"), expected);
        }
        let limits = Limits::default();
        let source = match kind {
            Kind::Live => return Some(None),
            Kind::File => self.file(findings),
            Kind::Scalingo => self.scalingo(findings, &limits),
            Kind::Heroku => self.heroku(findings, &limits),
            Kind::S3 => self.s3(findings, &limits),
        };
        let default = if kind == Kind::Scalingo { MaxAge::Today } else { MaxAge::Any };
        let max_age = max_age.unwrap_or(default);
        Some(Some(Fetcher { source: source?, max_age, create, limits }))
    }

    /// The oldest generation of the program replaced knew Scalingo's backup alone, by two variables.
    fn kind(&self, findings: &mut Findings, has_source: bool) -> Kind {
        let names_scalingo = self.scalingo_app.is_some() && self.scalingo_api_token.is_some();
        match self.backup_source {
            Some(kind) => kind,
            None if !names_scalingo || findings.is_wrong("BACKUP_SOURCE") => Kind::Live,
            None if has_source => {
                findings.warnings.push(
                    "SCALINGO_APP and SCALINGO_API_TOKEN have no effect, because SOURCE_DATABASE_URL is \
                     copied: set BACKUP_SOURCE=scalingo to restore the application's backup instead, or \
                     BACKUP_SOURCE=live if the copy is meant"
                        .into(),
                );
                Kind::Live
            }
            None => {
                findings.warnings.push(
                    "SCALINGO_APP and SCALINGO_API_TOKEN are set, BACKUP_SOURCE and SOURCE_DATABASE_URL \
                     are not: the application's backup is restored, as with BACKUP_SOURCE=scalingo"
                        .into(),
                );
                Kind::Scalingo
            }
        }
    }

    fn file(self, findings: &mut Findings) -> Option<Source> {
        let file = findings.required("BACKUP_FILE", "BACKUP_SOURCE=file", self.backup_file)?;
        Some(Arc::new(FileSource::new(file)))
    }

    fn scalingo(self, findings: &mut Findings, limits: &Limits) -> Option<Source> {
        const BECAUSE: &str = "BACKUP_SOURCE=scalingo";
        let app = findings.required("SCALINGO_APP", BECAUSE, self.scalingo_app);
        let token = findings.required("SCALINGO_API_TOKEN", BECAUSE, self.scalingo_api_token);
        let region = self.scalingo_region;
        let of_region =
            |service| Url::parse(&format!("https://{service}.{region}.scalingo.com")).ok();
        let auth = findings.used(&self.scalingo_auth_url);
        let api = findings.used(&self.scalingo_api_url);
        let database_api = findings.used(&self.scalingo_db_api_url);
        let hosts = ScalingoHosts {
            auth: auth?,
            api: api?.or_else(|| of_region("api"))?,
            database_api: database_api?.or_else(|| of_region("db-api"))?,
        };
        opened(findings, "SCALINGO_APP", ScalingoSource::new(&app?, token?, hosts, limits))
    }

    fn heroku(self, findings: &mut Findings, limits: &Limits) -> Option<Source> {
        const BECAUSE: &str = "BACKUP_SOURCE=heroku";
        let app = findings.required("HEROKU_APP", BECAUSE, self.heroku_app);
        let key = findings.required("HEROKU_API_KEY", BECAUSE, self.heroku_api_key);
        let url = findings.used(&self.heroku_data_url);
        opened(findings, "HEROKU_APP", HerokuSource::new(&app?, key?, url?, limits))
    }

    fn s3(self, findings: &mut Findings, limits: &Limits) -> Option<Source> {
        let url = findings.used(&self.backup_url)?;
        let url = findings.required("BACKUP_URL", "BACKUP_SOURCE=s3", url)?;
        let source = ObjectStorageSource::from_url(&url, std::env::vars(), limits);
        opened(findings, "BACKUP_URL", source)
    }
}

fn max_age(given: &Given<'_>) -> Result<MaxAge, String> {
    match given.text {
        "any" => Ok(MaxAge::Any),
        "today" => Ok(MaxAge::Today),
        text => progress::parse_duration(text).map(MaxAge::Within).ok_or_else(|| {
            "must be `today`, `any`, or a time such as `24 hours` or `90 minutes`".into()
        }),
    }
}

fn opened<S: BackupSource + 'static>(
    findings: &mut Findings,
    variable: &str,
    source: Result<S, Error>,
) -> Option<Source> {
    match source {
        Ok(source) => Some(Arc::new(source)),
        Err(error) => findings.wrong(variable, None, error.to_string()),
    }
}
