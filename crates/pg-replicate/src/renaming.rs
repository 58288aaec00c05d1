//! Names of a copy that is built in other schemas than it will have.
//!
//! PostgreSQL resolves most names when an object is created, so a schema can be renamed afterwards. Until
//! then, every statement has to name the schema in which the copy is built. Statements are rewritten token by
//! token, as written by pg_dump with an empty search_path: every name is qualified.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use crate::TableName;
use crate::postgres::identifier::{DEFAULT_SCHEMA, quote_identifier, quote_literal};
use crate::postgres::sql_text::{LexError, Token, TokenKind, tokens};

/// Types whose values are names: a string cast to one of them is resolved at once.
const NAME_TYPES: [&str; 9] = [
    "regclass",
    "regproc",
    "regprocedure",
    "regtype",
    "regoper",
    "regoperator",
    "regconfig",
    "regdictionary",
    "regcollation",
];

/// Functions whose first argument is the name of a sequence.
const OF_SEQUENCES: [&str; 3] = ["nextval", "setval", "currval"];

/// In a script, which makes tables of its own: words before the name of one.
const TABLE_FOLLOWS: [&str; 9] =
    ["TABLE", "VIEW", "EXISTS", "INTO", "FROM", "JOIN", "UPDATE", "ONLY", "USING"];

/// The schema in which the objects of each schema are built, and what is not built there.
#[derive(Clone, Debug, Default)]
pub(crate) struct Renaming {
    schemas: BTreeMap<String, String>,
    stays: HashSet<(String, String)>,
    /// Those of [`Self::stays`] that are only routines.
    routines: HashSet<(String, String)>,
    /// What is built.
    made: HashSet<(String, String)>,
}

impl Renaming {
    /// `schemas`: the final name of each schema, and the one in which it is built. `stays`: schema and name
    /// of objects that stay where they are, and whether it is the name of a routine.
    pub(crate) fn new(
        schemas: BTreeMap<String, String>,
        stays: impl IntoIterator<Item = (String, String, bool)>,
    ) -> Self {
        let mut renaming = Self { schemas, ..Self::default() };
        let mut others = HashSet::new();
        for (schema, name, is_routine) in stays {
            let key = (schema, name);
            if is_routine {
                renaming.routines.insert(key.clone());
            } else {
                others.insert(key.clone());
            }
            renaming.stays.insert(key);
        }
        renaming.routines.retain(|name| !others.contains(name));
        renaming
    }

    /// Schema and name of what is built, which tell a qualified name from the column of a table that is named
    /// like a schema.
    pub(crate) fn making(mut self, made: impl Iterator<Item = (String, String)>) -> Self {
        self.made = made.collect();
        self
    }

    /// Each schema's final name and the one in which it is built.
    pub(crate) fn schemas(&self) -> impl Iterator<Item = (&str, &str)> {
        self.schemas.iter().map(|(schema, staged)| (schema.as_str(), staged.as_str()))
    }

    /// Where the objects of `schema` are built.
    pub(crate) fn schema<'a>(&'a self, schema: &'a str) -> &'a str {
        self.schemas.get(schema).map_or(schema, String::as_str)
    }

    /// Whether an object stays where it is.
    pub(crate) fn stays(&self, schema: &str, name: &str) -> bool {
        self.stays.contains(&(schema.to_owned(), name.to_owned()))
    }

    /// Where a table is built.
    pub(crate) fn table(&self, table: &TableName) -> TableName {
        if self.stays(&table.schema, &table.name) {
            return table.clone();
        }
        TableName::new(self.schema(&table.schema), &table.name)
    }

    /// A statement of pg_dump. Strings remain unchanged, except those that are names for the server.
    pub(crate) fn statement(&self, sql: &str) -> Result<String, LexError> {
        self.rewrite(sql, Scope::Statement)
    }

    /// A statement of pg_dump that creates a routine: also its body, which the build may execute, and its
    /// search_path.
    pub(crate) fn routine(&self, sql: &str) -> Result<String, LexError> {
        self.rewrite(sql, Scope::Routine)
    }

    /// A statement of a user's script, in which names without a schema belong to the default schema.
    pub(crate) fn script(&self, sql: &str) -> Result<String, LexError> {
        self.rewrite(sql, Scope::Script)
    }

    /// A message of the server, with the final names.
    pub(crate) fn original(&self, message: &str) -> String {
        self.schemas
            .iter()
            .fold(message.to_owned(), |text, (schema, staged)| text.replace(staged, schema))
    }

    fn rewrite(&self, sql: &str, scope: Scope) -> Result<String, LexError> {
        let mut tokens = tokens(sql)?;
        tokens.retain(|token| token.kind != TokenKind::Comment);
        let (mut rewritten, mut at) = (String::with_capacity(sql.len() + 64), 0);
        for (place, token) in tokens.iter().enumerate() {
            let context = Place { tokens: &tokens, place };
            let new = match token.kind {
                TokenKind::Word | TokenKind::Quoted => self.name(&context, scope),
                TokenKind::Text => self.text(&context, scope),
                _ => None,
            };
            if let Some(new) = new {
                rewritten.push_str(&sql[at..token.start]);
                rewritten.push_str(&new);
                at = token.end();
            }
        }
        rewritten.push_str(&sql[at..]);
        Ok(rewritten)
    }

    fn name(&self, at: &Place<'_, '_>, scope: Scope) -> Option<String> {
        if at.before(1).is_some_and(|token| token.is_symbol('.')) {
            return None;
        }
        let name = at.after(0).and_then(plain_name)?;
        if at.after(1).is_some_and(|token| token.is_symbol('.')) {
            let staged = self.schemas.get(&name)?;
            let qualified = at.qualified()?;
            if self.stays(&name, &qualified)
                || at.is_also_a_table(&name) && !self.is_qualified(at, scope, &name, qualified)
            {
                return None;
            }
            return Some(quote_identifier(staged));
        }
        if scope != Scope::Script || at.before(1).is_some_and(|token| token.is_word("AS")) {
            return None;
        }
        let key = (DEFAULT_SCHEMA.to_owned(), name);
        let is_call = at.after(1).is_some_and(|token| token.is_symbol('('));
        (self.stays.contains(&key) && (is_call || !self.routines.contains(&key)))
            .then(|| TableName::new(key.0, key.1).quoted())
    }

    /// Whether the name before the dot is the schema, in a statement where it is a table's name or an alias too.
    fn is_qualified(&self, at: &Place<'_, '_>, scope: Scope, schema: &str, name: String) -> bool {
        self.made.contains(&(schema.to_owned(), name))
            || at.after(3).is_some_and(|token| token.is_symbol('('))
            || at.before(1).is_some_and(|token| {
                token.is_symbol(':')
                    || scope == Scope::Script
                        && TABLE_FOLLOWS.iter().any(|word| token.is_word(word))
            })
    }

    fn text(&self, at: &Place<'_, '_>, scope: Scope) -> Option<String> {
        let text = at.after(0)?.text;
        if at.is_cast_to("regnamespace") {
            let name = text.strip_prefix('\'')?.strip_suffix('\'')?.replace("''", "'");
            let staged = self.schemas.get(&plain_name(tokens(&name).ok()?.first()?)?)?;
            return Some(quote_literal(&quote_identifier(staged)));
        }
        if at.is_name_for_the_server() {
            let name = text.strip_prefix('\'')?.strip_suffix('\'')?.replace("''", "'");
            let renamed = self.rewrite(&name, Scope::Statement).ok()?;
            return (renamed != name).then(|| quote_literal(&renamed));
        }
        if scope == Scope::Script {
            return at.is_body_in_a_script().then(|| self.body(text, Scope::Block)).flatten();
        }
        if scope == Scope::Block && at.is_executed() {
            return self.body(text, Scope::Block);
        }
        if scope != Scope::Routine {
            return None;
        }
        if at.is_in_search_path() {
            let schema = text.strip_prefix('\'')?.strip_suffix('\'')?.replace("''", "'");
            let staged = self.schemas.get(&schema)?;
            // What stays is still in the schema itself.
            return Some(format!("{}, {text}", quote_literal(staged)));
        }
        if at.before(1).is_some_and(|token| token.is_word("AS")) {
            return self.body(text, Scope::Statement);
        }
        None
    }

    /// The body of a routine as a string. In a language with other tokens than SQL's, it may remain
    /// unchanged.
    fn body(&self, text: &str, scope: Scope) -> Option<String> {
        if let Some(body) = text.strip_prefix('\'').and_then(|body| body.strip_suffix('\'')) {
            let body = body.replace("''", "'");
            let renamed = self.rewrite(&body, scope).ok()?;
            return (renamed != body).then(|| quote_literal(&renamed));
        }
        let tag = text.strip_prefix('$')?.split('$').next()?;
        let delimiter = format!("${tag}$");
        let body = text.strip_prefix(&delimiter)?.strip_suffix(&delimiter)?;
        let body = self.rewrite(body, scope).ok()?;
        Some(format!("{delimiter}{body}{delimiter}"))
    }
}

/// Names that both stay and are made by the copy: a qualified name would be ambiguous.
pub(crate) fn ambiguous(
    renaming: &Renaming,
    made: impl Iterator<Item = (String, String)>,
) -> BTreeSet<String> {
    made.filter(|(schema, name)| renaming.stays(schema, name))
        .map(|(schema, name)| format!("{schema}.{name}"))
        .collect()
}

/// Which names and strings of a statement are rewritten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scope {
    Statement,
    Routine,
    Script,
    /// The body of a block or a routine of a script.
    Block,
}

/// A token and its neighbours.
struct Place<'a, 't> {
    tokens: &'a [Token<'t>],
    place: usize,
}

impl<'a, 't> Place<'a, 't> {
    fn before(&self, distance: usize) -> Option<&'a Token<'t>> {
        self.place.checked_sub(distance).and_then(|place| self.tokens.get(place))
    }

    fn after(&self, distance: usize) -> Option<&'a Token<'t>> {
        self.tokens.get(self.place + distance)
    }

    /// Whether the name is in the statement without a name after it: as a table of any schema, or as an alias.
    fn is_also_a_table(&self, name: &str) -> bool {
        self.tokens.iter().enumerate().any(|(place, token)| {
            plain_name(token).is_some_and(|found| found == name)
                && self.tokens.get(place + 1).is_none_or(|next| !next.is_symbol('.'))
        })
    }

    /// The name after the dot, which may be an operator.
    fn qualified(&self) -> Option<String> {
        let first = self.after(2)?;
        if let Some(name) = plain_name(first) {
            return Some(name);
        }
        let mut end = first.start;
        let symbols = self.tokens[self.place + 2..].iter().take_while(|token| {
            let is_next = token.start == end && "+-*/<>=~!@#%^&|`?".contains(token.text);
            end = token.end();
            is_next
        });
        let operator: String = symbols.map(|token| token.text).collect();
        (!operator.is_empty()).then_some(operator)
    }

    /// Whether a string is converted to a name when the object is created, or is the sequence of a call.
    fn is_name_for_the_server(&self) -> bool {
        if NAME_TYPES.iter().any(|name| self.is_cast_to(name)) {
            return true;
        }
        let ends = |symbol| self.after(1).is_some_and(|token| token.is_symbol(symbol));
        (ends(',') || ends(')'))
            && self.before(1).is_some_and(|token| token.is_symbol('('))
            && self
                .before(2)
                .is_some_and(|token| OF_SEQUENCES.iter().any(|name| token.is_word(name)))
    }

    /// Whether a string is what DO runs, or the body of a routine.
    fn is_body_in_a_script(&self) -> bool {
        let first = |word| self.tokens.first().is_some_and(|token| token.is_word(word));
        let is = |at, word| self.before(at).is_some_and(|token| token.is_word(word));
        let is_routine = self
            .tokens
            .iter()
            .take(4)
            .any(|token| token.is_word("FUNCTION") || token.is_word("PROCEDURE"));
        first("DO") && (is(1, "DO") || is(2, "LANGUAGE"))
            || first("CREATE") && is_routine && is(1, "AS")
    }

    /// Whether a string is SQL that a block runs: `EXECUTE '…'` or `EXECUTE format('…'`.
    fn is_executed(&self) -> bool {
        let is = |at, word| self.before(at).is_some_and(|token| token.is_word(word));
        is(1, "EXECUTE") || is(2, "format") && is(3, "EXECUTE")
    }

    fn is_cast_to(&self, of_names: &str) -> bool {
        let is_qualified = self.after(3).is_some_and(|token| token.is_word("pg_catalog"));
        let name = if is_qualified { 5 } else { 3 };
        [1, 2].iter().all(|at| self.after(*at).is_some_and(|token| token.is_symbol(':')))
            && self.after(name).is_some_and(|token| token.is_word(of_names))
    }

    /// Whether a string is one of `SET search_path TO 'a', 'b'`.
    fn is_in_search_path(&self) -> bool {
        let mut distance = 1;
        while self
            .before(distance)
            .is_some_and(|token| token.kind == TokenKind::Text || token.is_symbol(','))
        {
            distance += 1;
        }
        let is_set =
            self.before(distance).is_some_and(|token| token.is_word("TO") || token.is_symbol('='));
        is_set && self.before(distance + 1).is_some_and(|token| token.is_word("search_path"))
    }
}

/// The name of a token, as in the catalog.
fn plain_name(token: &Token<'_>) -> Option<String> {
    match token.kind {
        TokenKind::Word => Some(token.text.to_ascii_lowercase()),
        TokenKind::Quoted => {
            Some(token.text.strip_prefix('"')?.strip_suffix('"')?.replace("\"\"", "\""))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn renaming() -> Renaming {
        let schemas = [("public", "next_1"), ("Odd \"x", "next_2")];
        let stays = [
            ("public", "citext", false),
            ("public", "kept", false),
            ("public", "similarity", true),
            ("public", "=", false),
        ];
        Renaming::new(
            schemas.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect(),
            stays.iter().map(|(a, b, is)| ((*a).to_owned(), (*b).to_owned(), *is)),
        )
    }

    #[test]
    fn qualified_names_move_and_what_stays_does_not() {
        let renaming = renaming();
        for (sql, expected) in [
            (
                "CREATE TABLE public.t (a public.citext)",
                "CREATE TABLE \"next_1\".t (a public.citext)",
            ),
            (
                "SELECT \"public\".\"T\".x FROM Public.\"T\"",
                "SELECT \"next_1\".\"T\".x FROM \"next_1\".\"T\"",
            ),
            ("CREATE VIEW \"Odd \"\"x\".v AS SELECT 1", "CREATE VIEW \"next_2\".v AS SELECT 1"),
            ("SELECT a OPERATOR(public.=) b", "SELECT a OPERATOR(public.=) b"),
            ("SELECT a OPERATOR(public.<>) b", "SELECT a OPERATOR(\"next_1\".<>) b"),
            ("SELECT (x.public).f, y.public.z", "SELECT (x.public).f, y.public.z"),
            ("SELECT 'public.t', 'public.t'::text", "SELECT 'public.t', 'public.t'::text"),
            ("nextval('public.t_id_seq'::regclass)", "nextval('\"next_1\".t_id_seq'::regclass)"),
            (
                "'public'::regnamespace, '\"Odd \"\"x\"'::regnamespace",
                "'\"next_1\"'::regnamespace, '\"next_2\"'::regnamespace",
            ),
            (
                "pg_catalog.setval('public.\"a''b\"', 5, true)",
                "pg_catalog.setval('\"next_1\".\"a''b\"', 5, true)",
            ),
            (
                "COMMENT ON TABLE public.t IS 'of public.t'",
                "COMMENT ON TABLE \"next_1\".t IS 'of public.t'",
            ),
            ("other.t -- public.t\n, public.t", "other.t -- public.t\n, \"next_1\".t"),
        ] {
            assert_eq!(renaming.statement(sql).unwrap(), expected);
        }
    }

    #[test]
    fn columns_of_a_table_that_is_named_like_a_schema_stay() {
        let made = [("public", "public"), ("public", "t")];
        let renaming = renaming().making(made.iter().map(|(a, b)| ((*a).into(), (*b).into())));
        for (sql, expected) in [
            (
                "SELECT public.id, public.f(public.x)::public.d FROM public.public",
                "SELECT public.id, \"next_1\".f(public.x)::\"next_1\".d FROM \"next_1\".public",
            ),
            (
                "WITH public AS (SELECT 1 AS id) SELECT public.id FROM public JOIN public.t USING (id)",
                "WITH public AS (SELECT 1 AS id) SELECT public.id FROM public JOIN \"next_1\".t USING (id)",
            ),
        ] {
            assert_eq!(renaming.statement(sql).unwrap(), expected);
        }
        assert_eq!(
            renaming.script("CREATE TABLE public.n AS SELECT public.id FROM t public").unwrap(),
            "CREATE TABLE \"next_1\".n AS SELECT public.id FROM t public"
        );
    }

    #[test]
    fn bodies_and_search_paths_of_routines() {
        let renaming = renaming();
        for (sql, expected) in [
            (
                "CREATE FUNCTION public.f() RETURNS int LANGUAGE sql SET search_path TO 'public', 'pg_temp' AS $_$ SELECT 1 FROM public.t WHERE 'public.t' = x $_$",
                "CREATE FUNCTION \"next_1\".f() RETURNS int LANGUAGE sql SET search_path TO 'next_1', 'public', 'pg_temp' AS $_$ SELECT 1 FROM \"next_1\".t WHERE 'public.t' = x $_$",
            ),
            (
                "CREATE FUNCTION public.g() AS 'SELECT ''a'', public.f()'",
                "CREATE FUNCTION \"next_1\".g() AS 'SELECT ''a'', \"next_1\".f()'",
            ),
            (
                "CREATE FUNCTION public.p() AS $$ it's = public.x $$",
                "CREATE FUNCTION \"next_1\".p() AS $$ it's = public.x $$",
            ),
        ] {
            assert_eq!(renaming.routine(sql).unwrap(), expected);
        }
    }

    #[test]
    fn scripts_name_what_stays_without_its_schema() {
        let renaming = renaming();
        for (sql, expected) in [
            ("CREATE INDEX ON kept (x)", "CREATE INDEX ON \"public\".\"kept\" (x)"),
            (
                "SELECT kept.x FROM kept, t AS kept",
                "SELECT kept.x FROM \"public\".\"kept\", t AS kept",
            ),
            (
                "SELECT similarity(a, b), similarity",
                "SELECT \"public\".\"similarity\"(a, b), similarity",
            ),
            ("DROP VIEW IF EXISTS public.v", "DROP VIEW IF EXISTS \"next_1\".v"),
        ] {
            assert_eq!(renaming.script(sql).unwrap(), expected);
        }
        for (sql, expected) in [
            (
                "DO $$BEGIN UPDATE public.t SET x = 'public.t'; EXECUTE 'DROP TABLE public.u'; END$$",
                "DO $$BEGIN UPDATE \"next_1\".t SET x = 'public.t'; EXECUTE 'DROP TABLE \"next_1\".u'; END$$",
            ),
            (
                "DO LANGUAGE plpgsql $x$BEGIN EXECUTE format('TRUNCATE public.%I', t); END$x$",
                "DO LANGUAGE plpgsql $x$BEGIN EXECUTE format('TRUNCATE \"next_1\".%I', t); END$x$",
            ),
            (
                "CREATE OR REPLACE FUNCTION public.f() RETURNS int LANGUAGE sql AS 'TABLE public.t'",
                "CREATE OR REPLACE FUNCTION \"next_1\".f() RETURNS int LANGUAGE sql AS 'TABLE \"next_1\".t'",
            ),
        ] {
            assert_eq!(renaming.script(sql).unwrap(), expected);
        }
        assert_eq!(renaming.original("relation \"next_1.t\""), "relation \"public.t\"");
    }

    proptest::proptest! {
        #[test]
        fn without_schemas_nothing_changes(sql in "[a-c '\"$.,()public]{0,60}") {
            let none = Renaming::default();
            if let Ok(text) = none.routine(&sql) {
                assert_eq!(text, sql);
            }
        }
    }
}
