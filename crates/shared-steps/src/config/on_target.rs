//! What those who use the target have to bear.

use clap::Args;
use pg_replicate::OnTarget;

use super::reader::Reader;

/// The variables.
#[derive(Args, Debug, Clone)]
pub(super) struct OnTargetOptions {
    /// How long a step waits for sessions that lock a table of the target, such as `10 minutes`; then it fails
    #[arg(
        long,
        env = "TARGET_LOCK_TIMEOUT",
        default_value = "10 minutes",
        hide_env_values = true,
        value_name = "TIME",
        help_heading = "Copy"
    )]
    target_lock_timeout: String,

    /// `true`: tables, columns and sequences of other roles that depend on what is replaced are dropped with it; otherwise they are named, and nothing is changed
    #[arg(
        long,
        env = "DROP_DEPENDENTS",
        default_value = "false",
        hide_env_values = true,
        value_name = "true|false",
        help_heading = "Copy"
    )]
    drop_dependents: String,
}

impl OnTargetOptions {
    pub(super) fn read(&self, reader: &mut Reader) -> Option<OnTarget> {
        let drops_dependents = reader.flag("DROP_DEPENDENTS", &self.drop_dependents, false);
        let lock_timeout = match self.target_lock_timeout.trim() {
            "" => OnTarget::default().lock_timeout,
            text => match progress::parse_duration(text) {
                Some(limit) if !limit.is_zero() => limit,
                _ => {
                    return reader.wrong(
                        "TARGET_LOCK_TIMEOUT",
                        Some(text),
                        "must be a time greater than zero, such as `10 minutes` or `1 hour`".into(),
                    );
                }
            },
        };
        Some(OnTarget { drops_dependents, lock_timeout })
    }
}
