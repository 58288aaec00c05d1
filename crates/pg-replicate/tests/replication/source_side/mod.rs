//! What a copy owes to the database that it reads, and what odd sources do not change.

mod locks;
mod pooler;
mod races;
mod settings;
mod sql_ascii;
mod standby;
