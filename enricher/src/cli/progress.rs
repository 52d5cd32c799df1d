use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::load;

/// Shows on a terminal how far a long work is; elsewhere it is silent.
pub(crate) struct Progress(ProgressBar);

impl Progress {
    /// For rows of tables.
    pub(crate) fn of_rows() -> Self {
        Self::new("{spinner} {msg}: {human_pos} rows, {per_sec:0}, {elapsed}", true)
    }

    /// For events; not where the events themselves go to the terminal.
    pub(crate) fn of_events(to_stdout: bool) -> Self {
        let shown = !(to_stdout && std::io::stdout().is_terminal());
        Self::new("{spinner} {human_pos} events, {per_sec:0}, {elapsed}", shown)
    }

    /// For the records of a topic, which are so many `what`.
    #[cfg(feature = "kafka")]
    pub(crate) fn of_records(records: u64, what: &'static str) -> Self {
        let progress = Self::new("{bar:30} {human_pos} of {human_len} {msg}, {per_sec:0}, {eta} left", true);
        progress.0.set_message(what);
        progress.0.set_length(records);
        progress
    }

    fn new(template: &str, shown: bool) -> Self {
        let bar = ProgressBar::no_length().with_message("tables");
        if !shown || !std::io::stderr().is_terminal() {
            bar.set_draw_target(ProgressDrawTarget::hidden());
            return Self(bar);
        }
        bar.set_style(ProgressStyle::with_template(template).expect("the template is a constant that parses"));
        bar.enable_steady_tick(Duration::from_millis(200));
        Self(bar)
    }

    /// So many rows of an entity so far.
    pub(crate) fn rows(&self, so_far: &load::Progress<'_>) {
        self.0.set_message(so_far.entity.to_owned());
        self.0.set_position(so_far.rows);
    }

    /// So many events so far.
    pub(crate) fn events(&self, events: u64) {
        self.0.set_position(events);
    }

    /// So many records so far, of so many.
    #[cfg(feature = "kafka")]
    pub(crate) fn records(&self, read: u64, of: u64) {
        self.0.set_length(of);
        self.0.set_position(read);
    }

    /// Clears the line.
    pub(crate) fn finish(&self) {
        self.0.finish_and_clear();
    }
}
