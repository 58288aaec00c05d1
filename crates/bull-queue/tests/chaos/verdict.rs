//! Whether what was promised was kept.

use std::collections::{BTreeMap, HashMap};

use bull_queue::{INTERRUPTED_REASON, Job, Queue, State};

use crate::ATTEMPTS;
use crate::journal::{Entry, Journal};

#[derive(Default)]
struct Runs {
    /// The process whose handler runs.
    by: Option<u32>,
    begun: u32,
    ended_well: bool,
    cut: bool,
}

/// No job was run by two at once, none again after it had ended well or was cut, none too often.
pub fn journal(journal: &Journal) {
    let mut jobs: HashMap<(String, String), Runs> = HashMap::new();
    for entry in journal.read() {
        match entry {
            Entry::Begun(pid, queue, id) => {
                let runs = jobs.entry((queue.clone(), id.clone())).or_default();
                assert_eq!(runs.by, None, "{queue}: job {id} is run by two processes at once");
                assert!(!runs.ended_well, "{queue}: job {id} had ended well, and is run again");
                assert!(!runs.cut, "{queue}: job {id} was cut, and is run again");
                runs.by = Some(pid);
                runs.begun += 1;
                assert!(runs.begun <= ATTEMPTS, "{queue}: job {id} is tried too often");
            }
            Entry::Ended(pid, queue, id, well) => {
                let runs = jobs.get_mut(&(queue, id)).unwrap();
                assert_eq!(runs.by, Some(pid));
                runs.by = None;
                runs.ended_well = well;
            }
            Entry::Cut(pid, queue, id) => {
                let runs = jobs.get_mut(&(queue, id)).unwrap();
                assert_eq!(runs.by, Some(pid));
                runs.by = None;
                runs.cut = true;
            }
            Entry::Dead(pid) => {
                for runs in jobs.values_mut().filter(|runs| runs.by == Some(pid)) {
                    runs.by = None;
                    runs.cut = true;
                }
            }
        }
    }
}

/// The jobs of a queue that have ended, by their number. Each number once.
async fn ended(queue: &Queue) -> BTreeMap<u64, (State, Job)> {
    let mut jobs = BTreeMap::new();
    for state in State::ALL {
        for job in queue.jobs(state, 0, -1).await.unwrap() {
            assert!(matches!(state, State::Completed | State::Failed), "{} is {state}", job.id);
            let number = job.data["number"].as_u64().unwrap();
            let twice = jobs.insert(number, (state, job));
            assert!(twice.is_none(), "{}: two jobs for number {number}", queue.name());
        }
    }
    jobs
}

/// Every job that was added stands somewhere, and every completed one has its one successor.
pub async fn content(first: &Queue, second: &Queue, added: u64) {
    let firsts = ended(first).await;
    let numbers: Vec<u64> = firsts.keys().copied().collect();
    assert_eq!(numbers, (0..added).collect::<Vec<u64>>(), "added and found");
    let completed: Vec<u64> = firsts
        .iter()
        .filter(|(_, (state, _))| *state == State::Completed)
        .map(|(number, _)| *number)
        .collect();
    let seconds = ended(second).await;
    let successors: Vec<u64> = seconds.keys().copied().collect();
    assert_eq!(successors, completed, "a successor for each completed job, and no other");
    for (state, job) in firsts.values().chain(seconds.values()) {
        match (state, job.failed_reason.as_deref()) {
            (State::Completed, _) => assert_eq!(job.return_value, Some(job.data["number"].clone())),
            (State::Failed, Some(INTERRUPTED_REASON)) => assert!(job.attempts_made < ATTEMPTS),
            (State::Failed, Some("broken")) => assert_eq!(job.attempts_made, ATTEMPTS),
            (state, reason) => panic!("job {} is {state}: {reason:?}", job.id),
        }
    }
}

/// After an operator has had the cut ones run again.
pub async fn nothing_is_cut(first: &Queue, second: &Queue) {
    for queue in [first, second] {
        for (number, (state, job)) in ended(queue).await {
            // It fails each time, unless it was the successor of one that did.
            let wanted = if number % 50 == 49 { State::Failed } else { State::Completed };
            assert_eq!(state, wanted, "{}: {:?}", job.id, job.failed_reason);
        }
    }
}
