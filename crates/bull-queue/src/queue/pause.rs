//! Pausing and resuming.

use redis::pipe;
use serde_json::json;

use super::client::Queue;
use crate::error::Error;
use crate::scripts;

impl Queue {
    /// Stops workers from fetching jobs from now on; running jobs finish.
    ///
    /// # Errors
    /// When Redis does not answer.
    pub async fn pause(&self) -> Result<(), Error> {
        self.set_paused(true).await
    }

    /// Lets workers fetch jobs again.
    ///
    /// # Errors
    /// When Redis does not answer.
    pub async fn resume(&self) -> Result<(), Error> {
        self.set_paused(false).await
    }

    /// Whether the queue is paused.
    ///
    /// # Errors
    /// When Redis does not answer.
    pub async fn is_paused(&self) -> Result<bool, Error> {
        let mut commands = pipe();
        commands.exists(self.keys().part("meta-paused"));
        let (paused,): (bool,) = self.query("tell whether it is paused", &commands).await?;
        Ok(paused)
    }

    async fn set_paused(&self, paused: bool) -> Result<(), Error> {
        let action = if paused { "pause it" } else { "resume it" };
        self.run::<()>(action, &scripts::PAUSE, &json!({ "paused": paused })).await?;
        Ok(())
    }
}
