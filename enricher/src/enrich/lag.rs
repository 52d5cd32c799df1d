//! How far the partitions of this member are behind.

use std::collections::HashMap;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use foldhash::fast::RandomState;
use serde::Serialize;

use super::Flow;
use crate::sink::Sink;
use crate::source::Progress;

/// How far one partition is.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PartitionLag {
    partition: i32,
    /// Up to where everything is delivered: what is committed, or will be in a moment.
    delivered: i64,
    /// Behind the last record; `null` until the brokers have told.
    end: Option<i64>,
    /// How many records are not delivered.
    lag: Option<i64>,
    /// How old the newest record is that was read, if more are there; 0 if none is.
    lag_seconds: Option<f64>,
    /// How many records were delivered a second, lately.
    records_per_second: f64,
    /// It is read no further, until a person says so.
    halted: bool,
}

impl PartitionLag {
    /// The partition, and how many of its records are not delivered.
    pub(super) fn records(&self) -> Option<(i32, i64)> {
        Some((self.partition, self.lag?))
    }
}

/// What is remembered from one time to the next.
#[derive(Debug, Default)]
pub(super) struct Lags {
    /// The ends that the brokers told.
    pub(super) ends: HashMap<i32, i64, RandomState>,
    /// When it was published last, and how far partitions were.
    before: Option<(Instant, HashMap<i32, i64, RandomState>)>,
}

impl<S: Sink, L: Sink> Flow<'_, S, L> {
    /// Tells the status how far partitions are.
    pub(super) fn publish(&mut self) {
        let now = Instant::now();
        let before = self.lags.before.take();
        let mut delivered = HashMap::default();
        let mut lags: Vec<PartitionLag> = Vec::new();
        for progress in self.assignment.progress() {
            let Progress { partition, delivered: at, position, read_at, halted } = progress;
            delivered.insert(partition, at);
            // What was read is there, whatever the brokers told some seconds ago.
            let end = self.lags.ends.get(&partition).map(|end| (*end).max(position));
            let lag = end.map(|end| (end - at).max(0));
            let rate = before.as_ref().and_then(|(then, before)| {
                let seconds = now.duration_since(*then).as_secs_f64();
                Some((at - before.get(&partition)?).max(0) as f64 / seconds.max(0.001))
            });
            lags.push(PartitionLag {
                partition,
                delivered: at,
                end,
                lag,
                lag_seconds: if lag == Some(0) { Some(0.0) } else { read_at.map(age) },
                records_per_second: (rate.unwrap_or_default() * 10.0).round() / 10.0,
                halted,
            });
        }
        lags.sort_by_key(|lag| lag.partition);
        self.lags.before = Some((now, delivered));
        self.status.publish(lags);
    }
}

/// How many milliseconds ago a time was.
pub(super) fn milliseconds_since(time: i64) -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.as_millis()).unwrap_or(i64::MAX).saturating_sub(time)
}

fn age(time: i64) -> f64 {
    milliseconds_since(time).max(0) as f64 / 1000.0
}
