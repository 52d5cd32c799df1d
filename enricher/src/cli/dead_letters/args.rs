use anyhow::anyhow;
use weft_plan_types::EnrichPlan;

use super::failure;
use super::time::time;
use crate::cli::planned::PlannedArgs;
use crate::cli::{Failure, mapping};
use crate::connect::{Access, Endpoint, Secrets};
use crate::letters::{Filter, NO_RULE, Topic, group};
use crate::manifests::LOCAL;

/// Which letters of which mapping.
#[derive(clap::Args)]
pub(super) struct Chosen {
    #[command(flatten)]
    planned: PlannedArgs,

    /// Only those with this reason, such as missing; may be repeated
    #[arg(long, value_name = "REASON")]
    reason: Vec<String>,

    /// Only those of this rule; - for records that are no events. May be repeated
    #[arg(long, value_name = "NAME", allow_hyphen_values = true)]
    rule: Vec<String>,

    /// Only those of this time and later: a time such as 2026-01-31T08:00:00Z, or how long ago, such as 90m, 2h or 7d
    #[arg(long, value_name = "TIME", value_parser = time)]
    since: Option<i64>,

    /// Only those from before this time
    #[arg(long, value_name = "TIME", value_parser = time)]
    until: Option<i64>,
}

impl Chosen {
    /// The mapping and its secrets. A suspended one has letters too.
    pub(super) fn open(&self) -> Result<(EnrichPlan, Secrets), Failure> {
        if let (Some(since), Some(until)) = (self.since, self.until)
            && since >= until
        {
            let message = "--since is not before --until, so no letter can be meant";
            return Err(Failure::Configuration(anyhow!(message)));
        }
        self.planned.open(LOCAL, mapping::choose_any)
    }

    /// Which letters are meant.
    pub(super) fn filter(&self) -> Filter {
        let sorted = |names: &[String]| {
            let mut names = names.to_vec();
            names.sort_unstable();
            names.dedup();
            names
        };
        let (reasons, rules) = (sorted(&self.reason), sorted(&self.rule));
        Filter { reasons, rules, without: Vec::new(), since: self.since, until: self.until }
    }

    /// Refuses rules that the mapping does not have.
    pub(super) fn check_rules(&self, plan: &EnrichPlan) -> Result<(), Failure> {
        let is_known = |name: &&String| *name == NO_RULE || plan.rules.iter().any(|rule| rule.name == **name);
        let Some(unknown) = self.rule.iter().find(|name| !is_known(name)) else { return Ok(()) };
        let known: Vec<_> = plan.rules.iter().map(|rule| rule.name.as_str()).collect();
        let (mapping, known) = (&plan.mapping, known.join(", "));
        let message = format!("--rule: EnrichmentMapping {mapping} has no rule {unknown}; it has {known}");
        Err(Failure::Configuration(anyhow!(message)))
    }
}

/// How one of a mapping's topics is reached.
pub(super) fn access(endpoint: Endpoint, plan: &EnrichPlan, secrets: &Secrets) -> Result<Access, Failure> {
    let topic = if endpoint == Endpoint::DeadLetter { &plan.dead_letter } else { &plan.source.topic };
    let access = Access::new(endpoint, topic, &plan.mapping, &plan.owner, secrets);
    access.map_err(|error| Failure::Configuration(error.into()))
}

/// The mapping's letters.
pub(super) fn letters(plan: &EnrichPlan, secrets: &Secrets) -> Result<Topic, Failure> {
    Topic::open(&access(Endpoint::DeadLetter, plan, secrets)?, &group(plan)).map_err(failure)
}
