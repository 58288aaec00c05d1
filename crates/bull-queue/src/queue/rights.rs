//! What the user of the connection may do.

use serde_json::json;
use uuid::Uuid;

use super::arrivals::subscribe;
use super::client::Queue;
use crate::connection::is_passing;
use crate::error::Error;
use crate::scripts;

/// What the user of a connection may not do to a queue.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rights {
    /// Commands that are refused, and what Redis says to each.
    pub refused: Vec<(String, String)>,
    /// Why nothing can be published or listened to, if so: jobs run, but later, and nobody hears of them.
    pub channels: Option<String>,
}

impl Queue {
    /// Tries everything that workers and operators need, on keys of its own, which are gone at once.
    ///
    /// # Errors
    /// When Redis does not answer, or lets us run no script.
    pub async fn rights(&self) -> Result<Rights, Error> {
        // A script that Redis knows needs no loading.
        let mut load = redis::pipe();
        load.cmd("SCRIPT").arg("LOAD").arg("return 1");
        let _: Vec<String> = self.query("load a script", &load).await?;
        let request = json!({ "nonce": Uuid::new_v4() });
        let (mut refused, _): (Vec<(String, String)>, _) =
            self.run("run a script", &scripts::CHECK_RIGHTS, &request).await?;
        let publish = refused.iter().position(|(command, _)| command == "PUBLISH");
        let publish = publish.map(|place| refused.remove(place).1);
        let listen = match subscribe(self).await {
            Ok(_) => None,
            Err(error) if is_passing(&error) => {
                return Err(self.error("accept a subscription", error));
            }
            Err(error) => Some(error.to_string()),
        };
        Ok(Rights { refused, channels: publish.or(listen) })
    }
}
