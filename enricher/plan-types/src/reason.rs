//! Words that the data plane gives for what it waits for or refuses. Their spelling is part of the API: logs, metrics,
//! conditions, the command line and the documentation use it.

/// Declares an enum of reasons so that the documentation of each variant is also a text the program can print: what it
/// means, an empty line, how to cure it.
#[macro_export]
macro_rules! reasons {
    ($(#[$meta:meta])* pub enum $reasons:ident { $($(#[doc = $line:literal])+ $name:ident,)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $reasons {
            $($(#[doc = $line])+ $name,)+
        }

        impl $reasons {
            /// Every reason, in the order of the documentation.
            pub const ALL: &'static [$reasons] = &[$($reasons::$name),+];

            /// The stable spelling.
            pub fn as_str(self) -> &'static str {
                match self { $($reasons::$name => stringify!($name)),+ }
            }

            /// What the reason means and how to cure it, in Markdown; the lines of its documentation.
            pub fn explanation(self) -> &'static str {
                match self { $($reasons::$name => concat!($($line, "\n"),+)),+ }
            }
        }

        impl ::std::fmt::Display for $reasons {
            fn fmt(&self, out: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                out.write_str(self.as_str())
            }
        }
    };
}

reasons! {
    /// What an enricher waits for: its pauses, as readiness, metrics and the log name them.
    pub enum Pause {
        /// The brokers of the mapping's source do not answer as they should.
        ///
        /// Check that they run, and that `spec.source.kafka.bootstrapServers` names them as the enricher can reach them. It goes
        /// on by itself.
        SourceUnreachable,
        /// The brokers of the mapping's source refuse the login.
        ///
        /// Check user, password and mechanism in `spec.source.kafka.auth`. A Secret is read again every five seconds, so that a
        /// new password needs no restart.
        SourceLoginRefused,
        /// The mapping's source topic is not there, or the user may not see it.
        ///
        /// Create it, correct `spec.source.kafka.topic`, or allow the user Describe on it.
        SourceTopicUnknown,
        /// The user may not read the mapping's source topic, or not in its consumer group.
        ///
        /// Allow it Read and Describe on the topic, and Read on the group `spec.source.kafka.groupId`.
        SourceDenied,
        /// Records were deleted before the consumer group read them, or the topic was made anew: the group's position is gone.
        /// Such partitions are read no further; the others go on.
        ///
        /// What is gone cannot be brought back. To go on at the oldest record there is, run `weft enrich --resume OffsetsLost`; on
        /// a cluster, set `spec.suspend: true`, set the group's offsets by `kafka-consumer-groups.sh --reset-offsets`, and take
        /// `suspend` back. Give the topic a longer retention.
        OffsetsLost,
        /// The brokers of the mapping's destination do not answer as they should.
        ///
        /// Check that they run, and that `spec.destination.kafka.bootstrapServers` names them as the enricher can reach them. It
        /// goes on by itself.
        DestinationUnreachable,
        /// The brokers of the mapping's destination refuse the login.
        ///
        /// Check user, password and mechanism in `spec.destination.kafka.auth`. A Secret is read again every five seconds, so that
        /// a new password needs no restart.
        DestinationLoginRefused,
        /// The mapping's destination topic is not there, or the user may not see it.
        ///
        /// Create it, correct `spec.destination.kafka.topic`, or allow the user Describe on it.
        DestinationTopicUnknown,
        /// The user may not write to the mapping's destination topic.
        ///
        /// Allow it Write and Describe on the topic.
        DestinationDenied,
        /// The mapping's destination topic turned out to be its source, under another address of the same brokers: every event
        /// would come again, for ever.
        ///
        /// Name another topic in `spec.destination.kafka.topic`.
        DestinationIsSource,
        /// The mapping's destination topic refuses records for what the topic is set to.
        ///
        /// The message names the setting: `max.message.bytes` was lowered, the range of timestamps it takes is too narrow, or it
        /// is compacted and records have no key.
        DestinationRefuses,
        /// Outputs were not acknowledged for five seconds, or those of a partition that went to another member were not at all.
        ///
        /// They are tried on, and nothing is lost. If it stays, look at the brokers of the destination and of the dead letters:
        /// replicas that are behind, disks, quotas.
        DestinationSlow,
        /// A dead letter cannot be written, so that nothing may become one.
        ///
        /// The message tells why: the topic `spec.deadLetter.kafka.topic` is not there, may not be written to, or takes no record
        /// as large as a dead letter, which is larger than its event by its headers (`max.message.bytes`).
        DeadLetterUnwritable,
        /// The store cannot tell the rows: it does not answer, refuses the user, was emptied, is another's, or its rows are older
        /// than the mapping's `maxStaleness`.
        ///
        /// The message tells which. Check that Redis runs, can be reached and lets the user `reader` in; rows that are lost or too
        /// old the next sync brings, so look at the Entity's condition Synced. With `onUnavailable: Forward` events go without
        /// their rows meanwhile.
        StoreUnavailable,
        /// The columns of an entity have changed, and the store does not answer by the new ones yet.
        ///
        /// It passes by itself, within seconds. If it stays, look at the Entity's condition Synced.
        EntityChanged,
        /// 900 of the last 1,000 events became dead letters and nothing else, so no more are read. Nothing is lost.
        ///
        /// `weft dead-letters list` shows what is wrong with them. Remove the cause and restart the enricher (on a cluster by
        /// `kubectl rollout restart` of its Deployment), then send them again by `weft dead-letters replay`. To go on although
        /// they fail, run `weft enrich --resume BreakerOpen`.
        BreakerOpen,
        /// The rules do not fit the entities as they are now: a column that they read is gone, or its type has changed; on a
        /// cluster also an Entity, its key or a relationship. There the enrichers keep to the plan of before for as long as the
        /// store has the rows for it.
        ///
        /// The message names rule and column. Bring the table, the Entity or the mapping back into line; the next sync that
        /// fits lets the events go on.
        BreakingChange,
    }
}

reasons! {
    /// Why a sync waits for approval: what it found looks like an accident, and the store stays as it was.
    #[derive(serde::Serialize)]
    #[serde(rename_all = "PascalCase")]
    pub enum HoldReason {
        /// The table had rows, and has none left that can be used.
        ///
        /// Bring them back: the next sync goes through by itself. If it is meant, approve the run that the message names, by the
        /// annotation `weft.dev/approve` of the Entity or `weft sync --approve RUN`.
        HeldEmptySource,
        /// A larger part of the rows is gone than `massChangeGuard.maxDeletedPercent` allows.
        ///
        /// Bring them back: the next sync goes through by itself. If it is meant, approve the run that the message names, by the
        /// annotation `weft.dev/approve` of the Entity or `weft sync --approve RUN`, or raise the percentage.
        HeldMassDeletion,
        /// A larger part of the rows changed than `massChangeGuard.maxChangedPercent` allows.
        ///
        /// Undo it: the next sync goes through by itself. If it is meant, approve the run that the message names, by the
        /// annotation `weft.dev/approve` of the Entity or `weft sync --approve RUN`, or raise the percentage.
        HeldMassChange,
        /// A key column has another type than before: no event would find a row by the keys that it has.
        ///
        /// Give the column its type back: the next sync goes through by itself. If it is meant, let the events carry keys of the
        /// new type, and approve the run that the message names, by the annotation `weft.dev/approve` of the Entity or `weft sync
        /// --approve RUN`.
        HeldKeyType,
    }
}

impl HoldReason {
    /// For people.
    pub fn text(self) -> &'static str {
        match self {
            Self::HeldEmptySource => "the table has no rows left that can be used",
            Self::HeldMassDeletion => "more rows are gone than massChangeGuard.maxDeletedPercent allows",
            Self::HeldMassChange => "more rows changed than massChangeGuard.maxChangedPercent allows",
            Self::HeldKeyType => "a key column has another type than before",
        }
    }
}

reasons! {
    /// Why nothing is read or removed, and another try would not help.
    pub enum Refusal {
        /// The copy in the store belongs to another installation or DataGraph.
        ///
        /// Use another Redis database, or another `--installation` if both are yours. A copy that nobody needs
        /// any more is removed by `weft cleanup --take-over`.
        StoreOwned,
    }
}
