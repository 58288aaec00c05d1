//! Row security: a table of which a policy may hide rows from our role is refused, never read or written in part.
//!
//! Every session sets `row_security = off` (sql/session.sql), so that the server refuses a query whose rows it would
//! filter; and the tables that this would hit are found before anything is changed, by `row_security_active()`. That is
//! true for owners too when the table has FORCE ROW LEVEL SECURITY.

use crate::Side;

/// What is wrong with the tables, and what helps.
pub(crate) fn refusal(side: Side, tables: &str) -> String {
    let owner = match side {
        Side::Source => "",
        Side::Target => ", or ALTER TABLE … NO FORCE ROW LEVEL SECURITY where it is the owner",
    };
    format!(
        "row security may hide rows of the {side}'s table {tables} from the role: it needs BYPASSRLS{owner}"
    )
}
