use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::{Args, Exit, FILES, Failure, Proposal, Sample};
use crate::cli::{Format, tell};
use crate::init::{KeySource, Match, RULE, Row, TableProposal};

/// Tells what was found and what to do next.
pub(super) fn print(args: &Args, sample: &Sample, proposal: &Proposal) -> Result<Exit, Failure> {
    let style = anstyle::AnsiColor::Yellow.on_default().bold();
    for warning in proposal.tables.iter().filter_map(warning) {
        tell(format_args!("{style}warning{style:#}: {warning}"));
    }
    let report = match args.format.format {
        Format::Text => text(args, sample, proposal),
        Format::Json => format!("{:#}\n", json(args, sample, proposal)),
    };
    crate::cli::print(&report).map(|()| Exit::Done)
}

/// The events, as messages name them.
pub(super) fn events_name(args: &Args) -> String {
    if args.events.as_os_str() == "-" { "standard input".to_owned() } else { args.events.display().to_string() }
}

/// What has to be checked by somebody who knows the events.
fn warning(table: &TableProposal) -> Option<String> {
    let (Row::Matched(matched), name) = (&table.row, &table.table) else { return None };
    let paths = paths(matched);
    match matched.found {
        0 => Some(format!(
            "table {name}: {paths} is a guess by name, 0 of {} values in the sample have a row: check `match` in mapping.yaml",
            matched.values
        )),
        _ if matched.by_chance => Some(format!(
            "table {name}: {paths} was chosen for its values alone, its name does not say that it is a key of {name}: \
             check `match` in mapping.yaml"
        )),
        _ => None,
    }
}

fn paths(matched: &Match) -> String {
    matched.places.iter().map(|place| place.shown()).collect::<Vec<_>>().join(", ")
}

fn text(args: &Args, sample: &Sample, proposal: &Proposal) -> String {
    let mut text = format!("read {} of {}", count(sample.events.len(), "event"), events_name(args));
    if sample.is_cut {
        text.push_str(", the first ones");
    }
    text.push('\n');
    if let Some(first) = sample.first_skipped {
        let skipped = count(usize::try_from(sample.skipped).unwrap_or(usize::MAX), "line");
        let _ = writeln!(text, "passed over {skipped} that hold no event, the first at line {first}");
    }
    for table in &proposal.tables {
        let _ = writeln!(text, "\ntable {}", table.table);
        let origin = match table.row.key().source {
            KeySource::Declared => "its primary key",
            KeySource::Unique => "unique and never NULL",
        };
        let _ = writeln!(text, "  key     {} ({origin})", table.row.key().names());
        let _ = match &table.row {
            Row::Matched(matched) => {
                writeln!(text, "  match   {}\n          {}", paths(matched), hits(matched, sample))
            }
            Row::Reached(_, slug) => writeln!(text, "  hop     along the foreign key {slug}: no event has the key"),
        };
        let _ = writeln!(text, "  writes  {} to {}", count(table.targets.writes.len(), "column"), table.targets.shown);
        if !table.targets.left_out.is_empty() {
            let _ = writeln!(text, "          {} left out, see entities.yaml", table.targets.left_out.len());
        }
    }
    let when = proposal.when.as_deref().unwrap_or("(none: every event)");
    let files: Vec<String> = FILES.iter().map(|name| args.dir.join(name).display().to_string()).collect();
    let _ = writeln!(text, "\nwhen      {when}\nwrote     {}", files.join(", "));
    let command = |words: &[String]| words.iter().map(|word| shell(word)).collect::<Vec<_>>().join(" ");
    let (run, preview) =
        (next(args, "run"), [next(args, "preview"), ["--rule", RULE].map(str::to_owned).to_vec()].concat());
    let _ = writeln!(text, "\nnext:\n  {}\n  {}", command(&run), command(&preview));
    text
}

fn hits(matched: &Match, sample: &Sample) -> String {
    let (having, all) = (matched.events.len(), thousands(sample.events.len()));
    let have = if having == 1 { "has" } else { "have" };
    let having = format!("{} of {all} sampled events {have} it", thousands(having));
    match matched.array() {
        None => format!("{having}, {} found a row", thousands(matched.found)),
        Some(_) => format!("{having}, {} of {} found a row", thousands(matched.found), count(matched.values, "item")),
    }
}

/// The command that runs or previews what was written. A folder that holds other manifests too is not named as a whole.
fn next(args: &Args, command: &str) -> Vec<String> {
    let mut command = vec!["weft".to_owned(), command.to_owned()];
    let whole = [args.dir.clone()];
    let each: Vec<_> = FILES.iter().map(|name| args.dir.join(name)).collect();
    for path in if holds_others(&args.dir) { &each[..] } else { &whole } {
        command.extend(["-f".to_owned(), operand(path)]);
    }
    command.extend(["--events".to_owned(), operand(&args.events)]);
    command
}

/// The path so that it is not taken for an option; `-` stays standard input.
fn operand(path: &Path) -> String {
    let path = path.display().to_string();
    if path.starts_with('-') && path != "-" { format!("./{path}") } else { path }
}

fn holds_others(folder: &Path) -> bool {
    let is_other = |entry: fs::DirEntry| {
        let path = entry.path();
        let is_manifest =
            path.extension().is_some_and(|ending| ending == "yaml" || ending == "yml" || ending == "json");
        is_manifest && !FILES.iter().any(|name| entry.file_name() == *name)
    };
    fs::read_dir(folder).is_ok_and(|entries| entries.flatten().any(is_other))
}

/// The word as a shell takes it.
fn shell(word: &str) -> String {
    let is_safe = |c: char| c.is_alphanumeric() || matches!(c, '/' | '.' | '-' | '_' | '=' | ':' | '@' | '+' | ',');
    if !word.is_empty() && word.chars().all(is_safe) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

fn count(number: usize, what: &str) -> String {
    format!("{} {what}{}", thousands(number), if number == 1 { "" } else { "s" })
}

/// The number with commas.
fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn json(args: &Args, sample: &Sample, proposal: &Proposal) -> Value {
    let tables: Vec<Value> = proposal.tables.iter().map(table_json).collect();
    json!({
        "sample": {"events": sample.events.len(), "skippedLines": sample.skipped, "cut": sample.is_cut},
        "tables": tables,
        "when": proposal.when,
        "files": FILES.map(|name| args.dir.join(name).display().to_string()),
        "next": next(args, "run"),
    })
}

fn table_json(table: &TableProposal) -> Value {
    let writes: Vec<Value> =
        table.targets.writes.iter().map(|(column, place)| json!({"column": column, "to": place.path()})).collect();
    let mut key: Vec<Value> =
        table.row.key().columns.iter().map(|column| json!({"column": column.name, "type": column.kind})).collect();
    let mut report = json!({
        "table": table.table,
        "entity": table.entity,
        "alias": table.alias,
        "keySource": table.row.key().source,
        "columns": writes,
        "leftOut": table.targets.left_out,
    });
    match &table.row {
        Row::Matched(matched) => {
            for (column, place) in key.iter_mut().zip(&matched.places) {
                column["path"] = place.path().into();
            }
            report["forEach"] = matched.array().map(|array| format!("{}[*]", crate::init::path(array))).into();
            report["match"] = json!({
                "events": matched.events.len(),
                "values": matched.values,
                "found": matched.found,
                "named": matched.is_named(),
            });
        }
        Row::Reached(_, slug) => report["via"] = slug.as_str().into(),
    }
    report["key"] = key.into();
    report
}
