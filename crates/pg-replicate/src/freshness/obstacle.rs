//! Why the tables cannot be made.

use super::find;
use crate::Error;
use crate::postgres::connection::Connection;

const OWNER: &str = include_str!("../../sql/freshness/owner.sql");

/// Why freshness cannot be written down in `schema`: the source has a schema of this name, or another role has it on the
/// target.
pub(crate) async fn obstacle(
    source: &Connection,
    target: &Connection,
    schema: &str,
) -> Result<Option<String>, Error> {
    const ACTION: &str = "look for the schema of FRESHNESS_SCHEMA";
    let owner = async |side: &Connection| {
        let row = side.query_opt(OWNER, &[&schema]).await;
        row.map_err(|error| side.error(ACTION, &error))
    };
    if owner(source).await?.is_some() {
        return Ok(Some(format!(
            "FRESHNESS_SCHEMA: the source has a schema \"{schema}\" too, whose copy would be in the same place: choose \
             another name"
        )));
    }
    let tables = find(&**target, schema).await.map_err(|error| target.error(ACTION, &error))?;
    Ok(match owner(target).await? {
        Some(row) if tables.is_empty() && !row.get::<_, bool>("is_ours") => Some(format!(
            "FRESHNESS_SCHEMA: the schema \"{schema}\" of the target belongs to role {}: choose another name, or give it \
             to the target's role",
            row.get::<_, String>("owner")
        )),
        _ => None,
    })
}
