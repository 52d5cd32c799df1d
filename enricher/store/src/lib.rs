//! Where rows are looked up: the [key text](key) that makes an event's value equal to a row's key, the positional
//! [`Row`], and the stores behind [`Reader`].

pub mod backoff;
#[cfg(feature = "redis")]
pub mod hot;
pub mod key;
mod memory;
mod meta;
mod reader;
#[cfg(feature = "redis")]
pub mod redis;
mod row;
pub mod time;
pub mod uuid;
mod value;

pub use memory::{MemoryStore, MemoryWriter};
pub use meta::{Column, ColumnType, EntityMeta};
pub use reader::{Answer, Reader, Unavailable};
pub use row::{Row, RowBuilder};
pub use value::Value;
