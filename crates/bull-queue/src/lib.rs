//! bull-queue
