//! SQL text: tokens, names, statements. Implements enough of PostgreSQL's lexical rules to find the ends of
//! names and statements reliably, but no grammar.

mod cursor;
mod lexer;
mod statements;

pub(crate) use crate::postgres::sql_text::cursor::Cursor;
pub(crate) use crate::postgres::sql_text::lexer::{
    LexError, Strings, Token, TokenKind, head, tokens,
};
pub(crate) use crate::postgres::sql_text::statements::{Statement, split};
