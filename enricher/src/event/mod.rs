//! One event as bytes: where the values stand that rules read or write, and how new ones are spliced in.
//!
//! An event is read once. The scanner checks that it is JSON and notes the places on the paths that rules name;
//! nothing else of it is looked at, decoded or copied.

mod items;
mod scan;
mod slot;
mod splice;
mod tree;

pub(crate) use items::{Items, scan_items};
pub(crate) use scan::{ScanError, scan};
pub(crate) use slot::{Kind, Slot};
pub(crate) use splice::{Splicer, WriteTree};
pub(crate) use tree::{NodeId, PathTree};

#[cfg(test)]
mod tests;
