//! `weft run --events manifest --output manifest`: what `weft enrich` does, with the syncs beside it.

#[cfg(feature = "kafka")]
mod ends;
#[cfg(feature = "kafka")]
mod session;

use std::path::Path;

use anyhow::anyhow;

use super::{Args, DEFAULT_EVENT_BYTES, Failure};

#[cfg(feature = "kafka")]
pub(super) use session::run;

/// Whether events come from the mapping's topic and go to its destination; anything in between is refused.
pub(super) fn is_meant(args: &Args) -> Result<bool, Failure> {
    let is_manifest = |path: &Path| path.as_os_str() == "manifest";
    let message = match (is_manifest(&args.events), is_manifest(&args.output)) {
        #[cfg(feature = "kafka")]
        (false, false) if !args.resume.is_empty() => {
            "--resume is for --events manifest --output manifest: what stops there is a consumer group"
        }
        (false, false) => return Ok(false),
        _ if !cfg!(feature = "kafka") => {
            "--events manifest and --output manifest: this weft was built without Kafka; build it with `make install`, or \
             name a file (one that is called so as ./manifest)"
        }
        (true, false) => {
            "--events manifest needs --output manifest: what a consumer group has read is committed once the \
             destination has it; to look at what becomes of events, give --events a file"
        }
        (false, true) => {
            "--output manifest needs --events manifest: key, headers and order of a record come from the topic that it \
             was read from"
        }
        (true, true) if args.dead_letters.is_some() || args.force => {
            "--dead-letters and --force are for files: with --events manifest dead letters go to the mapping's topic \
             (spec.deadLetter), where weft dead-letters lists them"
        }
        (true, true) if args.max_event_bytes != DEFAULT_EVENT_BYTES => {
            "--max-event-bytes is for lines: with --events manifest the topic's max.message.bytes is the bound"
        }
        (true, true) => return Ok(true),
    };
    Err(Failure::Configuration(anyhow!(message)))
}
