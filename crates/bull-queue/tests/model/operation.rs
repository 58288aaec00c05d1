//! What clients and workers do.

use bull_queue::State;
use proptest::prelude::*;

/// A job that was ever added, as a share of all of them.
pub type Any = prop::sample::Index;

#[derive(Debug, Clone)]
pub struct NewJob {
    pub id: Option<&'static str>,
    pub priority: u64,
    pub lifo: bool,
    pub delayed: bool,
    pub attempts: u32,
    pub backoff: bool,
    pub keep: Option<u64>,
}

#[derive(Debug, Clone)]
pub enum Operation {
    Add(NewJob),
    AddBulk(Vec<NewJob>),
    Pause,
    Resume,
    Promote(Any),
    /// All that is due within a day.
    PromoteDue,
    Retry(Any),
    RetryFailed(usize),
    Remove(Any),
    Log(Any),
    /// The handler of a running job ends well, with an error, or with one that no try helps.
    Complete(Any),
    Fail(Any),
    Discard(Any),
    FailByHand(Any),
    CompleteByHand(Any),
    Drain(bool),
    Clean(State, Option<usize>),
    Obliterate,
}

fn new_job() -> impl Strategy<Value = NewJob> {
    (
        prop::option::weighted(0.15, prop::sample::select(vec!["a", "b", "c"])),
        prop_oneof![3 => Just(0_u64), 2 => 1_u64..4],
        prop::bool::weighted(0.2),
        prop::bool::weighted(0.2),
        1_u32..4,
        any::<bool>(),
        prop::option::weighted(0.4, 0_u64..3),
    )
        .prop_map(|(id, priority, lifo, delayed, attempts, backoff, keep)| NewJob {
            id,
            priority,
            lifo,
            delayed,
            attempts,
            backoff,
            keep,
        })
}

impl Operation {
    pub fn any() -> impl Strategy<Value = Self> {
        let state = prop::sample::select(State::ALL.to_vec());
        let index = any::<Any>;
        prop_oneof![
            16 => new_job().prop_map(Self::Add),
            2 => prop::collection::vec(new_job(), 1..5).prop_map(Self::AddBulk),
            2 => Just(Self::Pause),
            4 => Just(Self::Resume),
            3 => index().prop_map(Self::Promote),
            1 => Just(Self::PromoteDue),
            4 => index().prop_map(Self::Retry),
            1 => (0_usize..4).prop_map(Self::RetryFailed),
            3 => index().prop_map(Self::Remove),
            2 => index().prop_map(Self::Log),
            8 => index().prop_map(Self::Complete),
            8 => index().prop_map(Self::Fail),
            2 => index().prop_map(Self::Discard),
            2 => index().prop_map(Self::FailByHand),
            1 => index().prop_map(Self::CompleteByHand),
            1 => any::<bool>().prop_map(Self::Drain),
            2 => (state, prop::option::of(0_usize..4)).prop_map(|(state, limit)| Self::Clean(state, limit)),
            1 => Just(Self::Obliterate),
        ]
    }
}
