//! The queue beside the real Node.js programs: bull 4.16.5, bull-repl 0.27.2, bull-board's API.

mod board;
mod content;
mod differences;
mod dotenv;
mod install;
mod night;
mod node;
mod operations;
mod ours;
mod real_worker;
mod repl;
mod running;
mod scenario;
