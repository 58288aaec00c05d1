//! Reading SQL text: tokens, names, statements. Enough of PostgreSQL's lexical rules to never be
//! wrong about where a name or a statement ends; no grammar.

mod cursor;
mod lexer;
mod statements;

pub(crate) use crate::postgres::sql_text::cursor::Cursor;
pub(crate) use crate::postgres::sql_text::lexer::{Strings, Token, TokenKind, head, tokens};
pub(crate) use crate::postgres::sql_text::statements::{Statement, split};
