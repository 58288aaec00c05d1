//! `AFTER_RESTORE_COMMAND`: what is run on the target once it has been restored.

use std::time::Duration;

use clap::Args;
use pg_replicate::DatabaseUrl;
use pg_replicate::shell::ShellCommand;

use super::options::Options;
use super::reader::{Reader, or_default};

/// Variables that the command may see although they are ours: what the application is, not what it
/// may reach.
const SHOWN: [&str; 2] = ["DATABASE_URL", "NODE_ENV"];

/// Credentials of stores, of either side of the media sync.
const STORES: [&str; 5] = ["AWS_", "AZURE_", "GOOGLE_", "MEDIA_SOURCE_", "MEDIA_TARGET_"];

/// The variables.
#[derive(Args, Debug, Clone)]
pub(super) struct AfterRestoreOptions {
    /// A shell command that is run after each restore, before the enrichment, with DATABASE_URL in its environment: the application's migrations, for example
    #[arg(
        long,
        env = "AFTER_RESTORE_COMMAND",
        default_value = "",
        hide_env_values = true,
        value_name = "COMMAND",
        help_heading = "Copy"
    )]
    after_restore_command: String,

    /// Time limit of AFTER_RESTORE_COMMAND, such as `30 minutes`; no limit by default
    #[arg(
        long,
        env = "AFTER_RESTORE_TIMEOUT",
        default_value = "",
        hide_env_values = true,
        value_name = "TIME",
        help_heading = "Copy"
    )]
    after_restore_timeout: String,
}

impl AfterRestoreOptions {
    /// `target`: its text, default included, and what it means.
    pub(super) fn read(
        &self,
        reader: &mut Reader,
        target_text: &str,
        target: Option<&DatabaseUrl>,
    ) -> Option<Option<ShellCommand>> {
        let limit = self.limit(reader);
        let command = or_default(&self.after_restore_command, "");
        if command.is_empty() {
            return Some(None);
        }
        Some(Some(ShellCommand {
            command: command.to_owned(),
            url: target?.clone(),
            url_text: target_text.to_owned(),
            hidden: hidden(),
            limit: limit?,
        }))
    }

    fn limit(&self, reader: &mut Reader) -> Option<Option<Duration>> {
        match self.after_restore_timeout.trim() {
            "" => Some(None),
            text => match progress::parse_duration(text) {
                Some(limit) if !limit.is_zero() => Some(Some(limit)),
                _ => reader.wrong(
                    "AFTER_RESTORE_TIMEOUT",
                    Some(text),
                    "must be empty or a time such as `30 minutes` or `1 hour`".into(),
                ),
            },
        }
    }
}

/// The source's URL, tokens and keys are none of the command's business: every variable of ours is
/// taken out of its environment but those of [`SHOWN`].
fn hidden() -> Vec<String> {
    let ours = <Options as Args>::augment_args(clap::Command::new("ours"));
    let ours = ours
        .get_arguments()
        .filter_map(|argument| argument.get_env()?.to_str().map(str::to_owned))
        .filter(|name| !SHOWN.contains(&name.as_str()));
    let stores = std::env::vars_os()
        .filter_map(|(name, _)| name.into_string().ok())
        .filter(|name| STORES.iter().any(|prefix| name.starts_with(prefix)));
    ours.chain(stores).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_ours_that_is_a_secret_is_handed_on() {
        let hidden = hidden();
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
