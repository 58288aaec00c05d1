//! Connection pool to one database, for the duration of a step.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use deadpool_postgres::{Connect, Manager, ManagerConfig, RecyclingMethod};
use tokio::task::JoinHandle;
use tokio_postgres::{Client, Config, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::postgres::connection::{Connection, Session, open_session};
use crate::postgres::connection_rehearsal::too_few;
use crate::{DatabaseUrl, Error, Side};
use progress::Context;

/// Opens connections on demand, up to its size. When dropped, it closes returned connections; the server
/// rolls back what was open in them.
pub(crate) struct Pool {
    pool: deadpool_postgres::Pool,
    url: DatabaseUrl,
    last: Arc<Last>,
}

/// The error of the last attempt to open a connection.
#[derive(Default)]
struct Last {
    tls: Mutex<Option<MakeRustlsConnect>>,
    error: Mutex<Option<Error>>,
    /// The process ids of sessions that were opened and not recorded yet.
    pids: Mutex<Vec<i32>>,
}

impl Pool {
    /// A pool of at most `size` connections to `url`, with this `application_name`.
    pub(crate) fn new(
        url: &DatabaseUrl,
        application_name: &'static str,
        size: usize,
    ) -> Result<Self, Error> {
        let last = Arc::new(Last::default());
        let opener = Opener { url: url.clone(), application_name, last: Arc::clone(&last) };
        let config = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let manager = Manager::from_connect(Config::new(), opener, config);
        let pool = deadpool_postgres::Pool::builder(manager)
            .max_size(size)
            .build()
            .map_err(|error| Error::Configuration(format!("pool of connections: {error}")))?;
        Ok(Self { pool, url: url.clone(), last })
    }

    /// Opens all of its connections now, so that a shortage is found before anything is done. `held` other
    /// connections to the same server are open too.
    ///
    /// # Errors
    /// [`Error::Exhausted`] with the number of connections that were possible; [`Error::Cancelled`],
    /// [`Error::Unreachable`].
    pub(crate) async fn fill(
        &self,
        side: Side,
        held: usize,
        context: &Context,
    ) -> Result<(), Error> {
        let size = self.pool.status().max_size;
        let mut open = Vec::with_capacity(size);
        for number in 1..=size {
            let lent = self.get(context).await;
            open.push(lent.map_err(|error| too_few(error, side, number + held, size + held))?);
        }
        Ok(())
    }

    /// A connection as soon as one is free; abandoned when the step is cancelled.
    pub(crate) async fn get(&self, context: &Context) -> Result<Connection, Error> {
        let lent = tokio::select! {
            biased;
            () = context.cancel.cancelled() => return Err(Error::Cancelled),
            lent = self.pool.get() => lent,
        };
        match lent {
            Ok(client) => {
                for pid in take(&self.last.pids).drain(..) {
                    context.sessions.opened(&self.url.to_string(), pid);
                }
                Ok(Connection::pooled(client, &self.url, take(&self.last.tls).clone()))
            }
            Err(error) => Err(take(&self.last.error).take().unwrap_or_else(|| {
                Error::Unreachable { url: self.url.to_string(), reason: error.to_string() }
            })),
        }
    }
}

fn take<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Opener {
    url: DatabaseUrl,
    application_name: &'static str,
    last: Arc<Last>,
}

type Opened = Result<(Client, JoinHandle<()>), tokio_postgres::Error>;

impl Connect for Opener {
    fn connect(&self, _: &Config) -> Pin<Box<dyn Future<Output = Opened> + Send + '_>> {
        Box::pin(async move {
            match open_session(&self.url, self.application_name).await {
                Ok(Session { client, driver, tls, pid }) => {
                    take(&self.last.pids).push(pid);
                    *take(&self.last.tls) = tls;
                    Ok((client, driver))
                }
                Err(error) => {
                    *take(&self.last.error) = Some(error);
                    // The pool expects an error of tokio-postgres, which cannot be constructed; a
                    // configuration without a host yields one. The actual error is reported instead.
                    let (client, connection) = Config::new().connect(NoTls).await?;
                    Ok((client, tokio::spawn(async { drop(connection) })))
                }
            }
        })
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Pool").field("url", &self.url).finish_non_exhaustive()
    }
}
