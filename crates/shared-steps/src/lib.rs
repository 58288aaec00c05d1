//! shared-steps
