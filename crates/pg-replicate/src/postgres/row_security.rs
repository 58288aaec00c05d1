//! Row-level security: a table whose policies may hide rows from the role is refused, never read or written
//! in part.
//!
//! Every session sets `row_security = off` (sql/session.sql), so the server refuses a query whose rows it
//! would filter. Affected tables are found before anything is changed, by `row_security_active()`, which is
//! also true for owners if the table has FORCE ROW LEVEL SECURITY.

use crate::Side;

/// What is wrong with the tables, and what to do.
pub(crate) fn refusal(side: Side, tables: &str) -> String {
    let owner = match side {
        Side::Source => "",
        Side::Target => ", or ALTER TABLE … NO FORCE ROW LEVEL SECURITY where it is the owner",
    };
    format!(
        "row security may hide rows of the {side}'s table {tables} from the role: it needs BYPASSRLS{owner}"
    )
}
