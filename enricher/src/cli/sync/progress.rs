//! How far a sync is: a bar on a terminal, a line a minute elsewhere.

use std::io::IsTerminal as _;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use indicatif::{HumanCount, ProgressBar, ProgressStyle};
use weft_sync::{Progress, Step};

use crate::cli::tell;
use crate::sync::News;

const WORKING: &str = "{spinner} {msg}, {elapsed}";
const APPLYING: &str = "{bar:30} {msg}: {human_pos} of {human_len} rows, {per_sec:0}, {eta} left";

/// What is shown of one entity's sync.
pub(super) struct Shown {
    entity: String,
    bar: Option<ProgressBar>,
    last: Mutex<String>,
}

impl Shown {
    pub(super) fn new(entity: &str) -> Self {
        let bar = std::io::stderr().is_terminal().then(ProgressBar::no_length);
        if let Some(bar) = &bar {
            bar.set_style(style(WORKING));
            bar.set_message(format!("{entity}: reads what there is"));
            bar.enable_steady_tick(Duration::from_millis(200));
        }
        Self { entity: entity.to_owned(), bar, last: Mutex::new("reads what there is".to_owned()) }
    }

    pub(super) fn take(&self, news: News) {
        let (text, progress) = match news {
            News::Waits(waiting) => (format!("waits: {}", waiting.text()), None),
            News::Works(progress) => (text(progress), Some(progress)),
        };
        let Some(bar) = &self.bar else {
            if progress.is_none() {
                self.say(&text);
            }
            *self.last.lock().unwrap_or_else(PoisonError::into_inner) = text;
            return;
        };
        match progress {
            Some(Progress { step: Step::Apply, rows, of: Some(of) }) => {
                if bar.length().is_none() {
                    bar.set_length(of);
                    bar.set_style(style(APPLYING));
                    bar.set_message(self.entity.clone());
                    bar.reset_eta();
                }
                bar.set_position(rows);
            }
            _ => bar.set_message(format!("{}: {text}", self.entity)),
        }
    }

    /// Says once a minute what it is at, where no bar shows it. Never ends.
    pub(super) async fn every_minute(&self) {
        loop {
            tokio::time::sleep(Duration::from_secs(60)).await;
            if self.bar.is_none() {
                let last = self.last.lock().unwrap_or_else(PoisonError::into_inner).clone();
                self.say(&last);
            }
        }
    }

    fn say(&self, text: &str) {
        tell(format_args!("entity {}: {text}", self.entity));
    }

    pub(super) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("the template is a constant that parses")
}

fn text(progress: Progress) -> String {
    let rows = match progress.of {
        Some(of) => format!(", {} of {} rows", HumanCount(progress.rows), HumanCount(of)),
        None => String::new(),
    };
    match progress.step {
        Step::Stage => "compares the table with its last snapshot".to_owned(),
        Step::Check => format!("checks the keys of what differs{rows}"),
        Step::Promote => "writes the new snapshot".to_owned(),
        Step::Apply => format!("writes to the store{rows}"),
    }
}
