//! Where Redis is, and whose certificate it may show.

use bull_queue::{RedisUrl, Trust};
use clap::Args;

use super::error::Errors;
use super::findings::Findings;
use super::variable::{Checked, Flag, Given, Optional, flag, parsed, value, variable};

/// Where Redis is.
#[derive(Args, Debug, Clone)]
#[command(next_help_heading = "Queues", mut_args(variable))]
pub struct RedisOptions {
    /// Redis server that holds the queues; rediss:// for TLS; with sentinels
    /// redis+sentinel://user:password@host:26379,host:26379/service/0 (rediss+sentinel:// for TLS)
    #[arg(
        long,
        env,
        default_value = "redis://127.0.0.1:6379",
        value_name = "URL",
        value_parser = parsed::<RedisUrl>().when_used()
    )]
    pub redis_url: Checked<RedisUrl>,

    /// With rediss://: a file of certificates (PEM); only these certificates, and those
    /// that they have signed, are accepted; the system's are not used
    #[arg(long, env, value_name = "FILE", value_parser = value(trust).optional().when_used())]
    pub redis_tls_ca_file: Checked<Optional<Trust>>,

    /// `true` accepts any certificate from Redis, for servers whose self-signed one changes (Heroku's): what
    /// is sent is encrypted, but whoever answers in the server's place gets the password and can read and
    /// change every job
    #[arg(long, env, default_value = "false", value_parser = flag())]
    pub redis_tls_insecure: Flag,
}

impl TryFrom<&RedisOptions> for RedisUrl {
    type Error = Errors;

    fn try_from(options: &RedisOptions) -> Result<Self, Errors> {
        let mut findings = Findings::default();
        let url = options.read(&mut findings);
        findings.finish(url)
    }
}

impl RedisOptions {
    /// What the variables mean; nothing, and the reason in `findings`, if one is wrong.
    pub fn read(&self, findings: &mut Findings) -> Option<RedisUrl> {
        let url = findings.used(&self.redis_url);
        let trust = match (&self.redis_tls_ca_file, self.redis_tls_insecure) {
            (Ok(None), false) => Some(None),
            (Ok(None), true) => Some(Some(Trust::Anybody)),
            (_, true) => {
                let both = "with REDIS_TLS_INSECURE=true nothing is checked: set one of the two";
                findings.wrong("REDIS_TLS_CA_FILE", None, both)
            }
            (file, false) => findings.used(file),
        };
        let (url, trust) = (url?, trust?);
        // The URL may say so itself.
        Some(match trust {
            Some(trust) => url.trusting(trust),
            None => url,
        })
    }
}

fn trust(given: &Given<'_>) -> Result<Trust, String> {
    let read = std::fs::read(given.text).map_err(|error| format!("it cannot be read: {error}"));
    read.and_then(Trust::authorities)
}
