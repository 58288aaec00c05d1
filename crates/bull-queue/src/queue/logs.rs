//! The log of a job.

use redis::pipe;
use serde::Serialize;
use serde_json::json;
use uuid::Uuid;

use super::client::Queue;
use crate::error::Error;
use crate::job::JobId;
use crate::scripts;

/// Lines of a job's log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Logs {
    /// The lines asked for, oldest first.
    pub lines: Vec<String>,
    /// Their total number.
    pub count: u64,
}

impl Queue {
    /// Appends a line to a job's log and returns the number of lines.
    ///
    /// # Errors
    /// If there is no such job, or Redis does not answer.
    pub async fn append_log(&self, id: &str, line: &str) -> Result<u64, Error> {
        let request = json!({ "nonce": Uuid::new_v4().to_string(), "id": id, "line": line });
        let (count, _): (u64, _) =
            self.run("append to a job's log", &scripts::LOG, &request).await?;
        if count == 0 {
            return Err(Error::NoSuchJob { queue: self.name().to_owned(), id: JobId::from(id) });
        }
        Ok(count)
    }

    /// The log of a job, from `start` to `end` inclusive; 0 is the first line, and negative numbers count
    /// from the last.
    ///
    /// # Errors
    /// When Redis does not answer.
    pub async fn logs(&self, id: &str, start: isize, end: isize) -> Result<Logs, Error> {
        let mut commands = pipe();
        commands.lrange(self.keys().logs(id), start, end).llen(self.keys().logs(id));
        let (lines, count): (Vec<Vec<u8>>, u64) = self.query("read a job's log", &commands).await?;
        let lines = lines.iter().map(|line| String::from_utf8_lossy(line).into_owned()).collect();
        Ok(Logs { lines, count })
    }
}
