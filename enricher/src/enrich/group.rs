//! What the group says, and what is done about it.

use std::time::{Duration, Instant};

use rdkafka::error::RDKafkaErrorCode as Code;
use rdkafka::message::Message as _;

use super::{Flow, Pause, Trouble};
use crate::sink::Sink;
use crate::source::Notice;

/// How long outputs of partitions that are to be given back may take. The group waits meanwhile; after it, what was not
/// delivered is delivered by the next owner, perhaps a second time.
const DRAIN: Duration = Duration::from_secs(10);

/// How long until a question that was not answered is asked again.
const ASK_AGAIN: Duration = Duration::from_secs(2);

impl<S: Sink, L: Sink> Flow<'_, S, L> {
    /// Acts on what the group says.
    pub(super) fn follow_group(&mut self) {
        for notice in self.source.notices() {
            match notice {
                Notice::Assigned(partitions) => self.to_begin = Some((partitions, Instant::now())),
                Notice::Revoked(partitions) => {
                    self.begins_not(&partitions);
                    tracing::info!(?partitions, "partitions are to be given back");
                    self.assignment.revoke(&partitions, Instant::now() + DRAIN);
                    self.revoked.get_or_insert_default().extend(partitions);
                }
                Notice::Lost(partitions) => {
                    tracing::warn!(
                        ?partitions,
                        "the group took this member for dead; what was not committed comes again"
                    );
                    self.revoked = None;
                    self.begins_not(&partitions);
                    self.forget(&partitions);
                    self.count_rebalance();
                }
                Notice::CommitFailed(code) => {
                    tracing::warn!(%code, "the group does not take offsets; they are committed again");
                    self.assignment.commit_again();
                }
                Notice::Ends(ends) => self.lags.ends.extend(ends),
            }
        }
        self.begin();
        self.give_back();
        self.ask_source();
    }

    /// Does not begin with partitions that were taken away before it was known where to start.
    fn begins_not(&mut self, partitions: &[i32]) {
        if let Some((assigned, _)) = &mut self.to_begin {
            assigned.retain(|partition| !partitions.contains(partition));
        }
    }

    /// Begins to read what was assigned, once it is known from where.
    fn begin(&mut self) {
        let Some((partitions, _)) = self.to_begin.take_if(|(_, when)| *when <= Instant::now()) else { return };
        let offsets = match self.source.starts(&partitions) {
            Ok(offsets) => offsets,
            Err(error) => {
                self.source_trouble(error.rdkafka_error_code().unwrap_or(Code::Fail));
                self.to_begin = Some((partitions, Instant::now() + ASK_AGAIN));
                return;
            }
        };
        if let Err(error) = self.source.assign(&offsets) {
            tracing::warn!(%error, "failed to begin with partitions that were assigned; joins the group again");
            self.fatal = Some(error.rdkafka_error_code().unwrap_or(Code::Fail));
            return;
        }
        offsets.iter().for_each(|(partition, offset)| self.assignment.add(*partition, *offset));
        if self.paused {
            self.pause_all();
        }
        tracing::info!(?partitions, "partitions are read");
        self.status.joined();
        self.count_rebalance();
    }

    /// Gives back what was revoked, once what was read of it is delivered.
    fn give_back(&mut self) {
        if self.revoked.is_none() || !self.assignment.is_drained(Instant::now()) {
            return;
        }
        if let Some(partitions) = self.revoked.take() {
            self.commit(true);
            self.forget(&partitions);
            tracing::info!(?partitions, "partitions are given back");
            self.count_rebalance();
        }
    }

    fn count_rebalance(&self) {
        if let Some(counters) = self.status.counters() {
            counters.rebalance();
        }
    }

    /// Lets go of partitions. What is still on its way of them must not arrive behind what their next owner sends: it is
    /// dropped, and with it what is on its way of others, which is read again.
    fn forget(&mut self, partitions: &[i32]) {
        if self.assignment.has_outputs(partitions) {
            self.sink.close();
            self.letters.close();
            let message =
                format!("outputs of partitions {partitions:?}, which another member reads now, were not acknowledged");
            self.trouble.get_or_insert(Trouble { pause: Pause::DestinationSlow, message });
        }
        self.held.retain(|record| !partitions.contains(&record.partition()));
        self.suspects.forget(partitions);
        let was_halted = self.assignment.is_halted();
        partitions.iter().for_each(|partition| self.assignment.remove(*partition));
        if was_halted && !self.assignment.is_halted() {
            // Whoever reads it now says so.
            self.status.goes_on(Pause::OffsetsLost);
        }
        if let Err(error) = self.source.unassign(partitions) {
            tracing::warn!(%error, "failed to give partitions back");
        }
    }

    /// Notes that the consumer has trouble; it goes on trying, and so does this.
    pub(super) fn source_trouble(&mut self, code: Code) {
        let topic = self.source.topic();
        let (pause, message) = match code {
            Code::UnknownTopicOrPartition | Code::UnknownTopic => (
                Pause::SourceTopicUnknown,
                format!(
                    "spec.source.kafka.topic: there is no topic {topic}; create it, or allow the user to see it (Describe)"
                ),
            ),
            Code::TopicAuthorizationFailed => (
                Pause::SourceDenied,
                format!("spec.source.kafka.topic: the user may not read topic {topic}; allow it Read and Describe"),
            ),
            Code::GroupAuthorizationFailed => (
                Pause::SourceDenied,
                "spec.source.kafka.groupId: the user may not be in this group; allow it Read on the group".to_owned(),
            ),
            Code::Authentication | Code::SaslAuthenticationFailed => (
                Pause::SourceLoginRefused,
                "spec.source.kafka.auth.sasl: the brokers refuse the login; check user, password and mechanism"
                    .to_owned(),
            ),
            Code::AllBrokersDown | Code::BrokerTransportFailure | Code::Resolve | Code::OperationTimedOut => (
                Pause::SourceUnreachable,
                "spec.source.kafka.bootstrapServers: the brokers do not answer; check that they run and can be reached"
                    .to_owned(),
            ),
            // The rest passes by itself, and says so again if it does not.
            code => return tracing::debug!(%code, "the consumer reports an error"),
        };
        if let Some((before, _)) = self.source_asked.filter(|(before, _)| *before != pause) {
            self.status.goes_on(before);
        }
        self.status.waits(&Trouble { pause, message });
        self.source_asked = Some((pause, Instant::now() + ASK_AGAIN));
    }

    /// Finds out whether the source's trouble is over: the consumer itself says only when it begins.
    fn ask_source(&mut self) {
        let Some((pause, _)) = self.source_asked.take_if(|(_, when)| *when <= Instant::now()) else { return };
        match self.source.ask() {
            Ok(()) => self.status.goes_on(pause),
            Err(code) => {
                self.source_asked = Some((pause, Instant::now() + ASK_AGAIN));
                self.source_trouble(code);
            }
        }
    }

    /// Finds the partitions whose position is gone from the topic, and reads them no further; or, where that is accepted,
    /// goes on at the oldest record there is. The consumer has stopped reading one of them and does not say which: those
    /// of which nothing is gone, or that nothing can be said of now, are begun again where they are.
    pub(super) fn lost(&mut self) {
        let (mut losses, mut again) = (Vec::new(), Vec::new());
        let positions: Vec<_> = self.assignment.positions().collect();
        for (partition, position) in positions {
            // Each question may take its time.
            self.status.moves();
            let Ok((oldest, end)) = self.source.range(partition) else {
                again.push((partition, position));
                continue;
            };
            let loss = match position {
                position if position < oldest => {
                    format!(
                        "partition {partition}: up to {} records from offset {position} on are gone",
                        oldest - position
                    )
                }
                position if position > end => {
                    format!(
                        "partition {partition}: it ends at {end}, before the group's offset {position}: it was made anew"
                    )
                }
                _ => {
                    again.push((partition, position));
                    continue;
                }
            };
            if self.accepts_loss.as_mut().is_some_and(|accepted| accepted.insert(partition)) {
                tracing::warn!(loss, "goes on at the oldest record, as it was told to");
                // Whoever reads it next is not to ask again.
                if let Err(error) = self.source.commit(&[(partition, oldest)], false) {
                    tracing::warn!(%error, partition, "failed to commit where it goes on");
                }
                self.assignment.add(partition, oldest);
                self.held.retain(|record| record.partition() != partition);
                if let Err(error) = self.source.go_to(&[(partition, oldest)]) {
                    tracing::warn!(%error, partition, "failed to go on at the oldest record");
                }
                if self.paused {
                    self.pause_all();
                }
            } else {
                self.assignment.halt(partition);
                losses.push(loss);
            }
        }
        if !again.is_empty() {
            if let Err(error) = self.source.go_to(&again) {
                tracing::warn!(%error, "failed to go on with partitions of which nothing is gone");
            }
            if self.paused {
                self.pause_all();
            }
        }
        if !losses.is_empty() {
            let message = format!("{}; run with --resume OffsetsLost to go on at the oldest record", losses.join("; "));
            self.status.waits(&Trouble { pause: Pause::OffsetsLost, message });
        }
    }
}
