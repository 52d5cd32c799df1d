//! What the machine itself adds to every time that is measured on it.

use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

const NAP: Duration = Duration::from_millis(1);
const STALL: Duration = Duration::from_millis(10);

/// Lets a process or thread run before others where that is allowed; without the right to it everything is measured
/// all the same.
pub(crate) fn first_at_the_processor(id: &str) {
    let mut renice = Command::new("renice");
    let _ = renice.args(["-n", "-10", "-p", id]).stdout(Stdio::null()).stderr(Stdio::null()).status();
}

/// A thread that only naps, as early at the processor as Redis: where it wakes 10 ms late, so does Redis, and a command
/// that waits so long says nothing of its own cost.
pub(crate) struct Stalls {
    ends: Arc<AtomicBool>,
    counted: Arc<AtomicU64>,
    thread: Option<JoinHandle<()>>,
}

impl Stalls {
    pub(crate) fn watch() -> Stalls {
        let (ends, counted) = (Arc::<AtomicBool>::default(), Arc::<AtomicU64>::default());
        let thread = std::thread::spawn({
            let (ends, counted) = (ends.clone(), counted.clone());
            move || {
                let own = std::fs::read_link("/proc/thread-self").unwrap();
                first_at_the_processor(&own.file_name().unwrap().to_string_lossy());
                while !ends.load(Ordering::Relaxed) {
                    let asleep = Instant::now();
                    std::thread::sleep(NAP);
                    if asleep.elapsed() >= NAP + STALL {
                        counted.fetch_add(1, Ordering::Relaxed);
                    }
                }
            }
        });
        Stalls { ends, counted, thread: Some(thread) }
    }

    /// How often the thread woke at least 10 ms late so far.
    pub(crate) fn so_far(&self) -> u64 {
        self.counted.load(Ordering::Relaxed)
    }
}

impl Drop for Stalls {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::Relaxed);
        let _ = self.thread.take().map(JoinHandle::join);
    }
}
