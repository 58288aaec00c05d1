//! Private files: files and directories that only their owner can read, whatever the umask (mode 0600 in
//! 0700).
//!
//! Everything that contains rows or definitions of a database is created here: dumps, schema archives,
//! unpacked snapshots, fixtures. A file written by another program (pg_dump) is created beforehand, because
//! that program would use the umask.

mod directory;
mod files;
mod partial_file;

pub use directory::PrivateDirectory;
pub use files::{
    claim_directory, create, create_directories, create_new, free_space, is_own_file, restrict,
};
pub use partial_file::PartialFile;
