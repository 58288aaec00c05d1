//! Sample databases: a source shaped like Pix's, and an empty target.

use crate::PostgresServer;
use crate::error::Error;

const TABLES: &str = include_str!("../sql/tables.sql");
const ROWS: &str = include_str!("../sql/rows.sql");
const CONSTRAINTS: &str = include_str!("../sql/constraints.sql");
const READ_ONLY: &str = include_str!("../sql/read_only.sql");
const NEW_ROWS: &str = include_str!("../sql/new_rows.sql");

/// The database `source_database`: nineteen tables of Pix's, owned by one role, which
/// `source_user` can only read.
#[derive(Debug)]
pub struct SampleSource;

impl SampleSource {
    /// The database's name.
    pub const DATABASE: &'static str = "source_database";
    /// The password of `source_user`, which must be percent-encoded in a URL.
    const PASSWORD: &'static str = "read only";

    /// Creates roles, tables and rows for `users` users, a multiple of ten and at least 2,000, with
    /// about fifty rows each. The same number gives the same rows.
    ///
    /// # Errors
    /// The server's error.
    pub fn create(server: &PostgresServer, users: u32) -> Result<Self, Error> {
        server.psql("postgres", "CREATE ROLE source_owner NOLOGIN;")?;
        server.create_role("source_user", Self::PASSWORD)?;
        server.create_database(Self::DATABASE, "source_owner")?;
        let script = format!(
            "SET ROLE source_owner;\n\\set users {users}\n{TABLES}\n{ROWS}\n{CONSTRAINTS}\n{READ_ONLY}"
        );
        server.psql(Self::DATABASE, &script)?;
        Ok(Self)
    }

    /// Adds a day of use: `new_users` users, each with an assessment, ten answers, ten knowledge
    /// elements and a snapshot.
    ///
    /// # Errors
    /// The server's error.
    pub fn add_rows(&self, server: &PostgresServer, new_users: u32) -> Result<(), Error> {
        let script = format!("SET ROLE source_owner;\n\\set new_users {new_users}\n{NEW_ROWS}");
        server.psql(Self::DATABASE, &script)?;
        Ok(())
    }

    /// The URL of the role that can only read.
    #[must_use]
    pub fn url(&self, server: &PostgresServer) -> String {
        server.url("source_user", &Self::PASSWORD.replace(' ', "%20"), Self::DATABASE)
    }
}

/// The database `target_database`: empty, owned by `target_user`, which is not a superuser and cannot
/// create databases.
#[derive(Debug)]
pub struct SampleTarget;

impl SampleTarget {
    /// The database's name.
    pub const DATABASE: &'static str = "target_database";
    /// The password of `target_user`, which must be percent-encoded in a URL.
    const PASSWORD: &'static str = "p@ss:word";

    /// Creates the role and the empty database.
    ///
    /// # Errors
    /// The server's error.
    pub fn create(server: &PostgresServer) -> Result<Self, Error> {
        server.create_role("target_user", Self::PASSWORD)?;
        server.create_database(Self::DATABASE, "target_user")?;
        Ok(Self)
    }

    /// The URL of the database's owner.
    #[must_use]
    pub fn url(&self, server: &PostgresServer) -> String {
        let password = Self::PASSWORD.replace('@', "%40").replace(':', "%3A");
        server.url("target_user", &password, Self::DATABASE)
    }
}
