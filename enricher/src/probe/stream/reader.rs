use std::sync::Arc;
use std::time::Instant;

use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer as _};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode as Code};
use rdkafka::{Offset, TopicPartitionList};

use super::heard::Heard;
use super::topic::{ASK, HEAR, STEP, code, find};
use super::trouble::{Act, trouble};
use crate::connect::Access;
use crate::probe::steps::Trouble;

/// A partition that no topic has.
const NOWHERE: i32 = i32::MAX;

/// A topic that is read by a group. It subscribes to nothing, and so takes no partition from a member of the group.
#[derive(Clone)]
pub(super) struct Reader {
    consumer: Arc<BaseConsumer<Heard>>,
    access: Access,
    group: String,
}

impl Reader {
    pub(super) fn new(access: Access, group: &str) -> Result<Self, Trouble> {
        let mut config = access.config();
        config.set("group.id", group).set("enable.auto.commit", "false").set("enable.auto.offset.store", "false");
        config.set("enable.partition.eof", "true").set("allow.auto.create.topics", "false");
        // One record is enough, whatever its size.
        config.set("queued.max.messages.kbytes", "1").set("queued.min.messages", "1");
        let consumer = config.create_with_context(Heard::default()).map_err(|error| access.refused(&error))?;
        Ok(Self { consumer: Arc::new(consumer), access, group: group.to_owned() })
    }

    /// A partition of the topic, or why it is not found; an error if the brokers let nobody ask.
    pub(super) fn find(&self) -> Result<Result<i32, Trouble>, Trouble> {
        find(self.consumer.client(), &self.access, || drop(self.consumer.poll(HEAR)))
    }

    /// Reads a partition from its end on, until there is an answer.
    pub(super) fn read(&self, partition: i32) -> Result<(), Trouble> {
        let trouble = |code| trouble(&self.access, Act::Read, code);
        let list = self.list(partition, Offset::End);
        list.and_then(|list| self.consumer.assign(&list)).map_err(|error| trouble(code(&error)))?;
        let until = Instant::now() + ASK;
        let outcome = loop {
            match self.consumer.poll(STEP) {
                Some(Ok(_) | Err(KafkaError::PartitionEOF(_))) => break Ok(()),
                Some(Err(error)) if code(&error) == Code::TopicAuthorizationFailed => break Err(code(&error)),
                _ if Instant::now() >= until => {
                    break Err(self.consumer.context().error().unwrap_or(Code::OperationTimedOut));
                }
                _ => {}
            }
        };
        // What follows needs no records.
        self.consumer.unassign().map_err(|error| trouble(code(&error)))?;
        outcome.map_err(trouble)
    }

    /// Asks how far the group is, then commits something of a partition that there is not: brokers first look whether the
    /// user may use the group, and then refuse, so that the group's progress stays as it is.
    pub(super) fn use_group(&self, partition: i32) -> Result<(), Trouble> {
        let refused = |error: KafkaError| match code(&error) {
            // Whether it was a refusal, only the client's own report may tell.
            Code::OperationTimedOut => {
                drop(self.consumer.poll(HEAR));
                self.consumer.context().error().unwrap_or(Code::OperationTimedOut)
            }
            code => code,
        };
        let asked = self.list(partition, Offset::Invalid);
        let known = asked.and_then(|asked| self.consumer.committed_offsets(asked, ASK));
        let known = known.and_then(|known| known.elements().iter().try_for_each(|element| element.error()));
        let committed = known.map_err(refused).and_then(|()| {
            let nothing = self.list(NOWHERE, Offset::Offset(0));
            nothing.and_then(|nothing| self.consumer.commit(&nothing, CommitMode::Sync)).map_err(refused)
        });
        match committed {
            // That there is no such partition, or that others are the members, they say to those who may.
            Ok(())
            | Err(
                Code::UnknownTopicOrPartition
                | Code::UnknownPartition
                | Code::UnknownMemberId
                | Code::IllegalGeneration
                | Code::StaleMemberEpoch
                | Code::FencedMemberEpoch,
            ) => Ok(()),
            Err(code) => Err(trouble(&self.access, Act::UseGroup(&self.group), code)),
        }
    }

    fn list(&self, partition: i32, offset: Offset) -> KafkaResult<TopicPartitionList> {
        let mut list = TopicPartitionList::with_capacity(1);
        list.add_partition_offset(&self.access.topic, partition, offset)?;
        Ok(list)
    }
}
