//! queue-cli
