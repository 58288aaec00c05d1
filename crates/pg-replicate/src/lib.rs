//! pg-replicate
