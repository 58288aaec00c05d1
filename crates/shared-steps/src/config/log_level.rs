//! `LOG_LEVEL`: bunyan's levels, by name and number, and filters of `tracing`.

use tracing_subscriber::EnvFilter;

const EXPECTED: &str = "must be trace, debug, info, warn, error, fatal or off, a number of bunyan \
    (10 is trace, 20 debug, 30 info, 40 warn, 50 error, 60 fatal), or a filter such as \
    info,pg_replicate=debug";

/// The filter that `text` means.
///
/// A name alone that is no level would be a module's for `tracing`: everything else would be silent.
pub(super) fn filter(text: &str) -> Result<String, String> {
    let directives: Option<Vec<String>> = if text.contains('[') {
        // Spans and their fields, which only `tracing` knows.
        Some(vec![text.to_owned()])
    } else {
        text.split(',').map(|directive| read(directive.trim())).collect()
    };
    let filter = directives.ok_or(EXPECTED)?.join(",");
    match EnvFilter::try_new(&filter) {
        Ok(_) => Ok(filter),
        Err(_) => Err(EXPECTED.into()),
    }
}

fn read(directive: &str) -> Option<String> {
    match directive.rsplit_once('=') {
        Some((module, text)) => {
            let module = module.trim();
            Some(format!("{module}={}", level(text)?)).filter(|_| !module.is_empty())
        }
        None => level(directive).map(str::to_owned),
    }
}

fn level(text: &str) -> Option<&'static str> {
    let text = text.trim().to_ascii_lowercase();
    Some(match text.as_str() {
        "trace" => "trace",
        "debug" => "debug",
        "info" => "info",
        "warn" => "warn",
        "error" => "error",
        // Nothing is written at this level.
        "fatal" | "off" => "off",
        number => match number.parse::<u32>().ok()? {
            0 => return None,
            1..=10 => "trace",
            11..=20 => "debug",
            21..=30 => "info",
            31..=40 => "warn",
            41..=50 => "error",
            51.. => "off",
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_of_bunyan_and_filters_of_tracing_are_taken() {
        for (text, expected) in [
            ("info", "info"),
            ("WARN", "warn"),
            ("fatal", "off"),
            ("20", "debug"),
            ("10", "trace"),
            ("35", "warn"),
            ("60", "off"),
            ("info,pg_replicate=debug", "info,pg_replicate=debug"),
            ("info, media_sync=20", "info,media_sync=debug"),
            ("warn,[job{queue=x}]=debug", "warn,[job{queue=x}]=debug"),
        ] {
            assert_eq!(filter(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn a_level_that_there_is_not_is_refused() {
        for text in [
            "warning",
            "verbose",
            "notice",
            "silly",
            "0",
            "-1",
            "2.5",
            "info,",
            "pg_replicate",
            "=debug",
            "a=loud",
            "[",
        ] {
            assert!(filter(text).is_err(), "{text}");
        }
    }
}
