//! Everything that replicates, on real PostgreSQL. One binary: what the tests share is compiled once.
#![allow(clippy::unwrap_used, missing_docs, dead_code, reason = "a test may panic")]

mod checks;
mod cut_archives;
mod deadlock;
mod drop;
mod enrichment;
mod fingerprint;
mod fixtures;
mod full_copy;
mod incremental;
mod incremental_faults;
mod incremental_late_and_deleted;
mod incremental_modes;
mod incremental_new_columns;
mod interruptions;
mod kept_tables;
mod live_copy;
mod live_faults;
mod live_tables;
mod load;
mod masking;
mod masking_incremental;
mod masking_live;
mod messages;
mod moment;
mod postgis;
mod preserved;
mod real_databases;
mod refused;
mod shell;
mod source_side;
mod support;
mod tls;
mod verify;
mod versions;
