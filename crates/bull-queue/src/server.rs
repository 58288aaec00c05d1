//! Information about a Redis server.

/// Information about a Redis server; empty if it does not permit the request.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Server {
    /// Its version, such as `7.0.15`.
    pub version: Option<String>,
    /// Whether it is part of a Redis Cluster.
    pub is_cluster: bool,
    /// Its policy when memory is full (`maxmemory-policy`), if it drops keys.
    pub evicts: Option<String>,
}

impl Server {
    /// Parses the reply to `INFO`.
    pub(crate) fn read(info: &str) -> Self {
        let field = |name: &str| {
            let value = |line: &str| Some(line.strip_prefix(name)?.strip_prefix(':')?.to_owned());
            info.lines().find_map(|line| value(line.trim_end()))
        };
        Self {
            version: field("redis_version"),
            is_cluster: field("cluster_enabled").as_deref() == Some("1"),
            evicts: field("maxmemory_policy").filter(|policy| policy != "noeviction"),
        }
    }

    /// Why jobs can get lost on this Redis, if they can.
    #[must_use]
    pub fn danger(&self) -> Option<String> {
        self.evicts.as_ref().map(|policy| {
            format!(
                "maxmemory-policy is {policy}: once its memory is full, Redis drops keys of the \
                 queues, and jobs, locks or the schedule are lost without a word; set it to noeviction"
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_redis_says_is_read() {
        let info = "# Server\r\nredis_version:7.0.15\r\nmaxmemory_policy:allkeys-lru\r\ncluster_enabled:1\r\n";
        let server = Server::read(info);
        assert_eq!(server.version.as_deref(), Some("7.0.15"));
        assert!(server.is_cluster && server.danger().unwrap().contains("allkeys-lru"));
        assert_eq!(
            Server::read("maxmemory_policy:noeviction\r\ncluster_enabled:0\r\n"),
            Server::default()
        );
    }
}
