//! Data of databases, dumps and scripts into tables that are there already: all or nothing.

mod common;
mod databases;
mod dumps;
mod errors;
mod escapes;
mod excluded;
mod foreign_keys;
mod interruptions;
mod log;
mod psql;
mod scripts;
mod sequences;
mod streams;
