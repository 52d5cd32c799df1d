use std::fmt;

/// Why nothing can be delivered for now, in words that say what helps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Trouble {
    pub(crate) pause: Pause,
    pub(crate) message: String,
}

/// Declares [`Pause`] with a list of all of them, for whoever shows those that are not on too.
macro_rules! pauses {
    ($($(#[doc = $line:literal])+ $name:ident,)+) => {
        /// The kinds of what a mapping waits for: its pauses, as readiness and metrics name them.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub(crate) enum Pause {
            $($(#[doc = $line])+ $name,)+
        }

        impl Pause {
            /// Every kind.
            pub(crate) const ALL: &'static [Pause] = &[$(Pause::$name),+];
        }
    };
}

pauses! {
    /// The source's brokers do not answer as they should.
    SourceUnreachable,
    /// The source's brokers refuse the login.
    SourceLoginRefused,
    /// The source's topic is not there, or the user may not see it.
    SourceTopicUnknown,
    /// The user may not read the source's topic, or not in this group.
    SourceDenied,
    /// The group's position is gone from the topic.
    OffsetsLost,
    /// The destination's brokers do not answer as they should.
    DestinationUnreachable,
    /// The destination's brokers refuse the login.
    DestinationLoginRefused,
    /// The destination's topic is not there, or the user may not see it.
    DestinationTopicUnknown,
    /// The user may not write to the destination's topic.
    DestinationDenied,
    /// The destination's topic is the source's, under another address of its brokers.
    DestinationIsSource,
    /// The destination's topic refuses records that it used to take.
    DestinationRefuses,
    /// Deliveries take their time.
    DestinationSlow,
    /// Dead letters cannot be written, so nothing may become one.
    DeadLetterUnwritable,
    /// The store cannot answer.
    StoreUnavailable,
    /// The columns of an entity have changed, and the store does not answer by the new ones yet.
    EntityChanged,
    /// Nearly every event fails.
    BreakerOpen,
    /// The rules do not fit the entities as they are now.
    BreakingChange,
}

impl fmt::Display for Pause {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, out)
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.pause, self.message)
    }
}
