//! Where Redis is, and whose certificate it may show.

use bull_queue::{RedisUrl, Trust};
use clap::Args;

use super::error::Errors;
use super::reader::{Reader, or_default};

/// Where Redis is.
#[derive(Args, Debug, Clone)]
pub struct RedisOptions {
    /// Redis server that holds the queues; rediss:// for TLS, redis+sentinel://host,host/service for sentinels
    #[arg(
        long,
        env = "REDIS_URL",
        default_value = "redis://127.0.0.1:6379",
        hide_env_values = true,
        value_name = "URL",
        help_heading = "Queues"
    )]
    pub redis_url: String,

    /// With rediss://: a file of certificates (PEM); only what they have signed, or are, is accepted, in place of what the system trusts
    #[arg(
        long,
        env = "REDIS_TLS_CA_FILE",
        default_value = "",
        hide_default_value = true,
        hide_env_values = true,
        value_name = "FILE",
        help_heading = "Queues"
    )]
    pub redis_tls_ca_file: String,

    /// `true` accepts any certificate from Redis (a self-signed one): whoever answers in its place gets the password and can change every job
    #[arg(
        long,
        env = "REDIS_TLS_INSECURE",
        default_value = "false",
        hide_env_values = true,
        value_name = "BOOLEAN",
        help_heading = "Queues"
    )]
    pub redis_tls_insecure: String,
}

impl TryFrom<&RedisOptions> for RedisUrl {
    type Error = Errors;

    fn try_from(options: &RedisOptions) -> Result<Self, Errors> {
        let mut reader = Reader::default();
        let url = reader.redis(options);
        reader.finish(url)
    }
}

impl Reader {
    pub(super) fn redis(&mut self, options: &RedisOptions) -> Option<RedisUrl> {
        let url = match or_default(&options.redis_url, "redis://127.0.0.1:6379").parse() {
            Ok(url) => Some(url),
            Err(error) => self.wrong("REDIS_URL", None, format!("{error}")),
        };
        let trust = self.redis_trust(options);
        let (url, trust): (RedisUrl, _) = (url?, trust?);
        Some(match trust {
            // The URL may say so itself.
            Trust::System => url,
            trust => url.trusting(trust),
        })
    }

    fn redis_trust(&mut self, options: &RedisOptions) -> Option<Trust> {
        let file = options.redis_tls_ca_file.trim();
        let insecure = self.flag("REDIS_TLS_INSECURE", &options.redis_tls_insecure, false);
        let variable = "REDIS_TLS_CA_FILE";
        match (file, insecure) {
            ("", false) => Some(Trust::System),
            ("", true) => Some(Trust::Anybody),
            (_, true) => {
                let both = "with REDIS_TLS_INSECURE=true nothing is checked: set one of the two";
                self.wrong(variable, Some(file), both.into())
            }
            (file, false) => {
                let read =
                    std::fs::read(file).map_err(|error| format!("it cannot be read: {error}"));
                match read.and_then(Trust::authorities) {
                    Ok(trust) => Some(trust),
                    Err(reason) => self.wrong(variable, Some(file), reason),
                }
            }
        }
    }
}
