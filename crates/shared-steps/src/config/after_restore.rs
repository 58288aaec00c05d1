//! `AFTER_RESTORE_COMMAND`: what is run on the target once it has been restored.

use std::time::Duration;

use clap::Args;
use pg_replicate::shell::ShellCommand;

use super::databases::Database;
use pipeline::config::variable::{Optional, duration, text};

/// Variables that the command may see although they are ours: what the application is, not what it
/// may reach.
const SHOWN: [&str; 2] = ["DATABASE_URL", "NODE_ENV"];

/// Credentials of stores, of either side of the media sync.
const STORES: [&str; 5] = ["AWS_", "AZURE_", "GOOGLE_", "MEDIA_SOURCE_", "MEDIA_TARGET_"];

/// The variables.
#[derive(Args, Clone)]
#[command(next_help_heading = "Copy")]
pub(super) struct AfterRestoreOptions {
    /// A shell command that is run after each restore, before the enrichment, with DATABASE_URL in its
    /// environment: the application's migrations, for example
    ///
    /// PGHOST, PGUSER, PGPASSWORD … also name the target; other variables of this program are not handed on.
    /// Its failure fails the job (docs/staging.md).
    ///
    /// Example: bundle exec rake db:migrate
    #[arg(long, env, value_name = "COMMAND", value_parser = text())]
    after_restore_command: String,

    /// Time limit of AFTER_RESTORE_COMMAND, such as `30 minutes`; no limit by default
    ///
    /// Example: 30 minutes
    #[arg(long, env, value_name = "TIME", value_parser = duration().optional())]
    after_restore_timeout: Optional<Duration>,
}

impl AfterRestoreOptions {
    /// `ours`: every variable of ours.
    pub(super) fn command(
        self,
        target: &Database,
        ours: impl Iterator<Item = String>,
    ) -> Option<ShellCommand> {
        (!self.after_restore_command.is_empty()).then(|| ShellCommand {
            command: self.after_restore_command,
            url: target.url.clone(),
            url_text: target.text.expose().to_owned(),
            hidden: hidden(ours),
            limit: self.after_restore_timeout,
        })
    }
}

/// The source's URL, tokens and keys are none of the command's business: every variable of ours is
/// taken out of its environment but those of [`SHOWN`].
fn hidden(ours: impl Iterator<Item = String>) -> Vec<String> {
    let ours = ours.filter(|name| !SHOWN.contains(&name.as_str()));
    let stores = std::env::vars_os()
        .filter_map(|(name, _)| name.into_string().ok())
        .filter(|name| STORES.iter().any(|prefix| name.starts_with(prefix)));
    ours.chain(stores).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::options;

    #[test]
    fn nothing_of_ours_that_is_a_secret_is_handed_on() {
        let hidden = hidden(options::names());
        for name in [
            "SOURCE_DATABASE_URL",
            "REDIS_URL",
            "SCALINGO_API_TOKEN",
            "HEROKU_API_KEY",
            "LCMS_API_KEY",
            "NOTIFICATIONS",
            "SENTRY_DSN",
            "TARGET_DATABASE_URL",
        ] {
            assert!(hidden.iter().any(|one| one == name), "{name} in {hidden:?}");
        }
        assert!(!hidden.iter().any(|name| name == "DATABASE_URL" || name == "PATH"), "{hidden:?}");
    }
}
