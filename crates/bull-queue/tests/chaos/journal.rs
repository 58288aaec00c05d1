//! What the workers did, in the order in which it happened: one file that all of them append to.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

/// The journal. Redis knows nothing of it.
#[derive(Debug, Clone)]
pub struct Journal {
    path: PathBuf,
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// A handler began: process, queue, job.
    Begun(u32, String, String),
    /// A handler ended, well or not.
    Ended(u32, String, String, bool),
    /// A handler was told to stop, and did.
    Cut(u32, String, String),
    /// A process is dead, and has been waited for.
    Dead(u32),
}

impl Journal {
    pub fn new(path: &Path) -> Self {
        File::create(path).unwrap();
        Self { path: path.to_owned() }
    }

    pub fn open(path: &str) -> Self {
        Self { path: path.into() }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// One write, so that lines of several processes do not mix.
    pub fn write(&self, entry: &Entry) {
        let line = match entry {
            Entry::Begun(pid, queue, id) => format!("begun|{pid}|{queue}|{id}\n"),
            Entry::Ended(pid, queue, id, well) => format!("ended|{pid}|{queue}|{id}|{well}\n"),
            Entry::Cut(pid, queue, id) => format!("cut|{pid}|{queue}|{id}\n"),
            Entry::Dead(pid) => format!("dead|{pid}\n"),
        };
        let mut file = File::options().append(true).open(&self.path).unwrap();
        file.write_all(line.as_bytes()).unwrap();
    }

    pub fn read(&self) -> Vec<Entry> {
        let text = std::fs::read_to_string(&self.path).unwrap();
        let entry = |line: &str| {
            let words: Vec<&str> = line.split('|').collect();
            let pid = words[1].parse().unwrap();
            match words[0] {
                "begun" => Entry::Begun(pid, words[2].to_owned(), words[3].to_owned()),
                "ended" => {
                    Entry::Ended(pid, words[2].to_owned(), words[3].to_owned(), words[4] == "true")
                }
                "cut" => Entry::Cut(pid, words[2].to_owned(), words[3].to_owned()),
                _ => Entry::Dead(pid),
            }
        };
        text.lines().map(entry).collect()
    }
}
