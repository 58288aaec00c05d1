//! Parameters of libpq's URLs: their valid values, and the environment variables that pass them to
//! PostgreSQL's client programs.
//!
//! Source: libpq's "Parameter Key Words" of PostgreSQL 18. Those that [`crate::postgres::url::parse`]
//! handles itself are not listed.

/// Valid values of a parameter.
pub(crate) enum Rule {
    /// One of these.
    OneOf(&'static [&'static str]),
    /// One of these; libpq has others, which are not supported for this reason.
    Only(&'static [&'static str], &'static str),
    /// A whole number.
    Number,
    /// Anything.
    Text,
    /// None: what it requests is not supported, and ignoring it would change the meaning.
    Refused(&'static str),
}

/// A parameter.
pub(crate) struct Parameter {
    pub(crate) name: &'static str,
    pub(crate) rule: Rule,
    /// libpq's environment variable, if it has one and the parameter has an effect.
    pub(crate) variable: Option<&'static str>,
}

const fn passed(name: &'static str, variable: &'static str, rule: Rule) -> Parameter {
    Parameter { name, rule, variable: Some(variable) }
}

/// This program uses its own settings for keepalives, encoding and name.
const fn without_effect(name: &'static str, rule: Rule) -> Parameter {
    Parameter { name, rule, variable: None }
}

const fn refused(name: &'static str, reason: &'static str) -> Parameter {
    Parameter { name, rule: Rule::Refused(reason), variable: None }
}

const TLS_VERSIONS: Rule = Rule::OneOf(&["TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"]);
const SERVICE: &str = "write what the service's file says into the URL";
const NO_KERBEROS: &str = "only passwords and client certificates can be used";

pub(crate) const PARAMETERS: &[Parameter] = &[
    passed(
        "target_session_attrs",
        "PGTARGETSESSIONATTRS",
        Rule::OneOf(&["any", "read-write", "read-only", "primary", "standby", "prefer-standby"]),
    ),
    passed("channel_binding", "PGCHANNELBINDING", Rule::OneOf(&["disable", "prefer", "require"])),
    passed("sslcert", "PGSSLCERT", Rule::Text),
    passed("sslkey", "PGSSLKEY", Rule::Text),
    passed(
        "sslcertmode",
        "PGSSLCERTMODE",
        Rule::Only(
            &["disable", "allow"],
            "whether the server asks for a certificate is not checked",
        ),
    ),
    passed("sslcrl", "PGSSLCRL", Rule::Text),
    passed("sslcrldir", "PGSSLCRLDIR", Rule::Text),
    passed("sslnegotiation", "PGSSLNEGOTIATION", Rule::OneOf(&["postgres", "direct"])),
    passed("sslsni", "PGSSLSNI", Rule::OneOf(&["0", "1"])),
    passed("ssl_min_protocol_version", "PGSSLMINPROTOCOLVERSION", TLS_VERSIONS),
    passed("ssl_max_protocol_version", "PGSSLMAXPROTOCOLVERSION", TLS_VERSIONS),
    // libpq tries Kerberos encryption if there is a ticket, but it is never required.
    passed(
        "gssencmode",
        "PGGSSENCMODE",
        Rule::Only(
            &["disable", "prefer"],
            "connections are encrypted by TLS, not by Kerberos; set sslmode=require or stricter",
        ),
    ),
    without_effect("application_name", Rule::Text),
    without_effect("fallback_application_name", Rule::Text),
    without_effect("client_encoding", Rule::Text),
    without_effect("keepalives", Rule::Number),
    without_effect("keepalives_idle", Rule::Number),
    without_effect("keepalives_interval", Rule::Number),
    without_effect("keepalives_count", Rule::Number),
    without_effect("tcp_user_timeout", Rule::Number),
    without_effect("load_balance_hosts", Rule::OneOf(&["disable", "random"])),
    without_effect("sslcompression", Rule::OneOf(&["0", "1"])),
    without_effect("sslkeylogfile", Rule::Text),
    without_effect("krbsrvname", Rule::Text),
    without_effect("gsslib", Rule::Text),
    without_effect("gssdelegation", Rule::OneOf(&["0"])),
    without_effect("min_protocol_version", Rule::Text),
    without_effect("max_protocol_version", Rule::Text),
    // Only concerns Unix sockets, for which it is refused.
    passed("requirepeer", "PGREQUIREPEER", Rule::Text),
    refused("service", SERVICE),
    refused("servicefile", SERVICE),
    refused(
        "sslpassword",
        "the key of sslkey must not be encrypted; decrypt it with openssl pkey, or use a password in the URL",
    ),
    refused(
        "require_auth",
        "the server chooses how the password is asked for; to be sure of the server, set \
         channel_binding=require or sslmode=verify-full",
    ),
    refused("replication", "a copy reads tables, not the log"),
    refused("scram_client_key", NO_KERBEROS),
    refused("scram_server_key", NO_KERBEROS),
    refused("oauth_issuer", NO_KERBEROS),
    refused("oauth_client_id", NO_KERBEROS),
    refused("oauth_client_secret", NO_KERBEROS),
    refused("oauth_scope", NO_KERBEROS),
];

impl Parameter {
    pub(crate) fn named(name: &str) -> Option<&'static Self> {
        PARAMETERS.iter().find(|parameter| parameter.name == name)
    }

    /// What its value must be, if `value` is invalid.
    pub(crate) fn refuses(&self, value: &str) -> Option<String> {
        match self.rule {
            Rule::Text => None,
            Rule::Number if value.trim().parse::<i32>().is_ok() => None,
            Rule::Number => Some("must be a whole number".into()),
            Rule::OneOf(values) if values.contains(&value) => None,
            Rule::OneOf(values) => Some(format!("must be {}", values.join(" or "))),
            Rule::Only(values, _) if values.contains(&value) => None,
            Rule::Only(values, reason) => {
                Some(format!("must be {}: {reason}", values.join(" or ")))
            }
            Rule::Refused(reason) => Some(format!("is not supported: {reason}")),
        }
    }
}
