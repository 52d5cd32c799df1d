//! From a table and a sample of events to the manifests that join them.
//!
//! [`sample`] -> the [`keys`] a table has -> the [`trial`] of each key on the fields of the sample -> the [`when`]
//! and the [`targets`] -> the text of the [`manifests`] -> [`files`]. Only the trial and the keys ask the warehouse.

mod failure;
mod files;
mod keys;
mod manifests;
mod names;
mod proposal;
mod relations;
mod sample;
mod targets;
mod trial;
mod when;
mod words;
mod yaml;

pub(crate) use failure::InitError;
pub(crate) use files::{refuse_existing, relative_to, write_all};
pub(crate) use keys::KeySource;
pub(crate) use manifests::{FILES, RULE, Settings, texts};
pub(crate) use proposal::{Proposal, Row, TableProposal, propose};
pub(crate) use sample::{Sample, path};
pub(crate) use trial::Match;
