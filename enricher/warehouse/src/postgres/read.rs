//! A statement's rows as record batches.

use std::iter::empty;
use std::pin::pin;

use arrow_array::RecordBatch;
use futures_util::TryStreamExt as _;
use tokio::sync::mpsc::Sender;
use tokio_postgres::Row;
use weft_store::{Column, Value};

use super::kinds::{Wire, wire};
use super::session::Session;
use super::value::{Raw, decode};
use crate::Error;
use crate::batch::BatchBuilder;

/// Runs the query and sends what it gives. Once nobody receives, it reads on without a word: the server sends what is
/// under way before it takes another statement.
pub(super) async fn send_batches(
    session: &Session,
    sql: &str,
    columns: &[Column],
    sender: &Sender<Result<RecordBatch, Error>>,
) -> Result<(), Error> {
    let statement = session.prepare(sql).await?;
    let sent = statement.columns();
    if sent.len() != columns.len() {
        return Err(Error::Run(format!("{} columns, not the {} asked for", sent.len(), columns.len())));
    }
    let wires = columns.iter().zip(sent).map(|(column, sent)| {
        wire(column.kind, sent.type_()).ok_or_else(|| {
            Error::Run(format!("column {:?} comes as {}, not as {:?}", column.name, sent.type_().name(), column.kind))
        })
    });
    let wires: Vec<Wire> = wires.collect::<Result<_, _>>()?;
    let failed = |failure| session.failed(&failure);
    let mut rows = pin!(session.client().query_raw(&statement, empty::<i32>()).await.map_err(failed)?);
    let mut batch = BatchBuilder::new(columns);
    let mut scratch = String::new();
    while let Some(row) = rows.try_next().await.map_err(failed)? {
        if sender.is_closed() {
            continue;
        }
        append(&row, columns, &wires, &mut batch, &mut scratch)?;
        if batch.end_row()
            && let Some(full) = batch.finish()?
        {
            // Noticed with the next row.
            let _ = sender.send(Ok(full)).await;
        }
    }
    if let Some(last) = batch.finish()? {
        let _ = sender.send(Ok(last)).await;
    }
    Ok(())
}

fn append(
    row: &Row,
    columns: &[Column],
    wires: &[Wire],
    batch: &mut BatchBuilder,
    scratch: &mut String,
) -> Result<(), Error> {
    for (position, (wire, column)) in wires.iter().zip(columns).enumerate() {
        let form = || Error::Run(format!("column {:?} has a value of an unexpected form", column.name));
        match row.try_get::<_, Option<Raw<'_>>>(position).map_err(|_| form())? {
            None => batch.push(position, Ok(Value::Null)),
            Some(Raw(raw)) => batch.push(position, decode(*wire, raw, scratch).ok_or_else(form)?),
        }
    }
    Ok(())
}
