//! libpq's password file (`passfile`): lines of `host:port:database:user:password`, of which the first
//! match counts.
//!
//! Only a file given in the URL is read, not `~/.pgpass`, so that a URL means the same on every machine.
//! What libpq ignores with a warning, such as a file that others may read, is an error.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};

use super::database_url::Server;

/// Socket directories of Debian's and PostgreSQL's own builds, which the file calls `localhost`.
const SOCKETS: [&str; 2] = ["/var/run/postgresql", "/tmp"];

/// The password of `user`, if the file contains one.
pub(super) fn password(
    file: &str,
    servers: &[Server],
    database: &str,
    user: &str,
) -> Result<Option<String>, String> {
    let text = read(file)?;
    let mut found = servers.iter().map(|server| {
        let host = match server.host.as_str() {
            host if SOCKETS.contains(&host) => "localhost",
            host => host,
        };
        find(&text, [host, &server.port.to_string(), database, user])
    });
    let first = found.next().flatten();
    if found.any(|other| other != first) {
        return Err("it has different passwords for the URL's hosts; name one host".into());
    }
    Ok(first)
}

fn read(file: &str) -> Result<String, String> {
    let unreadable = |error: std::io::Error| format!("it cannot be read: {error}");
    // Opening a FIFO must not block.
    let mut opened = File::options()
        .read(true)
        .custom_flags(nix::libc::O_NONBLOCK)
        .open(file)
        .map_err(unreadable)?;
    let metadata = opened.metadata().map_err(unreadable)?;
    if !metadata.is_file() {
        return Err("it must be a plain file".into());
    }
    if metadata.mode() & 0o077 != 0 {
        return Err(format!(
            "its mode is {:04o}: others may read it, so that libpq ignores it too; set it to 0600",
            metadata.mode() & 0o7777
        ));
    }
    let mut text = String::new();
    opened.read_to_string(&mut text).map_err(unreadable)?;
    Ok(text)
}

/// The password of the first line of `text` that matches `wanted`.
fn find(text: &str, wanted: [&str; 4]) -> Option<String> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| password_of(line, wanted)).next().filter(|found| !found.is_empty())
}

/// The password of a line, if its first four fields match.
fn password_of(line: &str, wanted: [&str; 4]) -> Option<String> {
    let mut rest = line;
    for value in wanted {
        let field;
        (field, rest) = field_of(rest);
        let is_any = field == "*";
        if !is_any && unescaped(field) != value {
            return None;
        }
        rest = rest.strip_prefix(':')?;
    }
    Some(unescaped(field_of(rest).0))
}

/// A field up to its colon, and the rest.
fn field_of(text: &str) -> (&str, &str) {
    let mut is_escaped = false;
    let end = text.find(|one| {
        let is_end = one == ':' && !is_escaped;
        is_escaped = one == '\\' && !is_escaped;
        is_end
    });
    text.split_at(end.unwrap_or(text.len()))
}

/// Without the backslashes that escape colons and backslashes.
fn unescaped(field: &str) -> String {
    let mut text = String::with_capacity(field.len());
    let mut signs = field.chars();
    while let Some(one) = signs.next() {
        let one = if one == '\\' { signs.next().unwrap_or(one) } else { one };
        text.push(one);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_that_fits_counts() {
        let text = "# db:5432:app:me:comment\n\
                    db:5433:app:me:other port\r\n\
                    short:5432\n\
                    db:5432:a\\:p\\\\p:me:in\\:a\\\\ b:rest\n\
                    *:5432:app:me:first\n\
                    *:*:*:*:any\n";
        for (wanted, password) in [
            (["db", "5432", "app", "me"], "first"),
            (["db", "5433", "app", "me"], "other port"),
            (["db", "5432", "a:p\\p", "me"], "in:a\\ b"),
            (["x", "1", "*", "*"], "any"),
        ] {
            assert_eq!(find(text, wanted).as_deref(), Some(password), "{wanted:?}");
        }
        assert_eq!(find("db:5432:app:me:\n*:*:*:*", ["db", "5432", "app", "me"]), None);
    }
}
