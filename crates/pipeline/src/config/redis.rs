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
        let url = options.read(&mut reader);
        reader.finish(url)
    }
}

impl RedisOptions {
    /// What the variables mean; nothing, and the reason in `reader`, if one is wrong.
    pub fn read(&self, reader: &mut Reader) -> Option<RedisUrl> {
        let url = match or_default(&self.redis_url, "redis://127.0.0.1:6379").parse() {
            Ok(url) => Some(url),
            Err(error) => reader.wrong("REDIS_URL", None, format!("{error}")),
        };
        let trust = self.trust(reader);
        let (url, trust): (RedisUrl, _) = (url?, trust?);
        Some(match trust {
            // The URL may say so itself.
            Trust::System => url,
            trust => url.trusting(trust),
        })
    }

    fn trust(&self, reader: &mut Reader) -> Option<Trust> {
        let file = self.redis_tls_ca_file.trim();
        let insecure = reader.flag("REDIS_TLS_INSECURE", &self.redis_tls_insecure, false);
        let variable = "REDIS_TLS_CA_FILE";
        match (file, insecure) {
            ("", false) => Some(Trust::System),
            ("", true) => Some(Trust::Anybody),
            (_, true) => {
                let both = "with REDIS_TLS_INSECURE=true nothing is checked: set one of the two";
                reader.wrong(variable, Some(file), both.into())
            }
            (file, false) => {
                let read =
                    std::fs::read(file).map_err(|error| format!("it cannot be read: {error}"));
                match read.and_then(Trust::authorities) {
                    Ok(trust) => Some(trust),
                    Err(reason) => reader.wrong(variable, Some(file), reason),
                }
            }
        }
    }
}
