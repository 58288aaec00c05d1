//! What happens to the workers and to Redis.

use std::time::Duration;

use nix::sys::signal::Signal;
use test_servers::RedisServer;

use crate::journal::Journal;
use crate::worker::WorkerProcess;

const WORKERS: usize = 3;

/// Processes to make trouble for, and a source of chance that a seed repeats.
pub struct Trouble {
    redis: RedisServer,
    journal: Journal,
    workers: Vec<WorkerProcess>,
    chance: u64,
    seed: u64,
    struck: [u32; 5],
}

impl Trouble {
    /// `CHAOS_SEED` repeats the order of an earlier run.
    pub fn begin(redis: RedisServer, journal: Journal) -> Self {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        let seed = std::env::var("CHAOS_SEED").ok().and_then(|seed| seed.parse().ok());
        let seed = seed.unwrap_or(now.as_secs());
        println!("CHAOS_SEED={seed}");
        let workers = (0..WORKERS).map(|_| WorkerProcess::start(&redis.url(), &journal)).collect();
        Self { redis, journal, workers, chance: seed | 1, seed, struck: [0; 5] }
    }

    /// A number below `limit` (xorshift).
    fn below(&mut self, limit: u64) -> u64 {
        self.chance ^= self.chance << 13;
        self.chance ^= self.chance >> 7;
        self.chance ^= self.chance << 17;
        self.chance % limit
    }

    async fn wait(&mut self, least: u64, most: u64) {
        let pause = least + self.below(most - least);
        tokio::time::sleep(Duration::from_millis(pause)).await;
    }

    fn replace(&mut self) -> WorkerProcess {
        let place = usize::try_from(self.below(WORKERS as u64)).unwrap();
        let fresh = WorkerProcess::start(&self.redis.url(), &self.journal);
        std::mem::replace(&mut self.workers[place], fresh)
    }

    /// One blow, after a while of peace.
    pub async fn strike(&mut self) {
        self.wait(100, 500).await;
        let blow = match self.below(10) {
            0..=3 => {
                self.replace().kill();
                0
            }
            4 => {
                self.replace().terminate().await;
                1
            }
            5 | 6 => {
                // Some longer than a lock lives, so that the others take the job for cut.
                let place = usize::try_from(self.below(WORKERS as u64)).unwrap();
                self.workers[place].signal(Signal::SIGSTOP);
                self.wait(100, 5000).await;
                self.workers[place].signal(Signal::SIGCONT);
                2
            }
            7 | 8 => {
                self.redis.pause();
                // Some longer than anybody waits for a reply: what was asked is asked again, and
                // then Redis does both.
                if self.below(3) == 0 {
                    self.wait(5200, 6500).await;
                } else {
                    self.wait(100, 2500).await;
                }
                self.redis.resume();
                3
            }
            _ => {
                self.redis.kill();
                self.wait(10, 1500).await;
                self.redis.start_again().unwrap();
                4
            }
        };
        self.struck[blow] += 1;
    }

    /// No more trouble: some workers, and time for all that was stopped.
    pub async fn calm(&mut self) {
        self.wait(10, 20).await;
    }

    /// How much trouble there was.
    pub fn summary(&self) -> String {
        let [killed, ended, stopped, paused, restarted] = self.struck;
        format!(
            "workers killed {killed}, ended {ended}, stopped {stopped}; Redis stopped {paused}, \
             killed {restarted} (CHAOS_SEED={})",
            self.seed
        )
    }

    /// Every worker ends in order.
    pub async fn end(self) {
        for worker in self.workers {
            worker.terminate().await;
        }
    }
}
