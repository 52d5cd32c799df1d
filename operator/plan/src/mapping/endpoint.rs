//! Where a mapping's events come from and go to.

use k8s_openapi::jiff::Timestamp;
use weft_api::EnrichmentMapping;
use weft_plan_types::{ConsumerPlan, KafkaTopic, StartFrom};

use crate::Reason;
use crate::catalog::Catalog;
use crate::connection::kafka_topic;
use crate::diagnostic::{Report, name, namespace};

/// Source, destination and dead letters each name one kind, and the source a place to start from.
pub(super) fn are_given(mapping: &EnrichmentMapping, _: &Catalog<'_>, report: &mut Report<'_>) {
    let spec = &mapping.spec;
    let dead_letter = spec.dead_letter.as_ref().and_then(|dead_letter| dead_letter.kafka.as_ref());
    for (missing, field, help) in [
        (spec.source.kafka.is_none(), "spec.source", "add `kafka` with `bootstrapServers` and `topic`"),
        (spec.destination.kafka.is_none(), "spec.destination", "add `kafka` with `bootstrapServers` and `topic`"),
        (dead_letter.is_none(), "spec.deadLetter", "add `kafka` with the `topic` for events that cannot be delivered"),
    ] {
        if missing {
            report.error(
                Reason::InvalidSpec,
                field,
                format!("{} names no kind", field.trim_start_matches("spec.")),
                help,
            );
        }
    }
    if let Some(source) = &spec.source.kafka
        && start_from(&source.start_from).is_none()
    {
        let message = format!("`{}` is no place to start from", source.start_from);
        let help = "write Earliest, Latest or a time such as 2026-01-31T00:00:00Z";
        report.error(Reason::InvalidSpec, "spec.source.kafka.startFrom", message, help);
    }
}

/// Source, destination and dead letters, if all are given.
pub(crate) fn plans(mapping: &EnrichmentMapping) -> Option<(ConsumerPlan, KafkaTopic, KafkaTopic)> {
    let (source, destination) = (mapping.spec.source.kafka.as_ref()?, mapping.spec.destination.kafka.as_ref()?);
    let dead_letter = mapping.spec.dead_letter.as_ref()?.kafka.as_ref()?;
    let on_source =
        |topic: &str| kafka_topic(&source.bootstrap_servers, topic, source.auth.as_ref(), source.tls.as_ref());
    let consumer = ConsumerPlan {
        topic: on_source(&source.topic),
        group_id: source.group_id.clone().unwrap_or_else(|| format!("weft.{}.{}", namespace(mapping), name(mapping))),
        start_from: start_from(&source.start_from)?,
    };
    let produced = kafka_topic(
        &destination.bootstrap_servers,
        &destination.topic,
        destination.auth.as_ref(),
        destination.tls.as_ref(),
    );
    Some((consumer, produced, on_source(&dead_letter.topic)))
}

fn start_from(written: &str) -> Option<StartFrom> {
    match written {
        "Earliest" => Some(StartFrom::Earliest),
        "Latest" => Some(StartFrom::Latest),
        time => time.parse::<Timestamp>().ok().map(|_| StartFrom::Timestamp(time.to_owned())),
    }
}
