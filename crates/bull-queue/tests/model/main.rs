//! Random sequences of operations by several clients and workers, against a model in memory: after
//! each operation everything that can be seen must be as the model says.
#![allow(
    clippy::unwrap_used,
    missing_docs,
    unreachable_pub,
    dead_code,
    reason = "a test may panic"
)]

mod expected;
mod observed;
mod operation;
mod stage;
#[path = "../guarantees/support.rs"]
mod support;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};

use operation::Operation;
use stage::Stage;

/// Cases of the ordinary run; `MODEL_CASES` asks for more.
const CASES: u32 = 24;

#[test]
fn whatever_is_done_the_queue_is_as_the_model_says() {
    let cases = std::env::var("MODEL_CASES").ok().and_then(|cases| cases.parse().ok());
    let config = Config {
        cases: cases.unwrap_or(CASES),
        // Each failing attempt waits for what never comes.
        max_shrink_time: 90_000,
        failure_persistence: None,
        ..Config::default()
    };
    let redis = test_servers::RedisServer::start().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let steps = prop::collection::vec((0..stage::CLIENTS, Operation::any()), 1..60);
    let result = TestRunner::new(config).run(&steps, |steps| {
        runtime.block_on(async {
            let mut stage = Stage::set(&redis).await;
            for (number, (client, operation)) in steps.iter().enumerate() {
                let done = stage.step(*client, operation).await;
                done.map_err(|difference| {
                    TestCaseError::fail(format!("step {number}, {operation:?}: {difference}"))
                })?;
            }
            stage.close().await;
            Ok(())
        })
    });
    if let Err(failure) = result {
        panic!("{failure}");
    }
}
