//! Permissions of the connection's user.

use serde_json::json;
use uuid::Uuid;

use super::arrivals::subscribe;
use super::client::Queue;
use crate::connection::is_passing;
use crate::error::Error;
use crate::scripts;

/// Missing permissions of a connection's user.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rights {
    /// Refused commands, with Redis's error for each.
    pub refused: Vec<(String, String)>,
    /// Why events can be neither published nor received, if that is so: jobs then start later, and no
    /// events are visible.
    pub channels: Option<String>,
}

impl Queue {
    /// Tries everything that workers and operators need, on temporary keys.
    ///
    /// # Errors
    /// When Redis does not answer, or permits no script.
    pub async fn rights(&self) -> Result<Rights, Error> {
        // A script that Redis already knows need not be loaded.
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
