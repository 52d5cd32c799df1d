use rdkafka::ClientConfig;

/// How much a producer holds of outputs that are not acknowledged, in KiB.
pub(super) const HELD_KIB: u32 = 32 * 1024;

/// How many outputs a producer holds at most: each costs some hundred bytes beside its own.
const HELD_OUTPUTS: u32 = 200_000;

/// The size of a batch and its record beside the record's own bytes, at most.
const OVERHEAD: u64 = 512;

/// What a topic takes where it does not say, in bytes.
pub(super) const DEFAULT_LIMIT: u64 = 1_048_588;

/// Sets what a producer of events needs; `limit` is the largest batch that the topic takes.
pub(super) fn producer(config: &mut ClientConfig, limit: u64) {
    // The brokers drop what is sent twice and keep the order while requests are repeated.
    config.set("enable.idempotence", "true");
    // An output that is taken is tried until it is delivered or refused: giving up after a time would be a loss.
    config.set("message.timeout.ms", "0");
    config.set("queue.buffering.max.kbytes", HELD_KIB.to_string());
    config.set("queue.buffering.max.messages", HELD_OUTPUTS.to_string());
    config.set("linger.ms", "5");
    // Java's partitioner: what others wrote with the same key to a topic of as many partitions lies in the same one.
    config.set("partitioner", "murmur2_random");
    let largest = limit.saturating_sub(OVERHEAD).clamp(1_000, 1_000_000_000);
    config.set("message.max.bytes", largest.to_string());
    config.set("batch.size", largest.min(1_000_000).to_string());
}
