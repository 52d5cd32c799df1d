use std::sync::{Mutex, PoisonError};

static WRITING: Mutex<()> = Mutex::new(());

/// Lets SIGINT and SIGTERM end the process at once, but never half-way through a line that is being written.
pub(crate) fn end_between_lines() -> std::io::Result<()> {
    let mut signals = signal_hook::iterator::Signals::new([signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM])?;
    std::thread::spawn(move || {
        if let Some(signal) = signals.forever().next() {
            let _writing = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
            // 128 + the signal's number is how shells name such an end.
            std::process::exit(128 + signal);
        }
    });
    Ok(())
}

/// Writes without being ended half-way.
pub(super) fn not_during<T>(write: impl FnOnce() -> T) -> T {
    let _writing = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
    write()
}
