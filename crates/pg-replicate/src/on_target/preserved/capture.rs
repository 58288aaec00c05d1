//! What is to be given back, read before it is dropped.

use tokio_postgres::types::Oid;
use tokio_postgres::{Error, GenericClient, Row};

use super::object::{Kind, Preserved};
use super::store;
use crate::on_target::dependents::Dependent;
use crate::postgres::identifier::quote_identifier;

const DEFINITIONS: &str = include_str!("../../../sql/on_target/preserved/definitions.sql");
pub(super) const IS_THERE: &str = include_str!("../../../sql/on_target/preserved/is_there.sql");
const GRANTS: &str = include_str!("../../../sql/on_target/preserved/grants.sql");
const DEFAULT_PRIVILEGES: &str =
    include_str!("../../../sql/on_target/preserved/default_privileges.sql");

const BY_HAND: &str = "it uses a type that holds a domain of another role, whose check our role would run; run its \
                       statements as that role";

/// What is lost with the objects (`classes` and `oids`) that are dropped, and with their `dependents`, and can be given
/// back afterwards. `schemas` are all schemas that are dropped in the same run.
///
/// # Errors
/// What the server said.
pub async fn capture(
    client: &(impl GenericClient + Sync),
    classes: &[Oid],
    oids: &[Oid],
    dependents: &[Dependent],
    schemas: &[Oid],
) -> Result<Vec<Preserved>, Error> {
    let theirs: Vec<&Dependent> = dependents.iter().filter(|one| one.is_preserved()).collect();
    let mut preserved = definitions(client, &theirs, schemas).await?;
    let dropped_schemas: Vec<Oid> =
        oids.iter().copied().filter(|oid| schemas.contains(oid)).collect();
    preserved.extend(default_privileges(client, &dropped_schemas).await?);
    let whole = theirs.iter().map(|one| one.address).filter(|(.., column)| *column == 0);
    let all = classes.iter().copied().zip(oids.iter().copied());
    let (classes, oids): (Vec<Oid>, Vec<Oid>) =
        all.chain(whole.map(|(class, oid, _)| (class, oid))).unzip();
    for row in client.query(GRANTS, &[&classes, &oids]).await? {
        let address = (row.get("classid"), row.get("objid"), 0);
        // The definitions come first, in the order of `theirs`.
        if let Some(place) = theirs.iter().position(|one| one.address == address) {
            preserved[place].statements.extend(row.get::<_, Vec<String>>("statements"));
            continue;
        }
        let (secured_table, policies) = (row.get("secured_table"), row.get("policies"));
        preserved.push(Preserved { secured_table, policies, ..grants(&row) });
    }
    Ok(preserved)
}

/// The default privileges of `schemas`, and what they give to objects that are not there yet.
///
/// # Errors
/// What the server said.
pub(crate) async fn default_privileges(
    client: &(impl GenericClient + Sync),
    schemas: &[Oid],
) -> Result<Vec<Preserved>, Error> {
    Ok(client.query(DEFAULT_PRIVILEGES, &[&schemas]).await?.iter().map(grants).collect())
}

fn grants(row: &Row) -> Preserved {
    Preserved {
        kind: Kind::Grants,
        object: row.get("object"),
        owner: String::new(),
        statements: row.get("statements"),
        to_owner: None,
        to_owner_as_ours: None,
        at_last: None,
        may_be_theirs: false,
        may_be_ours: false,
        secured_table: None,
        policies: None,
        is_ours: false,
        reason: None,
    }
}

/// Whether the object that the server describes as `object`, which is ours, does no more than it would as another role's.
/// What it reads may have been made by others since it was written down.
pub(super) async fn may_be_ours(
    client: &(impl GenericClient + Sync),
    object: &str,
) -> Result<bool, Error> {
    let there = client.query_one(IS_THERE, &[&object]).await?;
    let (class, oid): (Option<Oid>, Option<Oid>) = (there.get("classid"), there.get("objid"));
    let (Some(class), Some(oid)) = (class, oid) else { return Ok(false) };
    let ours = store::made_as_ours(client).await?;
    let (columns, schemas) = (vec![0], Vec::<Oid>::new());
    let row = client
        .query_one(DEFINITIONS, &[&vec![class], &vec![oid], &columns, &schemas, &ours])
        .await?;
    Ok(row.get("may_be_ours"))
}

async fn definitions(
    client: &(impl GenericClient + Sync),
    of: &[&Dependent],
    schemas: &[Oid],
) -> Result<Vec<Preserved>, Error> {
    let classes: Vec<Oid> = of.iter().map(|one| one.address.0).collect();
    let oids: Vec<Oid> = of.iter().map(|one| one.address.1).collect();
    let columns: Vec<i32> = of.iter().map(|one| one.address.2).collect();
    let ours = store::made_as_ours(client).await?;
    let rows = client.query(DEFINITIONS, &[&classes, &oids, &columns, &schemas, &ours]).await?;
    Ok(of
        .iter()
        .zip(&rows)
        .map(|(dependent, row)| {
            let mut statements: Vec<String> = row.get("statements");
            if let (true, Some(definition)) = (statements.is_empty(), &dependent.definition) {
                // As its owner, who needs the rights for it. This is no protection: what is run here can reset the role.
                let role = format!("SET LOCAL ROLE {}", quote_identifier(&dependent.owner));
                let not_valid = if row.get("is_not_valid") { " NOT VALID" } else { "" };
                statements = vec![role, format!("{definition}{not_valid}"), "RESET ROLE".into()];
            }
            let runs_theirs: bool = row.get("runs_theirs");
            Preserved {
                kind: if runs_theirs { Kind::ByHand } else { Kind::Definition },
                object: dependent.object.clone(),
                owner: dependent.owner.clone(),
                statements,
                to_owner: row.get("to_owner"),
                to_owner_as_ours: row.get("to_owner_as_ours"),
                at_last: row.get("at_last"),
                may_be_theirs: dependent.may_be_theirs,
                may_be_ours: row.get("may_be_ours"),
                secured_table: None,
                policies: None,
                is_ours: false,
                reason: runs_theirs.then(|| BY_HAND.to_owned()),
            }
        })
        .collect())
}
