use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use weft_plan_types::{EnrichPlan, Owner, RedisConnection, SyncPlan};
use weft_store::redis::{Access, ConnectionManager};

use super::secrets::{SecretArgs, SecretManifests, Secrets};
use super::store::{self, Role};
use super::{AnyWarehouse, ConnectError, warehouse_with_books};
use crate::cli::{Failure, Format, diagnostics};
use crate::manifests::{LOCAL, LocalWarehouse, ManifestArgs};

/// What to work on and how to reach it, for every command that connects to servers.
#[derive(clap::Args)]
pub(crate) struct ConnectArgs {
    /// A file or folder with manifests, or - for standard input; may be repeated. Of a folder, the files that end
    /// in .yaml, .yml or .json
    #[arg(short, long, required_unless_present = "plan", value_name = "PATH")]
    filename: Vec<PathBuf>,

    /// Read the folders inside a folder too
    #[arg(short = 'R', long)]
    recursive: bool,

    /// A plan, as pods get it, in place of manifests; may be repeated
    #[arg(long, value_name = "FILE", conflicts_with_all = ["filename", "warehouse"])]
    plan: Vec<PathBuf>,

    /// Read tables from this SQLite file in place of the Warehouse of that name; may be repeated
    #[arg(long, value_name = "NAME=sqlite:PATH")]
    warehouse: Vec<LocalWarehouse>,

    /// The installation that the copies belong to; a store refuses all but its own
    #[arg(long, value_name = "ID", default_value = LOCAL, conflicts_with = "plan", value_parser = installation)]
    installation: String,

    #[command(flatten)]
    secrets: SecretArgs,

    #[command(flatten)]
    store: StoreArgs,
}

/// An installation's id, which is a part of the name of an owner.
pub(crate) fn installation(text: &str) -> Result<String, String> {
    let is_sound = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if (1..=63).contains(&text.len()) && text.chars().all(is_sound) {
        Ok(text.to_owned())
    } else {
        Err("write 1 to 63 letters, digits, `-`, `_` and `.`".to_owned())
    }
}

/// The Redis to use.
#[derive(clap::Args)]
pub(crate) struct StoreArgs {
    /// The Redis to use, redis://HOST:PORT/DATABASE or rediss:// for TLS; `manifest` is the one that the manifests name,
    /// with their users [default: manifest, but for weft run, which needs no Redis]
    #[arg(long, value_name = "URL")]
    store: Option<String>,

    /// The user to log in as at the Redis of --store
    #[arg(long, value_name = "NAME", requires = "store_password_file")]
    store_user: Option<String>,

    /// A file with the password for the Redis of --store
    #[arg(long, value_name = "PATH")]
    store_password_file: Option<PathBuf>,
}

/// An entity and the store it is in, as one who looks rows up reaches it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Readable {
    pub(crate) owner: Owner,
    pub(crate) slug: String,
    store: RedisConnection,
    role: Role,
}

/// What a command works on.
#[derive(Default)]
pub(crate) struct Plans {
    /// The entities to copy.
    pub(crate) syncs: Vec<SyncPlan>,
    /// The entities to look rows up in, each once.
    pub(crate) readable: Vec<Readable>,
    secrets: SecretManifests,
}

/// Reaches what plans name.
#[derive(Debug)]
pub(crate) struct Connections {
    secrets: Secrets,
    /// The store to use in place of that of the plans.
    store: Option<Access>,
}

impl ConnectArgs {
    /// Reads the manifests or plans; whatever is wrong or odd about them goes to standard error.
    pub(crate) fn open(&self) -> Result<(Plans, Connections), Failure> {
        let store = self.store.access()?;
        let mut plans = if self.plan.is_empty() { self.manifests()? } else { self.plans()? };
        let secrets = self.secrets.secrets(std::mem::take(&mut plans.secrets));
        Ok((plans, Connections { secrets, store }))
    }

    fn manifests(&self) -> Result<Plans, Failure> {
        let args = ManifestArgs {
            filename: self.filename.clone(),
            recursive: self.recursive,
            warehouse: self.warehouse.clone(),
            installation: self.installation.clone(),
        };
        let loaded = diagnostics::usable(&args, Format::Text)?;
        let mut plans = Plans { secrets: loaded.manifests.secrets, ..Plans::default() };
        for sync in loaded.planned.syncs {
            plans.readable.push(Readable {
                owner: sync.plan.owner.clone(),
                slug: sync.plan.entity.slug.clone(),
                store: sync.reader,
                role: Role::Reader,
            });
            plans.syncs.push(sync.plan);
        }
        Ok(plans)
    }

    fn plans(&self) -> Result<Plans, Failure> {
        let mut plans = Plans::default();
        for path in &self.plan {
            let named = || format!("failed to read the plan {} (--plan)", path.display());
            let bytes = std::fs::read(path).with_context(named).map_err(Failure::Configuration)?;
            plans.add(&bytes).with_context(named).map_err(Failure::Configuration)?;
        }
        Ok(plans)
    }
}

impl StoreArgs {
    /// Whether a Redis was asked for.
    pub(crate) fn is_given(&self) -> bool {
        self.store.is_some()
    }

    /// Where to go instead of the store of the manifests. Their passwords are for their server, and go to no other.
    pub(crate) fn access(&self) -> Result<Option<Access>, Failure> {
        let Some(url) = self.store.as_ref().filter(|url| *url != "manifest") else {
            let message = "--store-user and --store-password-file are for a Redis that --store names";
            let is_sound = self.store_user.is_none() && self.store_password_file.is_none();
            return if is_sound { Ok(None) } else { Err(Failure::Configuration(anyhow!(message))) };
        };
        if !["redis://", "rediss://"].iter().any(|scheme| url.starts_with(scheme)) {
            let message = "--store takes redis://HOST:PORT/DATABASE, rediss:// for TLS, or `manifest`";
            return Err(Failure::Configuration(anyhow!(message)));
        }
        let password = self.store_password_file.as_deref().map(password).transpose()?;
        Ok(Some(Access { url: url.clone(), username: self.store_user.clone(), password, ca: None }))
    }
}

fn password(path: &Path) -> Result<String, Failure> {
    let mut text = String::new();
    let read = std::fs::File::open(path).and_then(|mut file| file.read_to_string(&mut text));
    read.with_context(|| format!("failed to read the password of {} (--store-password-file)", path.display()))
        .map_err(Failure::Configuration)?;
    let without_break = text.strip_suffix('\n').map(|text| text.strip_suffix('\r').unwrap_or(text));
    Ok(without_break.unwrap_or(&text).to_owned())
}

impl Plans {
    /// Adds a plan of either kind.
    fn add(&mut self, bytes: &[u8]) -> Result<(), weft_plan_types::ReadError> {
        let error = match weft_plan_types::read::<SyncPlan>(bytes) {
            Ok(plan) => {
                let (owner, slug) = (plan.owner.clone(), plan.entity.slug.clone());
                self.add_readable(Readable { owner, slug, store: plan.store.clone(), role: Role::Writer });
                self.syncs.push(plan);
                return Ok(());
            }
            Err(error) => error,
        };
        let plan: EnrichPlan = weft_plan_types::read(bytes).map_err(|_| error)?;
        for entity in plan.entities {
            let (owner, store) = (plan.owner.clone(), plan.store.clone());
            self.add_readable(Readable { owner, slug: entity.slug, store, role: Role::Reader });
        }
        Ok(())
    }

    fn add_readable(&mut self, readable: Readable) {
        let is_known = |other: &Readable| other.owner == readable.owner && other.slug == readable.slug;
        if !self.readable.iter().any(is_known) {
            self.readable.push(readable);
        }
    }
}

impl Connections {
    /// With these secrets, and to this store where there is one.
    pub(crate) fn new(secrets: Secrets, store: Option<Access>) -> Self {
        Self { secrets, store }
    }

    /// Connects to the store of a mapping, to look rows up.
    pub(crate) async fn lookups(&self, plan: &EnrichPlan) -> Result<ConnectionManager, Failure> {
        self.store(&plan.store, Role::Reader, &plan.owner).await
    }

    /// How to reach the store of a mapping, to look rows up; secrets are read anew.
    #[cfg(feature = "kafka")]
    pub(crate) fn lookup_access(&self, plan: &EnrichPlan) -> Result<Access, Failure> {
        let planned = || store::access(&plan.store, Role::Reader, &plan.owner, &self.secrets).map_err(failure);
        self.store.clone().map_or_else(planned, Ok)
    }

    /// Why the store of a mapping cannot be reached by that.
    #[cfg(feature = "kafka")]
    pub(crate) fn lookups_refused(&self, plan: &EnrichPlan, refusal: weft_store::redis::ConnectError) -> Failure {
        failure(match &self.store {
            Some(_) => store::unreachable(&plan.owner, refusal),
            None => store::refused(refusal, &plan.store, Role::Reader, &plan.owner),
        })
    }

    /// Opens the warehouse of a plan, and its bookkeeping.
    pub(crate) async fn warehouse(&self, plan: &SyncPlan) -> Result<AnyWarehouse, Failure> {
        warehouse_with_books(&plan.warehouse, &plan.owner.namespace, &self.secrets).await.map_err(failure)
    }

    /// Connects to the store of a plan, to fill it.
    pub(crate) async fn writer(&self, plan: &SyncPlan) -> Result<ConnectionManager, Failure> {
        self.store(&plan.store, Role::Writer, &plan.owner).await
    }

    /// Connects to the store of an entity, to look rows up.
    pub(crate) async fn reader(&self, entity: &Readable) -> Result<ConnectionManager, Failure> {
        self.store(&entity.store, entity.role, &entity.owner).await
    }

    async fn store(
        &self,
        connection: &RedisConnection,
        role: Role,
        owner: &Owner,
    ) -> Result<ConnectionManager, Failure> {
        let connected = match &self.store {
            Some(access) => store::reach(access, owner).await,
            None => store::store(connection, role, owner, &self.secrets).await,
        };
        connected.map_err(failure)
    }
}

fn failure(error: ConnectError) -> Failure {
    if error.is_transient() { Failure::Transient(error.into()) } else { Failure::Configuration(error.into()) }
}
