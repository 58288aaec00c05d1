//! Sentinels: finds the master that they name, and follows changes.

use std::sync::{PoisonError, RwLock, Weak};
use std::time::Duration;

use redis::sentinel::{SentinelClient, SentinelClientBuilder, SentinelServerType};
use redis::{Client, ConnectionAddr, RedisError, TlsMode};

use crate::connection::{Current, certificates, manager_config, tcp_settings};
use crate::redis_url::{Sentinels, Trust};

/// How often the sentinels are asked for the master.
const PERIOD: Duration = Duration::from_secs(1);

/// Sentinels of one service.
pub(crate) struct Watch {
    sentinels: SentinelClient,
}

impl Watch {
    pub(crate) fn new(place: &Sentinels, trust: &Trust) -> Result<Self, RedisError> {
        let hosts = place.hosts.iter().map(|(host, port)| ConnectionAddr::Tcp(host.clone(), *port));
        let mut builder =
            SentinelClientBuilder::new(hosts, &place.service, SentinelServerType::Master)?
                .set_client_to_redis_db(place.database)
                .set_client_to_redis_tcp_settings(tcp_settings());
        if place.tls {
            let is_any = *trust == Trust::Anybody;
            let mode = if is_any { TlsMode::Insecure } else { TlsMode::Secure };
            builder = builder.set_client_to_redis_tls_mode(mode);
            if let Some(certificates) = certificates(trust) {
                builder = builder.set_client_to_redis_certificates(certificates);
            }
        }
        if let Some(user) = &place.user {
            builder = builder.set_client_to_redis_username(user);
        }
        if let Some(password) = &place.password {
            builder = builder.set_client_to_redis_password(password);
        }
        Ok(Self { sentinels: builder.build()? })
    }

    /// A client of the current master.
    pub(crate) async fn master(&mut self) -> Result<Client, RedisError> {
        self.sentinels.async_get_client().await
    }

    /// Replaces the old master by the new one, until nobody uses the connection any more.
    pub(crate) async fn follow(mut self, current: Weak<RwLock<Current>>) {
        loop {
            tokio::time::sleep(PERIOD).await;
            let Some(shared) = current.upgrade() else { return };
            // No sentinel answers, or none knows a master: the current one may still be right.
            let Ok(master) = self.master().await else { continue };
            let addr = |client: &Client| client.get_connection_info().addr().clone();
            let known = addr(&shared.read().unwrap_or_else(PoisonError::into_inner).client);
            if known == addr(&master) {
                continue;
            }
            tracing::debug!("Redis has a new master: {}", addr(&master));
            if let Ok(current) = Current::lazy(master, manager_config()) {
                *shared.write().unwrap_or_else(PoisonError::into_inner) = current;
            }
        }
    }
}
