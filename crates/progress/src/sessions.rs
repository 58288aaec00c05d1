//! Sessions that a run has opened on database servers.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

/// The sessions that a run has opened, by database, and the client programs it has started, by application
/// name.
#[derive(Clone, Default)]
pub struct Sessions(Arc<Mutex<Opened>>);

#[derive(Default)]
struct Opened {
    /// Database and process id.
    sessions: BTreeSet<(String, i32)>,
    programs: BTreeSet<String>,
}

impl Sessions {
    /// Records the session with this process id.
    pub fn opened(&self, database: &str, pid: i32) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .sessions
            .insert((database.to_owned(), pid));
    }

    /// Records a client program that opens sessions with this application name.
    pub fn started(&self, application_name: &str) {
        let mut own = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        own.programs.insert(application_name.to_owned());
    }

    /// The process ids of the sessions in this database, and the names of all client programs.
    pub fn of(&self, database: &str) -> (Vec<i32>, Vec<String>) {
        let own = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let pids = own.sessions.iter().filter(|(its, _)| its == database).map(|(_, pid)| *pid);
        (pids.collect(), own.programs.iter().cloned().collect())
    }
}
