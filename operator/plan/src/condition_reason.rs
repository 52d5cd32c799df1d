//! Why an object on a cluster is as its conditions say, beside what [`Reason`](crate::Reason) finds wrong with it.

use weft_plan_types::reasons;

reasons! {
    /// Why an object is as its conditions say, or what an event tells of it. The spelling is part of the API.
    pub enum ConditionReason {
        /// A pod tests the connection to a warehouse, a store or the topics of a mapping.
        ///
        /// Wait: it takes seconds, and a minute at most once its image is there.
        Connecting,
        /// The connection can be used: a pod logged in and did there what is needed.
        ///
        /// Nothing is to be done. It is tested again when it changes, or when the annotation `weft.dev/probe` asks for it.
        Connected,
        /// The connection cannot be used. What ran before goes on as far as it can.
        ///
        /// The message tells at which step it fails and what helps: host, port, TLS, login or permissions. It is tested again by
        /// itself, after 30 s, then each minute; the annotation `weft.dev/probe` asks for a test at once.
        ConnectionFailed,
        /// Everything that a DataGraph and what refers to it name is there and fits.
        ///
        /// Nothing is to be done.
        Valid,
        /// The object is none of its kind as this version of the operator knows it: it was written by another version, or past
        /// the schema.
        ///
        /// `weft validate` tells what is wrong with it. Apply it anew, or upgrade the operator. What was made of it before stays as it
        /// is.
        InvalidObject,
        /// A Warehouse is a file on somebody's machine, which no pod can read.
        ///
        /// Give it `spec.postgres`, or use `weft run` where the file is.
        LocalOnly,
        /// The DataGraph of an Entity or EnrichmentMapping cannot be used. What was made of it before stays as it is.
        ///
        /// `kubectl describe datagraph` tells why, in its own conditions; the message repeats it.
        DataGraphNotReady,
        /// `enrichmentEnabled` of an Entity is false: its table is not copied.
        ///
        /// Set it to true if the table is to be copied.
        NotEnabled,
        /// No copy of the Entity's table has ended yet.
        ///
        /// Wait for the first one. If `spec.suspend` of the Entity or its DataGraph lets none start, take it back, or ask for one
        /// by the annotation `weft.dev/sync`.
        FirstSync,
        /// The last copy brought the rows up to date, or found them so.
        ///
        /// Nothing is to be done. If the message tells of rows that cannot be used, `weft sync --samples 5` shows their keys.
        Synced,
        /// The last copy failed; the store keeps the rows that it had. The copy is tried again by itself, after 15 s at first and
        /// every five minutes in the end.
        ///
        /// The message tells at what it failed and what helps: the warehouse, the bookkeeping, the store or the table.
        SyncFailed,
        /// The last copy waits for approval.
        ///
        /// The message tells why, and how to approve it.
        Held,
        /// The copy was refused, and another try would not help: the copy in the store is another installation's or DataGraph's
        /// (`StoreOwned`), or a newer sync took over.
        ///
        /// The message tells which. Use another Redis database, or remove the other's copy by `weft cleanup --take-over` if nobody
        /// needs it any more; the next copy by schedule, or one asked for by the annotation `weft.dev/sync`, tries again.
        SyncRefused,
        /// The last copy, or test of a connection, ended without an answer: its pod was evicted, killed or ran out of memory. It is
        /// tried again by itself.
        ///
        /// `kubectl describe pod` and the events of the namespace tell what ended it. Give the node or the quota more room.
        ResultUnknown,
        /// A pod cannot start.
        ///
        /// The message tells what it waits for: an image that cannot be pulled, a node with room, a volume. It starts by itself
        /// once that is there.
        PodWaiting,
        /// The rows were neither read nor found unchanged for two and a half periods of the schedule.
        ///
        /// The condition Synced tells why the last copies did not end well; where it says nothing, look whether the CronJob is
        /// suspended or its pods wait for room.
        Stale,
        /// The rows were read, or found unchanged, within two and a half periods of the schedule.
        ///
        /// Nothing is to be done.
        Current,
        /// The Entity is deleted, and what it left in the store and the warehouse is being removed.
        ///
        /// Wait: the Job of the clean-up is tried again until it is done or the operator's `--cleanup-deadline` has passed. Its
        /// pod's log tells what hinders it.
        CleaningUp,
        /// What a deleted Entity left in the store and the warehouse is removed. An event.
        ///
        /// Nothing is to be done.
        CleanedUp,
        /// The Entity went although its copy could not be removed. An event.
        ///
        /// The message tells why, and the command that removes what stays, with the manifests as they were.
        CleanupGaveUp,
        /// An entity that the mapping uses was not copied yet. Events wait in their topic, so that none goes out without its rows.
        ///
        /// The Entity's condition Synced tells how far it is.
        EntityNotSynced,
        /// Of each alias of the mapping at least half of the keys have had a row in the last ten minutes, or too few came to tell.
        ///
        /// Nothing is to be done.
        KeysFound,
        /// For ten minutes more than half of the keys of an alias have had no row. It holds nothing up.
        ///
        /// Compare a key of an event with the table's; `weft lookup` shows rows as enrichers see them. The path may lead to another
        /// field, the key may be spelled or typed otherwise, or the table may lack these rows.
        KeysMissing,
        /// `spec.suspend` of the mapping is true, or `spec.replicas` is 0. No event is read; the consumer group keeps its place.
        ///
        /// Set `suspend: false`, or `replicas` to 1 or more.
        Suspended,
        /// Enrichers start, stop or are replaced, or have not come to be ready.
        ///
        /// Wait a minute. If it stays, their logs and `/readyz` name a pause that `weft explain` knows, such as StoreUnavailable.
        Progressing,
        /// All enrichers of the mapping run and read events.
        ///
        /// Nothing is to be done.
        Running,
    }
}
