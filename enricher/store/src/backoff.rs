//! How long to wait before the next try.

use std::hash::BuildHasher as _;
use std::time::Duration;

use foldhash::fast::RandomState;

/// Pauses that double from a first to a longest one. Each is shortened by a random part of up to half, so that many who
/// lost the same thing at once do not ask for it at once.
#[derive(Clone, Debug)]
pub struct Backoff {
    first: Duration,
    longest: Duration,
    tries: u32,
}

impl Backoff {
    /// Pauses from `first` to `longest`.
    pub const fn new(first: Duration, longest: Duration) -> Self {
        Self { first, longest, tries: 0 }
    }

    /// The next pause.
    pub fn next_pause(&mut self) -> Duration {
        let doubled = self.first.saturating_mul(1u32.checked_shl(self.tries).unwrap_or(u32::MAX));
        self.tries = self.tries.saturating_add(1).min(31);
        let whole = doubled.min(self.longest);
        // Each state is seeded anew.
        let random = RandomState::default().hash_one(self.tries) >> 32;
        whole - whole.mul_f64(random as f64 / f64::from(u32::MAX) / 2.0)
    }

    /// Begins with the first pause again.
    pub fn reset(&mut self) {
        self.tries = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest_and_differ() {
        let (first, longest) = (Duration::from_millis(100), Duration::from_secs(1));
        let mut backoff = Backoff::new(first, longest);
        for most in [100, 200, 400, 800, 1000, 1000] {
            let (pause, most) = (backoff.next_pause(), Duration::from_millis(most));
            assert!((most / 2..=most).contains(&pause), "{pause:?} of {most:?}");
        }
        let many: Vec<Duration> = (0..100).map(|_| backoff.next_pause()).collect();
        assert!(many.iter().any(|pause| *pause != many[0]));
        assert!(many.iter().all(|pause| (longest / 2..=longest).contains(pause)));
        backoff.reset();
        assert!(backoff.next_pause() <= first);
    }
}
