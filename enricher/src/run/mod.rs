//! `weft run`: lines in, join, lines out, without a cluster.

mod dead_letters;
mod interrupt;
mod lines;
mod output;
mod pipeline;
mod summary;

pub(crate) use dead_letters::DeadLetters;
pub(crate) use interrupt::end_between_lines;
pub(crate) use lines::{Lines, Piece};
pub(crate) use output::{Output, WriteError};
pub(crate) use pipeline::Pipeline;
pub(crate) use summary::{Lookups, Outcomes, Summary};
