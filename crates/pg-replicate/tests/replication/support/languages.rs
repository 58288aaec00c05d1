//! Servers that speak another language than English.

use std::path::Path;
use std::process::Command;

use tempfile::TempDir;
use test_servers::{PostgresOptions, PostgresServer};

/// A server whose messages are in the language of `locale`, such as `fr_FR`. The locale is made in a directory of its
/// own: nothing of the machine is changed. Nothing, with a line that says so, where it cannot be had.
#[expect(clippy::print_stderr, reason = "what is not tested is said")]
pub(crate) fn server_speaking(locale: &str) -> Option<(PostgresServer, TempDir)> {
    let locales = TempDir::new().unwrap();
    let name = format!("{locale}.UTF-8");
    let made = Command::new("localedef")
        .args(["-i", locale, "-f", "UTF-8"])
        .arg(locales.path().join(&name))
        .output()
        .is_ok_and(|output| output.status.success());
    let language = locale.split('_').next().unwrap();
    let catalogs = Path::new("/usr/share/locale").join(language).join("LC_MESSAGES");
    let has_catalog = catalogs
        .read_dir()
        .into_iter()
        .flatten()
        .flatten()
        .any(|file| file.file_name().to_string_lossy().starts_with("postgres-"));
    if !made || !has_catalog {
        eprintln!(
            "NOT TESTED: messages of {locale}, for the locale cannot be made (package locales) or the server has no catalog"
        );
        return None;
    }
    let mut readable = std::fs::metadata(locales.path()).unwrap().permissions();
    std::os::unix::fs::PermissionsExt::set_mode(&mut readable, 0o755);
    std::fs::set_permissions(locales.path(), readable).unwrap();
    let options = PostgresOptions {
        settings: vec![("lc_messages".to_owned(), name)],
        environment: vec![("LOCPATH".to_owned(), locales.path().to_str().unwrap().to_owned())],
        ..Default::default()
    };
    Some((PostgresServer::start_with(options).unwrap(), locales))
}
