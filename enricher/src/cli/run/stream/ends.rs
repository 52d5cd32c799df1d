use std::collections::BTreeMap;
use std::time::Duration;

use crate::letters::{Topic, TopicError};

/// How long a partition is asked whether there is a record behind an offset.
const ASK: Duration = Duration::from_secs(5);

/// The ends that a topic had when a run began, and how far its group is from them.
pub(super) struct Ends {
    topic: Topic,
    /// By partition, how many records are not delivered and from which offset on, when it was asked last.
    before: BTreeMap<i32, (u64, i64)>,
}

impl Ends {
    pub(super) fn new(topic: Topic) -> Self {
        Self { topic, before: BTreeMap::new() }
    }

    /// How many records the group has not delivered; 0 once it has delivered all that there were.
    pub(super) fn left(&mut self) -> Result<u64, TopicError> {
        let mut left = BTreeMap::new();
        for (partition, progress) in self.topic.progress()? {
            let records = self.topic.records_from(partition, progress.base);
            if records > 0 {
                left.insert(partition, (records, progress.base));
            }
        }
        let total = left.values().map(|(records, _)| records).sum();
        // What does not move may be no records: the marks of transactions have offsets too.
        let is_still = left == self.before;
        self.before = left;
        if total > 0 && is_still && self.has_no_record()? {
            return Ok(0);
        }
        Ok(total)
    }

    /// Whether there is no record in what is left.
    fn has_no_record(&mut self) -> Result<bool, TopicError> {
        let starts: Vec<_> = self.before.iter().map(|(partition, (_, offset))| (*partition, *offset)).collect();
        self.topic.read_from(starts.into_iter())?;
        let since = std::time::Instant::now();
        let mut found = false;
        while !self.topic.is_over() && !found && since.elapsed() < ASK {
            found = self.topic.next(Duration::from_millis(50))?.is_some();
        }
        let is_over = self.topic.is_over();
        self.topic.read_from(std::iter::empty())?;
        Ok(!found && is_over)
    }
}
