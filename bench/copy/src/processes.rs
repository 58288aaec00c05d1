//! Information about processes from `/proc` (proc(5)).

use std::fs;

/// Clock ticks per second in `/proc`, on every Linux.
const TICKS: f64 = 100.0;

/// A line of `/proc/<pid>/stat`.
pub(crate) struct Process {
    pid: u32,
    parent: u32,
    /// CPU time of the process, in seconds.
    pub(crate) own_cpu: f64,
    /// CPU time of its children that have ended and were waited for, and of theirs, in seconds.
    pub(crate) ended_children_cpu: f64,
}

/// Information about a process, if it exists.
pub(crate) fn process(pid: u32) -> Option<Process> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field is the program's name in parentheses, and may itself contain some.
    let (_, after_name) = stat.rsplit_once(')')?;
    let fields: Vec<&str> = after_name.split_whitespace().collect();
    // proc(5) counts from 1, and the name is its second.
    let field = |number: usize| fields.get(number - 3)?.parse::<u64>().ok();
    #[expect(clippy::cast_precision_loss, reason = "seconds")]
    let seconds = |number: usize| field(number).map(|ticks| ticks as f64 / TICKS);
    Some(Process {
        pid,
        parent: u32::try_from(field(4)?).ok()?,
        own_cpu: seconds(14)? + seconds(15)?,
        ended_children_cpu: seconds(16)? + seconds(17)?,
    })
}

/// `pid` and all its descendants, except the families of `without`.
pub(crate) fn family(pid: u32, without: &[u32]) -> Vec<Process> {
    let mut others: Vec<Process> = fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| process(entry.file_name().to_str()?.parse().ok()?))
        .filter(|process| !without.contains(&process.pid))
        .collect();
    let is_first = |process: &mut Process| process.pid == pid;
    let mut found: Vec<Process> = others.extract_if(.., is_first).collect();
    let mut next = 0;
    while let Some(parent) = found.get(next).map(|process| process.pid) {
        found.extend(others.extract_if(.., |process| process.parent == parent));
        next += 1;
    }
    found
}

impl Process {
    /// Memory of a process in bytes, with shared pages divided among the processes that share them (PSS).
    pub(crate) fn memory(&self) -> Option<u64> {
        let rollup = fs::read_to_string(format!("/proc/{}/smaps_rollup", self.pid)).ok()?;
        let line = rollup.lines().find_map(|line| line.strip_prefix("Pss:"))?;
        Some(line.trim().strip_suffix(" kB")?.parse::<u64>().ok()? * 1024)
    }
}

/// CPU time of a server and its processes, including those that have ended, in seconds.
pub(crate) fn server_cpu(postmaster: u32) -> f64 {
    let living: f64 = family(postmaster, &[]).iter().map(|process| process.own_cpu).sum();
    living + process(postmaster).map_or(0.0, |postmaster| postmaster.ended_children_cpu)
}

/// Time of all processors since the machine started: busy, and total.
pub(crate) fn machine() -> (f64, f64) {
    let stat = fs::read_to_string("/proc/stat").unwrap_or_default();
    let times: Vec<f64> = stat
        .lines()
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .skip(1)
        // user nice system idle iowait irq softirq steal; what follows is counted in user and nice.
        .take(8)
        .map(|field| field.parse().unwrap_or(0.0))
        .collect();
    let all: f64 = times.iter().sum();
    let idle: f64 = times.iter().skip(3).take(2).sum();
    (all - idle, all)
}
