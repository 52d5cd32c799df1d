//! One table into the store.

use std::collections::HashMap;
use std::time::Instant;

use weft_plan_types::SyncPlan;
use weft_store::key::{self, NotAKey};
use weft_store::{Column, ColumnType, EntityMeta, MemoryStore, MemoryWriter, RowBuilder, Value};
use weft_warehouse::{Cells, MAX_ROW_BYTES, NotText, Rejection, Warehouse};

use super::report::LoadReport;
use super::{LoadError, Progress};

/// Reads the plan's table and commits it to the store under the entity's slug.
pub(super) async fn load(
    plan: &SyncPlan,
    warehouse: &impl Warehouse,
    store: &mut MemoryStore,
    progress: &mut impl FnMut(Progress<'_>),
) -> Result<LoadReport, LoadError> {
    let started = Instant::now();
    let failed = |error| LoadError::warehouse(plan, error);
    let table = warehouse.describe(&plan.entity.table).await.map_err(failed)?;
    let wanted = &plan.entity;
    let meta = table.entity_meta(&wanted.primary_key, wanted.columns.as_deref());
    let meta = meta.map_err(|unknown| LoadError::column(plan, &table, unknown))?;
    let dialect = warehouse.dialect();
    let Some(key_text) = dialect.key_text(&meta.key) else { return Err(LoadError::key_type(plan, &table, &meta.key)) };
    let selected: Vec<String> = meta.columns.iter().map(|column| dialect.selected(column)).collect();
    let sql = format!("SELECT {key_text}, {} FROM {}", selected.join(", "), dialect.table(&table.name));
    let mut columns = vec![Column { name: "key text".to_owned(), kind: ColumnType::Text }];
    columns.extend(meta.columns.iter().cloned());

    let mut copy = Copy::new(plan, meta);
    let mut batches = warehouse.query(sql, columns).await.map_err(failed)?;
    while let Some(batch) = batches.next().await {
        let batch = batch.map_err(failed)?;
        let fields = batch.schema_ref().fields();
        let cells = batch.columns().iter().zip(fields).map(|(array, field)| Cells::new(array, field));
        let cells: Vec<Cells<'_>> = cells.collect::<Option<_>>().ok_or_else(|| LoadError::unreadable(plan))?;
        for row in 0..batch.num_rows() {
            copy.add(row, &cells)?;
        }
        progress(Progress { entity: &plan.entity.slug, rows: copy.report.read });
    }
    Ok(copy.commit(store, started))
}

/// A copy on its way into the store.
struct Copy<'a> {
    plan: &'a SyncPlan,
    key: Vec<Column>,
    /// Where the key columns stand among the cells of a batch, whose first are the key text.
    key_cells: Vec<usize>,
    report: LoadReport,
    writer: MemoryWriter,
    /// How often each key occurred that occurred more than once.
    duplicates: HashMap<Box<[u8]>, u64>,
    row: RowBuilder,
    key_text: Vec<u8>,
    json: Vec<u8>,
}

impl<'a> Copy<'a> {
    fn new(plan: &'a SyncPlan, meta: EntityMeta) -> Self {
        let cell = |key: &Column| meta.columns.iter().position(|column| column == key).map(|position| position + 1);
        Self {
            plan,
            key_cells: meta.key.iter().filter_map(cell).collect(),
            key: meta.key.clone(),
            report: LoadReport::new(&plan.entity.slug),
            writer: MemoryWriter::new(&plan.entity.slug, meta),
            duplicates: HashMap::new(),
            row: RowBuilder::default(),
            key_text: Vec::new(),
            json: Vec::new(),
        }
    }

    /// Adds one row of a batch, or counts why it cannot be used.
    fn add(&mut self, row: usize, cells: &[Cells<'_>]) -> Result<(), LoadError> {
        self.report.read += 1;
        if let Err(reason) = self.take_key(row, cells)? {
            self.reject(reason, row, cells);
            return Ok(());
        }
        if let Err(reason) = self.take_row(row, cells) {
            self.reject(reason, row, cells);
            return Ok(());
        }
        let built = self.row.finish();
        if !self.writer.insert(&self.key_text, &built) {
            let occurrences = self.duplicates.entry(self.key_text.as_slice().into()).or_insert(1);
            *occurrences += 1;
            if *occurrences == 2 {
                self.report.sample(Rejection::DuplicateKey, || shown_key(&self.key, &self.key_cells, row, cells));
            }
        }
        Ok(())
    }

    /// The key text, made twice: by the warehouse's SQL and here.
    fn take_key(&mut self, row: usize, cells: &[Cells<'_>]) -> Result<Result<(), Rejection>, LoadError> {
        let values: Result<Vec<Value<'_>>, NotText> = self.key_cells.iter().map(|&cell| cells[cell].get(row)).collect();
        let Ok(values) = values else { return Ok(Err(Rejection::NotUtf8)) };
        self.key_text.clear();
        let made = key::append_from_values(&self.key, &values, &mut self.key_text);
        match (made, cells[0].get(row)) {
            (Ok(()), Ok(Value::Text(text))) if text.as_bytes() == self.key_text => Ok(Ok(())),
            (Err(NotAKey::NoKey), Ok(Value::Null)) => Ok(Err(Rejection::NullKey)),
            (Err(NotAKey::BadKey), Ok(Value::Null)) => Ok(Err(Rejection::BadKey)),
            _ => Err(LoadError::key_text_mismatch(self.plan, &self.key)),
        }
    }

    /// The row's JSON texts; a row that another one of this key was added for already is read all the same.
    fn take_row(&mut self, row: usize, cells: &[Cells<'_>]) -> Result<(), Rejection> {
        let mut size = 0;
        let mut outcome = Ok(());
        for cell in &cells[1..] {
            self.json.clear();
            match cell.get(row) {
                Ok(value) => value.append_json(&mut self.json),
                Err(NotText) => outcome = Err(Rejection::NotUtf8),
            }
            size += self.json.len();
            if size > MAX_ROW_BYTES {
                outcome = outcome.and(Err(Rejection::RowTooLarge));
            }
            if outcome.is_err() {
                break;
            }
            self.row.push(&self.json);
        }
        if outcome.is_err() {
            drop(self.row.finish());
        }
        outcome
    }

    fn reject(&mut self, reason: Rejection, row: usize, cells: &[Cells<'_>]) {
        self.report.reject(reason, 1);
        self.report.sample(reason, || shown_key(&self.key, &self.key_cells, row, cells));
    }

    /// Which of several rows with one key is meant nobody can tell: none is kept.
    fn commit(mut self, store: &mut MemoryStore, started: Instant) -> LoadReport {
        for (key, occurrences) in &self.duplicates {
            self.writer.remove(key);
            self.report.reject(Rejection::DuplicateKey, *occurrences);
        }
        self.report.rows = self.writer.rows() as u64;
        self.report.bytes = self.writer.bytes() as u64;
        self.report.seconds = started.elapsed().as_secs_f64();
        store.commit(self.writer);
        self.report
    }
}

/// The key columns of a row and their values.
fn shown_key(key: &[Column], key_cells: &[usize], row: usize, cells: &[Cells<'_>]) -> String {
    let names = key.iter().map(|column| column.name.as_str());
    weft_warehouse::shown_key(names.zip(key_cells.iter().map(|&cell| &cells[cell])), row)
}
