use rdkafka::ClientConfig;

/// How a group shares its partitions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum GroupProtocol {
    /// The brokers share them out (KIP-848; Apache Kafka 4.0 and newer).
    Consumer,
    /// The members do, and keep what they have (cooperative-sticky).
    Classic,
}

/// How much the consumer holds of records that nobody has asked for yet, in KiB. One answer of a broker
/// ([`ANSWER_BYTES`]) may come on top, and a record of any size is always let through.
const QUEUED_KIB: u32 = 16 * 1024;

/// How much one answer of a broker holds, in bytes.
const ANSWER_BYTES: u32 = 8 << 20;

/// Sets what a consumer of events needs.
pub(super) fn consumer(config: &mut ClientConfig, group: &str, protocol: GroupProtocol) {
    config.set("group.id", group);
    match protocol {
        // The brokers know the session's time-out; to set it here too is refused.
        GroupProtocol::Consumer => config.set("group.protocol", "consumer"),
        GroupProtocol::Classic => config.set("partition.assignment.strategy", "cooperative-sticky"),
    };
    // What is committed is what was delivered, and is said by hand.
    config.set("enable.auto.commit", "false").set("enable.auto.offset.store", "false");
    // An offset that is gone is a loss, and a loss is told.
    config.set("auto.offset.reset", "error");
    config.set("isolation.level", "read_committed");
    config.set("allow.auto.create.topics", "false");
    config.set("queued.max.messages.kbytes", QUEUED_KIB.to_string());
    config.set("fetch.max.bytes", ANSWER_BYTES.to_string());
    // The library's default of a second lets a consumer that is slower than its broker run dry: it costs nine tenths
    // of the throughput.
    config.set("fetch.queue.backoff.ms", "5");
    // The ends of partitions, for lag.
    config.set("statistics.interval.ms", "5000");
}
