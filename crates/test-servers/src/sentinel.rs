//! A private Redis sentinel.

use crate::error::{Error, IoContext};
use crate::launch::hand_over;
use crate::redis::{RedisOptions, RedisServer};

/// A sentinel that watches one master; stopped when dropped.
#[derive(Debug)]
pub struct RedisSentinel {
    server: RedisServer,
}

impl RedisSentinel {
    /// The name under which the master is watched.
    pub const SERVICE: &'static str = "night";

    /// Starts a sentinel that decides alone on a new master, half a second after losing the old one.
    ///
    /// # Errors
    /// As [`RedisServer::start`].
    pub fn start(master: &RedisServer) -> Result<Self, Error> {
        let mut server = RedisServer::prepare(RedisOptions::default())?;
        let file = server.directory().join("sentinel.conf");
        let service = Self::SERVICE;
        let settings = [
            format!("port {}", server.port()),
            "bind 127.0.0.1".into(),
            format!("sentinel monitor {service} 127.0.0.1 {} 1", master.port()),
            format!("sentinel down-after-milliseconds {service} 500"),
            format!("sentinel failover-timeout {service} 5000"),
        ];
        std::fs::write(&file, settings.join("\n")).during("write the settings of a sentinel")?;
        hand_over(&file)?;
        server.spawn(&[file.display().to_string(), "--sentinel".into()])?;
        Ok(Self { server })
    }

    /// The sentinel's port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.server.port()
    }

    /// The URL of the watched master through this sentinel.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis+sentinel://127.0.0.1:{}/{}", self.port(), Self::SERVICE)
    }
}
