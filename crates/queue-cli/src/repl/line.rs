//! A line of a session: the program's commands, and those only available in a session.

use clap::{Args, Parser, Subcommand};
use pipeline::Step;

use crate::cli::{Common, QueueCommand};
use crate::failure::Failure;

/// A line is one of these commands with its options; `help <command>` explains it.
#[derive(Parser, Debug)]
#[command(name = "repl", bin_name = "", no_binary_name = true)]
pub(crate) struct Line {
    #[command(flatten)]
    pub(crate) common: Common,

    #[command(subcommand)]
    pub(crate) command: LineCommand,
}

#[derive(Subcommand, Debug)]
pub(crate) enum LineCommand {
    #[command(flatten)]
    Queue(QueueCommand),
    /// Select the queue for the next commands, and optionally another Redis
    #[command(disable_help_flag = true)]
    Connect(Connect),
    /// Show events of the queue from now on, between the commands
    EventsOn,
    /// Stop showing events
    EventsOff,
    /// End the session, like Ctrl-D
    #[command(alias = "quit")]
    Exit,
}

/// As in bull-repl, where `-h` is the host.
#[derive(Args, Debug)]
pub(crate) struct Connect {
    /// The queue, as in --queue
    #[arg(value_name = "QUEUE")]
    pub(crate) name: String,
    /// Redis's host
    #[arg(long, short = 'h')]
    pub(crate) host: Option<String>,
    /// Its port
    #[arg(long, short)]
    pub(crate) port: Option<u16>,
    /// Its database
    #[arg(long, short)]
    pub(crate) db: Option<u32>,
    /// Its password; the line is not kept in the history
    #[arg(long)]
    pub(crate) password: Option<String>,
    /// Its certificate authority
    #[arg(long, short, value_name = "FILE")]
    pub(crate) cert: Option<String>,
    /// Its URL, instead of all these; the line is not kept in the history
    #[arg(long, short, alias = "url", value_name = "URL")]
    pub(crate) uri: Option<String>,
    /// Run this command and end the session
    #[arg(long, short, value_name = "COMMAND")]
    pub(crate) exec: Option<String>,
    /// The prefix of the queue's keys: bull
    #[arg(long, default_value = "bull")]
    pub(crate) prefix: String,
    /// Explain these options
    #[arg(long, action = clap::ArgAction::Help)]
    help: Option<bool>,
}

impl Connect {
    /// The selected queue.
    ///
    /// # Errors
    /// If there is no such queue, or an unsupported option is used.
    pub(crate) fn step(&self) -> Result<Step, Failure> {
        if self.prefix != "bull" {
            return Err(Failure::Usage(format!(
                "--prefix {}: the replication's queues stand under the prefix bull, and no other",
                self.prefix
            )));
        }
        if let Some(cert) = &self.cert {
            return Err(Failure::Usage(format!(
                "--cert: start the session with SSL_CERT_FILE={cert} in the environment, and give \
                 a rediss:// URL"
            )));
        }
        Step::from_name(&self.name).map_err(Failure::Usage)
    }

    /// The URL of the selected Redis, if it is not the session's.
    ///
    /// # Errors
    /// If host or port are invalid.
    pub(crate) fn url(&self) -> Result<Option<String>, Failure> {
        if let Some(uri) = &self.uri {
            return Ok(Some(uri.clone()));
        }
        if self.host.is_none()
            && self.port.is_none()
            && self.db.is_none()
            && self.password.is_none()
        {
            return Ok(None);
        }
        let host = self.host.as_deref().unwrap_or("localhost");
        let wrong = || Failure::Usage(format!("--host {host:?} is no host"));
        let mut url = url::Url::parse(&format!("redis://{host}")).map_err(|_| wrong())?;
        url.set_port(Some(self.port.unwrap_or(6379))).map_err(|()| wrong())?;
        url.set_password(self.password.as_deref()).map_err(|()| wrong())?;
        url.set_path(&self.db.unwrap_or(0).to_string());
        Ok(Some(url.into()))
    }
}

impl Line {
    /// Parses a line; `None` if it is empty or a comment.
    ///
    /// # Errors
    /// What is wrong with it; or the help text, if requested.
    pub(crate) fn parse_words(line: &str) -> Result<Option<Self>, ParseError> {
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed.starts_with('#') {
            return Ok(None);
        }
        let Some(words) = shlex::split(trimmed) else {
            return Err(ParseError::Wrong("a quotation mark is missing".into()));
        };
        Self::try_parse_from(words).map(Some).map_err(|error| {
            let text = error.render().to_string().trim_end().to_owned();
            if error.use_stderr() { ParseError::Wrong(text) } else { ParseError::Help(text) }
        })
    }
}

/// Why a line is not a command.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ParseError {
    /// It requests help.
    #[error("{0}")]
    Help(String),
    /// It is invalid.
    #[error("{0}")]
    Wrong(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connect(line: &str) -> Connect {
        match Line::parse_words(line).unwrap().unwrap().command {
            LineCommand::Connect(connect) => connect,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn connect_takes_the_options_of_bull_repl() {
        let url = |line| connect(line).url().unwrap();
        assert_eq!(url("connect 'Replication queue'"), None);
        assert_eq!(url("connect notification --url redis://a/1").unwrap(), "redis://a/1");
        assert_eq!(url("connect notification -u redis://a/1").unwrap(), "redis://a/1");
        assert_eq!(
            url("connect notification -h r.example -p 6380 -d 2 --password 'a b@c/'").unwrap(),
            "redis://:a%20b%40c%2F@r.example:6380/2"
        );
        assert_eq!(url("connect notification -d 3").unwrap(), "redis://localhost:6379/3");
        assert!(
            connect("connect nightly").step().unwrap_err().to_string().contains("Notification")
        );
        assert!(connect("connect notification --prefix q").step().is_err());
        assert!(connect("connect notification -c ca.pem").step().is_err());
    }

    #[test]
    fn a_line_is_read_as_a_shell_reads_it() {
        assert!(Line::parse_words("  ").unwrap().is_none());
        assert!(Line::parse_words("# a remark").unwrap().is_none());
        assert!(Line::parse_words("stats --json").unwrap().unwrap().common.json);
        let wrong = |line| match Line::parse_words(line) {
            Err(ParseError::Wrong(text)) => text,
            other => panic!("{other:?}"),
        };
        assert!(wrong("add '{").contains("quotation"));
        assert!(wrong("stat").contains("stats"), "{}", wrong("stat"));
        assert!(wrong("stats --queue nightly").contains("there are \"Replication queue\""));
        assert!(
            matches!(Line::parse_words("help"), Err(ParseError::Help(text)) if text.contains("retry-failed"))
        );
        assert!(matches!(Line::parse_words("connect --help"), Err(ParseError::Help(_))));
    }
}
