//! Files and directories that only their owner can read, whatever the umask: mode 0600 in 0700.
//!
//! Everything that holds rows or definitions of a database is created here: dumps, schema archives,
//! unpacked snapshots, fixtures. A program that is started to write a file (pg_dump) is given one that
//! exists already, because it would create it by the umask.

mod directory;
mod files;
mod partial_file;

pub use directory::PrivateDirectory;
pub use files::{
    claim_directory, create, create_directories, create_new, free_space, is_own_file, restrict,
};
pub use partial_file::PartialFile;
