//! Waiting for a reply without falling asleep.
//!
//! Redis on the same machine answers within some tens of microseconds. A thread that sleeps meanwhile
//! lets its core sleep too, and waking a core takes about as long again, above all in a virtual
//! machine. So whoever runs one trivial job after another stays awake for the reply: the task yields
//! until the reply is there, other tasks run in between. Where replies take longer anyway (a Redis on
//! another machine), it costs next to nothing: each wait in vain is followed by twice as many waits
//! asleep.

use std::pin::pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::Poll;
use std::time::{Duration, Instant};

/// The longest that a reply is waited for awake.
const LIMIT: Duration = Duration::from_micros(300);

/// After how many waits asleep one awake is tried again, at most.
const LONGEST_REST: u32 = 4096;

/// Decides whether the next reply is waited for awake.
#[derive(Debug, Default)]
pub(super) struct AdaptiveSpin {
    /// Waits asleep until the next one awake.
    rest: AtomicU32,
    /// Waits asleep after the latest one in vain.
    last_rest: AtomicU32,
}

impl AdaptiveSpin {
    /// Waits for `reply`.
    pub(super) async fn wait<F: Future>(&self, reply: F) -> F::Output {
        let mut reply = pin!(reply);
        if self.is_due() {
            let start = Instant::now();
            while start.elapsed() < LIMIT {
                let poll =
                    std::future::poll_fn(|context| Poll::Ready(reply.as_mut().poll(context))).await;
                if let Poll::Ready(answer) = poll {
                    self.last_rest.store(0, Ordering::Relaxed);
                    return answer;
                }
                tokio::task::yield_now().await;
            }
            self.was_in_vain();
        }
        reply.await
    }

    fn is_due(&self) -> bool {
        let one_less = |rest: u32| rest.checked_sub(1);
        self.rest.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less).is_err()
    }

    fn was_in_vain(&self) {
        let rest = self.last_rest.load(Ordering::Relaxed).saturating_mul(2).clamp(1, LONGEST_REST);
        self.last_rest.store(rest, Ordering::Relaxed);
        self.rest.store(rest, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many of the next `count` waits are awake, if each is in vain.
    fn awake(spin: &AdaptiveSpin, count: u32) -> u32 {
        let mut awake = 0;
        for _ in 0..count {
            if spin.is_due() {
                awake += 1;
                spin.was_in_vain();
            }
        }
        awake
    }

    #[test]
    fn waits_in_vain_become_rare() {
        let spin = AdaptiveSpin::default();
        assert!(spin.is_due() && spin.is_due(), "as long as replies come in time");
        // After 1, 2, 4 ... 512 asleep.
        assert_eq!(awake(&spin, 1023), 10);
        assert!(awake(&spin, 100_000) < 30);
    }

    #[tokio::test]
    async fn a_reply_is_passed_on_whether_it_comes_in_time_or_not() {
        let spin = AdaptiveSpin::default();
        assert_eq!(spin.wait(async { 1 }).await, 1);
        let late = async {
            tokio::time::sleep(LIMIT * 20).await;
            2
        };
        assert_eq!(spin.wait(late).await, 2);
        assert_eq!(spin.rest.load(Ordering::Relaxed), 1, "the next one is waited for asleep");
        assert_eq!(spin.wait(async { 3 }).await, 3);
        assert!(spin.is_due());
    }
}
