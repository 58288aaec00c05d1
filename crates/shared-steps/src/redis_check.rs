//! Whether Redis suits the queues: reachable, keeping its data, and with a user who has the rights that are
//! needed.

use std::collections::BTreeSet;

use bull_queue::{Connection, Error, Queue};
use pg_replicate::Check;

use crate::server_check::LIMIT;
use crate::{Settings, jobs};

const SUBJECT: &str = "REDIS_URL";

/// One line for each check.
pub(crate) async fn run(settings: &Settings) -> Vec<Check> {
    match tokio::time::timeout(LIMIT, inspect(settings)).await {
        Ok(Ok(checks)) => checks,
        Ok(Err(error)) => vec![Check::of(SUBJECT, Err(error.to_string()))],
        Err(_) => {
            let text =
                format!("{} did not answer within {} s", settings.redis_url, LIMIT.as_secs());
            vec![Check::of(SUBJECT, Err(text))]
        }
    }
}

async fn inspect(settings: &Settings) -> Result<Vec<Check>, Error> {
    let connection = bull_queue::connect_to(&settings.redis_url).await?;
    let server = connection.server().await?;
    let (mut refused, mut deaf) = (BTreeSet::new(), BTreeSet::new());
    for job in jobs::enabled(settings) {
        let queue = Queue::new(connection.clone(), job.step().queue);
        queue.counts().await?;
        let rights = queue.rights().await?;
        for (command, reason) in rights.refused {
            refused.insert(format!("{command} on the keys of {} ({reason})", queue.name()));
        }
        if let Some(reason) = rights.channels {
            deaf.insert(format!("{} ({reason})", queue.name()));
        }
    }
    let listed = |lines: BTreeSet<String>| lines.into_iter().collect::<Vec<_>>().join("; ");
    let outcome = if refused.is_empty() {
        let version = server.version.as_deref().unwrap_or("of an unknown version");
        Ok(format!("Redis {version} at {}", settings.redis_url))
    } else {
        Err(format!("Redis refuses what the queues need: {}", listed(refused)))
    };
    let mut checks = vec![Check::of(SUBJECT, outcome)];
    if !deaf.is_empty() {
        let text = format!(
            "the user may not use the channels of the queues, so that jobs start some seconds late and \
             nobody can watch them; give it `&bull:*`: {}",
            listed(deaf)
        );
        checks.push(Check::warning(SUBJECT, text));
    }
    checks.extend(server.danger().map(|danger| Check::warning(SUBJECT, danger)));
    Ok(checks)
}

/// Logs why jobs can get lost on this Redis, if they can.
pub async fn warn(connection: &Connection) {
    if let Ok(server) = connection.server().await
        && let Some(danger) = server.danger()
    {
        tracing::warn!("Redis at {}: {danger}", connection.url());
    }
}
