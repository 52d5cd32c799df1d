//! From the start to SIGTERM: reach the cluster, wait for the kinds, wait for the Lease, act, hand over.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use futures_util::future::{join, join_all, join3, join4};
use futures_util::stream;
use kube::api::{Api, DynamicObject, ListParams};
use kube::runtime::reflector::ObjectRef;
use kube::{Client, Config};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::admin::{self, Health};
use crate::apply::resource;
use crate::args::Args;
use crate::driver::{self, Context, Settings};
use crate::election::Election;
use crate::events;
use crate::installation;
use crate::release;
use crate::world::{Changed, Guarded, World, watched};

/// How long to wait for kinds that come later, and between two tries to reach the cluster.
const PAUSE: Duration = Duration::from_secs(2);

const NO_CLUSTER: &str = "failed to find the cluster: this is no pod with a service account, and there is no kubeconfig \
                          (KUBECONFIG, else ~/.kube/config) that can be read; `kubectl config view` tells what is wrong";

/// Runs until it is told to stop.
pub(crate) async fn run(args: Args) -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate()).context("failed to watch for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("failed to watch for SIGINT")?;
    let health = Arc::new(Health::new().context("failed to make the counters")?);
    admin::serve(args.admin, &health).await?;
    // Why a kubeconfig cannot be read would quote it, and it holds passwords.
    let config = Config::infer().await.map_err(|_| anyhow!("{NO_CLUSTER}"))?;
    let namespace = args.lease_namespace.clone().unwrap_or_else(|| config.default_namespace.clone());
    let client = Client::try_from(config).context("failed to make a client of the cluster")?;
    let identity = args.identity.clone().unwrap_or_else(|| format!("{}_{}", hostname(), std::process::id()));
    let election = Arc::new(Election::new(client.clone(), &namespace, &args.lease_name, identity));
    if args.release_entities {
        return release::entities(&client, &election, &args.watch_namespaces).await;
    }
    let mut stopped = std::pin::pin!(async {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    });
    let installation = tokio::select! {
        () = &mut stopped => return Ok(()),
        settled = installation::settled(&client, &namespace, args.installation.as_deref()) => settled?,
    };
    tokio::select! {
        () = stopped => {}
        () = act(&args, &installation, &client, &election, &health) => {}
    }
    // Whatever was being written has ended with its future.
    tracing::info!("stops: hands the lease over");
    health.metrics.leads(false);
    let released = tokio::time::timeout(Duration::from_secs(5), election.released()).await;
    if released.is_err() {
        tracing::warn!("failed to release the lease: no answer; the next replica waits until it has run out");
    }
    Ok(())
}

/// Acts whenever this replica holds the Lease. Never ends.
async fn act(args: &Args, installation: &str, client: &Client, election: &Arc<Election>, health: &Arc<Health>) {
    kinds_are_known(client, args).await;
    health.is_ready();
    loop {
        election.won().await;
        tracing::info!("leads: it acts from now on");
        health.metrics.leads(true);
        tokio::select! {
            () = election.lost() => {}
            () = control(args, installation, client, election, health) => {}
        }
        health.shows(Vec::new());
        health.metrics.leads(false);
        tracing::warn!("lost the lease: it writes nothing until it has it again");
    }
}

/// Waits until the API server knows the four kinds: their definitions may be applied later than the operator.
async fn kinds_are_known(client: &Client, args: &Args) {
    for kind in ["Warehouse", "DataGraph", "Entity", "EnrichmentMapping"] {
        let resource = resource(weft_api::API_VERSION, kind);
        let api: Api<DynamicObject> = match args.watch_namespaces.first() {
            Some(namespace) => Api::namespaced_with(client.clone(), namespace, &resource),
            None => Api::all_with(client.clone(), &resource),
        };
        let mut said = String::new();
        while let Err(error) = api.list_metadata(&ListParams::default().limit(1)).await {
            let error = match &error {
                kube::Error::Api(status) if status.code == 404 => "apply the definitions (crds/)".to_owned(),
                other => other.to_string(),
            };
            if said != error {
                tracing::warn!(kind, error, "waits: the cluster cannot list the kind yet");
                said = error;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// Watches and acts. Never ends.
async fn control(args: &Args, installation: &str, client: &Client, election: &Arc<Election>, health: &Arc<Health>) {
    let namespaces: Vec<_> = match args.watch_namespaces.as_slice() {
        [] => vec![None],
        some => some.iter().map(|namespace| Some(namespace.as_str())).collect(),
    };
    let settings = Settings {
        installation: installation.to_owned(),
        data_plane_image: args.data_plane_image.clone(),
        clean_up: args.clean_up,
        cleanup_deadline: Duration::from_secs(args.cleanup_deadline),
    };
    let recorder = events::recorder(client.clone(), election.identity());
    let mut worlds = Vec::new();
    let all: Vec<_> = namespaces
        .into_iter()
        .map(|namespace| {
            let (sender, changes) = unbounded_channel();
            let (world, watches) = watched(client, namespace, &sender);
            worlds.push(world.clone());
            let context = Arc::new(Context {
                client: client.clone(),
                world,
                election: Arc::clone(election),
                health: Arc::clone(health),
                settings: settings.clone(),
                recorder: recorder.clone(),
                enrichers: Arc::default(),
                told: Default::default(),
            });
            let asking = Arc::clone(&context);
            let ask = async move { asking.enrichers.ask(&asking.world, &sender).await };
            join3(watches, controllers(context, changes), ask)
        })
        .collect();
    health.shows(worlds);
    join_all(all).await;
}

/// One controller per kind, and who wakes them.
async fn controllers(context: Arc<Context>, mut changes: UnboundedReceiver<Changed>) {
    // What is decided from half of the cluster would be wrong.
    context.world.complete().await;
    let world = context.world.clone();
    let (warehouses, warehouse_queue) = unbounded_channel();
    let (graphs, graph_queue) = unbounded_channel();
    let (entities, entity_queue) = unbounded_channel();
    let (mappings, mapping_queue) = unbounded_channel();
    let waker = async move {
        while let Some(changed) = changes.recv().await {
            wake(&warehouses, World::warehouses_woken(&changed));
            wake(&graphs, world.graphs_woken(&changed));
            wake(&entities, world.entities_woken(&changed));
            wake(&mappings, world.mappings_woken(&changed));
        }
    };
    let World { warehouses, graphs, entities, mappings, .. } = context.world.clone();
    let all: Pin<Box<dyn Future<Output = _> + Send>> = Box::pin(join4(
        driver::run(warehouses, queue(warehouse_queue), Arc::clone(&context)),
        driver::run(graphs, queue(graph_queue), Arc::clone(&context)),
        driver::run(entities, queue(entity_queue), Arc::clone(&context)),
        driver::run(mappings, queue(mapping_queue), Arc::clone(&context)),
    ));
    join(waker, all).await;
}

type Woken<K> = ObjectRef<Guarded<K>>;

fn wake<K: kube::Resource<DynamicType = ()>>(queue: &UnboundedSender<Woken<K>>, woken: Vec<Woken<K>>) {
    woken.into_iter().for_each(|object| drop(queue.send(object)));
}

fn queue<K: kube::Resource<DynamicType = ()>>(
    queue: UnboundedReceiver<Woken<K>>,
) -> impl stream::Stream<Item = Woken<K>> {
    stream::unfold(queue, |mut queue| async move { queue.recv().await.map(|object| (object, queue)) })
}

/// As a pod is named; else whatever tells it from other processes.
fn hostname() -> String {
    std::fs::read_to_string("/proc/sys/kernel/hostname")
        .map_or_else(|_| "weft-operator".to_owned(), |it| it.trim().to_owned())
}
