use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Whether a write is on its way.
static WRITING: Mutex<bool> = Mutex::new(false);
static WRITTEN: Condvar = Condvar::new();

/// How long a write may hold up the end. A disk takes a chunk in much less; a pipe that nobody reads from takes none.
const GRACE: Duration = Duration::from_secs(2);

/// Lets SIGINT and SIGTERM end the process at once, but not half-way through a line that is being written, unless
/// whoever takes the lines has stopped doing so.
pub(crate) fn end_between_lines() -> std::io::Result<()> {
    let mut signals = signal_hook::iterator::Signals::new([signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM])?;
    std::thread::spawn(move || {
        if let Some(signal) = signals.forever().next() {
            // Held to the end, so that no other write begins.
            let _writing = WRITTEN
                .wait_timeout_while(writing(), GRACE, |writing| *writing)
                .unwrap_or_else(PoisonError::into_inner);
            // 128 + the signal's number is how shells name such an end.
            std::process::exit(128 + signal);
        }
    });
    Ok(())
}

/// Writes without being ended half-way.
pub(super) fn not_during<T>(write: impl FnOnce() -> T) -> T {
    *writing() = true;
    let written = write();
    *writing() = false;
    WRITTEN.notify_all();
    written
}

fn writing() -> MutexGuard<'static, bool> {
    WRITING.lock().unwrap_or_else(PoisonError::into_inner)
}
