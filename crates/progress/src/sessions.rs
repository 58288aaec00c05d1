//! Sessions that a run has opened on database servers.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

/// The sessions that a run has opened, by the database; and the programs, by the name that they are seen by.
#[derive(Clone, Default)]
pub struct Sessions(Arc<Mutex<Opened>>);

#[derive(Default)]
struct Opened {
    /// Database and number.
    sessions: BTreeSet<(String, i32)>,
    programs: BTreeSet<String>,
}

impl Sessions {
    /// Notes the session with this number.
    pub fn opened(&self, database: &str, pid: i32) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .sessions
            .insert((database.to_owned(), pid));
    }

    /// Notes a program that opens sessions by this name.
    pub fn started(&self, application_name: &str) {
        let mut own = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        own.programs.insert(application_name.to_owned());
    }

    /// The numbers of the sessions there, and the names of all programs.
    pub fn of(&self, database: &str) -> (Vec<i32>, Vec<String>) {
        let own = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let pids = own.sessions.iter().filter(|(its, _)| its == database).map(|(_, pid)| *pid);
        (pids.collect(), own.programs.iter().cloned().collect())
    }
}
