//! Resource usage of a copy: time, processors, memory, disk.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};
use serde::{Deserialize, Serialize};

use crate::processes::{Process, family, machine, process, server_cpu};

/// Interval of the samples of memory and disk; a sample takes 1 or 2 ms.
const INTERVAL: Duration = Duration::from_millis(200);

/// Interval and number of checks whether a server's ended sessions are gone.
const SETTLING: Duration = Duration::from_millis(100);
const LOOKS: u32 = 20;

/// Maximum CPU time, in seconds, that an idle server may use between two checks.
const SETTLED: f64 = 0.05;

/// Resources used by a copy.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Usage {
    /// Elapsed time, in seconds.
    pub(crate) seconds: f64,
    /// CPU time of the client's processes, in seconds.
    pub(crate) client_cpu: f64,
    /// CPU time of the source's server, in seconds.
    pub(crate) source_cpu: f64,
    /// CPU time of the target's server, in seconds.
    pub(crate) target_cpu: f64,
    /// Share of all processors' time that was used, 0 to 1.
    pub(crate) busy: f64,
    /// Peak memory of the client's processes together (PSS), in bytes.
    pub(crate) client_memory: u64,
    /// Peak size of the client's directory, in bytes.
    pub(crate) disk: u64,
}

/// Measures from [`Meter::start`] to [`Meter::stop`].
pub(crate) struct Meter {
    servers: [u32; 2],
    before: Counters,
    start: Instant,
    is_over: Arc<AtomicBool>,
    sampler: JoinHandle<Peak>,
}

struct Counters {
    client: f64,
    servers: [f64; 2],
    machine: (f64, f64),
}

#[derive(Default)]
struct Peak {
    memory: u64,
    disk: u64,
}

impl Meter {
    /// `servers` are the main processes of source and target; all other child processes are the client, and
    /// `scratch` is its directory.
    pub(crate) fn start(servers: [u32; 2], scratch: &Path) -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let sampler = std::thread::spawn({
            let (is_over, scratch) = (Arc::clone(&is_over), scratch.to_owned());
            move || sample(servers, &scratch, &is_over)
        });
        let before = count(servers);
        Self { servers, before, start: Instant::now(), is_over, sampler }
    }

    /// The usage since the start. The client's processes must have ended.
    pub(crate) fn stop(self) -> Result<Usage> {
        let seconds = self.start.elapsed().as_secs_f64();
        let (after_machine, before_machine) = (machine(), self.before.machine);
        let after = count(self.servers);
        self.is_over.store(true, Ordering::Relaxed);
        let peak = self.sampler.join().map_err(|_| anyhow!("the sampler panicked"))?;
        let before = self.before;
        Ok(Usage {
            seconds,
            client_cpu: after.client - before.client,
            source_cpu: after.servers[0] - before.servers[0],
            target_cpu: after.servers[1] - before.servers[1],
            busy: (after_machine.0 - before_machine.0) / (after_machine.1 - before_machine.1),
            client_memory: peak.memory,
            disk: peak.disk,
        })
    }
}

fn count(servers: [u32; 2]) -> Counters {
    Counters {
        // The servers are child processes too, but are not waited for before the end.
        client: process(std::process::id()).map_or(0.0, |own| own.ended_children_cpu),
        servers: servers.map(settled_cpu),
        machine: machine(),
    }
}

/// Waits until ended sessions are gone: one that ends during the measurement could be counted twice.
fn settled_cpu(server: u32) -> f64 {
    let mut last = server_cpu(server);
    for _ in 0..LOOKS {
        std::thread::sleep(SETTLING);
        let next = server_cpu(server);
        if (next - last).abs() < SETTLED {
            return next;
        }
        last = next;
    }
    last
}

fn sample(servers: [u32; 2], scratch: &Path, is_over: &AtomicBool) -> Peak {
    let own = std::process::id();
    let mut peak = Peak::default();
    while !is_over.load(Ordering::Relaxed) {
        // The first one is this process.
        let clients = family(own, &servers);
        let memory = clients.iter().skip(1).filter_map(Process::memory).sum();
        peak.memory = peak.memory.max(memory);
        peak.disk = peak.disk.max(size(scratch));
        std::thread::sleep(INTERVAL);
    }
    peak
}

/// Total size of the files in a directory.
fn size(directory: &Path) -> u64 {
    let mut waiting: Vec<PathBuf> = vec![directory.to_owned()];
    let mut bytes = 0;
    while let Some(path) = waiting.pop() {
        for entry in fs::read_dir(path).into_iter().flatten().flatten() {
            match entry.metadata() {
                Ok(metadata) if metadata.is_dir() => waiting.push(entry.path()),
                Ok(metadata) => bytes += metadata.len(),
                Err(_) => {}
            }
        }
    }
    bytes
}
