//! What a node consists of, opened in the order it is needed and closed the other way round.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use coldtrail_catalog::{Catalog, CatalogClient, LeaderState, RemoteCatalog};
use coldtrail_fleet::{FLEET, Fleet, SCHEDULER, SchedulerPlace};
use coldtrail_flight::{Auth, FlightServer, HuntServices, Users};
use coldtrail_hunt::Webhook;
use coldtrail_ingest::Ingest;
use coldtrail_lake::Lake;
use coldtrail_model::{SegmentId, SegmentIndex};
use coldtrail_query::{Geo, Planner};
use coldtrail_scheduler::{ContentLibrary, Hunting, QueryRouter, Runs, SchedulerRole, Workspace};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::chores::{Chores, now_ms, serve_push};
use crate::config::Config;
use crate::links::Links;
use crate::secrets::{CatalogDoor, cluster_signing_key, signing_key};

/// Files that no commit names are left alone for this long: a writer may be about to commit them.
const ORPHAN_GRACE: Duration = Duration::from_secs(3600);

/// Makes the data folder and says what is wrong if it cannot.
pub(crate) fn make_data_folder(config: &Config) -> anyhow::Result<()> {
    std::fs::create_dir_all(&config.data_folder).with_context(|| format!("cannot make the data folder {}", config.data_folder.display()))
}

pub(crate) fn open_lake(config: &Config) -> anyhow::Result<Lake> {
    Ok(Lake::open(&config.lake_url(), &config.store)?)
}

/// The catalog: this process's own, or that of the `serve` that has it open.
pub(crate) enum OpenCatalog {
    Own(Catalog),
    Remote(Arc<dyn CatalogClient>),
}

impl OpenCatalog {
    pub(crate) async fn open(config: &Config) -> anyhow::Result<Self> {
        make_data_folder(config)?;
        if config.cluster.is_on() {
            // A node of a cluster is opened with the others only, by `serve`.
            let door =
                CatalogDoor::read(&config.data_folder).context("no `coldtrail serve` of this node of the cluster runs; start it first")?;
            return Ok(Self::Remote(Arc::new(RemoteCatalog::connect(door.address, &door.token).await?)));
        }
        match Catalog::open(config.catalog()).await {
            Ok(catalog) => Ok(Self::Own(catalog)),
            Err(in_use @ coldtrail_catalog::Error::InUse { .. }) => {
                let Ok(door) = CatalogDoor::read(&config.data_folder) else { return Err(in_use.into()) };
                let remote = RemoteCatalog::connect(door.address, &door.token).await?;
                Ok(Self::Remote(Arc::new(remote)))
            }
            Err(error) => Err(error.into()),
        }
    }

    pub(crate) fn client(&self) -> Arc<dyn CatalogClient> {
        match self {
            Self::Own(catalog) => Arc::new(catalog.clone()),
            Self::Remote(client) => Arc::clone(client),
        }
    }

    pub(crate) async fn close(self) {
        if let Self::Own(catalog) = self
            && let Err(error) = catalog.shutdown().await
        {
            tracing::warn!(%error, "the catalog did not close cleanly");
        }
    }
}

/// What takes objects in.
pub(crate) fn open_ingest(config: &Config, lake: &Lake, catalog: &Arc<dyn CatalogClient>) -> anyhow::Result<Ingest> {
    Ok(Ingest::new(lake.clone(), Arc::clone(catalog), config.ingest.clone(), config.writer.clone(), config.store.clone())?)
}

/// Deletes what killed writers left and no commit names, older than `grace`. What is older than the catalog itself stays: it was visible
/// in a catalog of before, and `coldtrail lake rebuild` takes it in.
pub(crate) async fn clean_orphans(lake: &Lake, catalog: &dyn CatalogClient, grace: Duration) -> anyhow::Result<coldtrail_lake::Cleaned> {
    let older_than_ms = now_ms().saturating_sub(i64::try_from(grace.as_millis()).unwrap_or(i64::MAX));
    let mut known: std::collections::HashSet<SegmentId> = catalog.kept_segments().await?.into_iter().collect();
    // Those that were removed stay for `maintenance.removed_hours`: somebody may read them still.
    known.extend(coldtrail_maintain::removed_segments(catalog).await?);
    let created_ms = catalog.status().await?.created_ms();
    let earlier = std::sync::atomic::AtomicU64::new(0);
    let stays = |id: &SegmentId| {
        let is_earlier = !known.contains(id) && id.created_ms() < created_ms;
        earlier.fetch_add(u64::from(is_earlier), std::sync::atomic::Ordering::Relaxed);
        is_earlier || known.contains(id)
    };
    let cleaned = lake.clean_orphans(stays, older_than_ms).await?;
    let earlier = earlier.into_inner();
    if earlier > 0 {
        tracing::warn!(
            segments = earlier,
            "the lake holds segments that are older than this catalog and that it does not know; `coldtrail lake rebuild` takes them in"
        );
    }
    Ok(cleaned)
}

/// A node that holds the catalog and answers clients.
pub(crate) struct Node {
    pub(crate) lake: Lake,
    pub(crate) catalog: Catalog,
    /// Where Flight SQL is served.
    pub(crate) address: std::net::SocketAddr,
    workspace: Arc<Workspace>,
    router: QueryRouter,
    data_folder: std::path::PathBuf,
    stop: CancellationToken,
    flight: tokio::task::JoinHandle<Result<(), coldtrail_flight::Error>>,
    door: tokio::task::JoinHandle<Result<(), coldtrail_catalog::Error>>,
    push: Option<tokio::task::JoinHandle<()>>,
    leading: tokio::task::JoinHandle<()>,
}

impl Node {
    /// Opens everything and serves; the ports are bound when it returns. With `links`, as a node of a cluster.
    pub(crate) async fn start(config: &Config, users: Users, links: Option<&Links>) -> anyhow::Result<Self> {
        make_data_folder(config)?;
        let lake = open_lake(config)?;
        let listener = bind(config.flight.bind, "flight.bind").await?;
        let catalog = match links {
            Some(links) => Catalog::open_in_cluster(config.catalog(), links.peering(&config.cluster.peers).await?).await?,
            None => Catalog::open(config.catalog()).await?,
        };
        catalog.linearizable().await?;
        let client: Arc<dyn CatalogClient> = Arc::new(catalog.clone());
        let cleaned = clean_orphans(&lake, client.as_ref(), ORPHAN_GRACE).await?;
        tracing::info!(segments = cleaned.segments_deleted, unfinished = cleaned.unfinished_deleted, "cleaned up after killed writers");
        let workspace = Workspace::open(config.executor())?;
        let index: Arc<dyn SegmentIndex> = Arc::new(catalog.clone());
        let planner = Planner::new(config.planner(), lake.clone(), index, Arc::clone(workspace.runtime()));
        let planner = planner.with_geo(Geo::open(&config.query.geo_files())?);
        let content = ContentLibrary::new(lake.clone(), Arc::clone(&client));
        let planner = planner.with_content(Arc::new(content.clone()));
        let planner = planner.clone().with_extension(Runs::tables(planner, Arc::clone(&client), content.clone()));
        let role = scheduler_role(links);
        let router = QueryRouter::start_as(planner, config.engine()?, Arc::clone(&workspace), role).await?;
        let runs = Runs::new(router.clone(), Arc::clone(&client), content.clone(), config.runs());
        let hunting = Hunting::new(router.clone(), Arc::clone(&client), runs.clone(), content.clone());
        let webhook = Webhook::new(config.webhook()?)?;
        let chores = Chores::open(config, &lake, &client)?;
        let leader = Leader { runs: runs.clone(), hunting: hunting.clone(), webhook, chores };
        let services = HuntServices { runs: Arc::new(runs.clone()), content: Arc::new(content), hunting: Arc::new(hunting) };
        let key = match links {
            Some(links) => cluster_signing_key(&links.secret)?,
            None => signing_key(&config.data_folder)?,
        };
        let auth = Arc::new(Auth::new(users, key, &config.flight)?);
        let server = FlightServer::new(config.flight.clone(), auth, Arc::new(router.clone()))?.with_hunts(services);
        let stop = CancellationToken::new();
        let address = listener.local_addr()?;
        if let Some(links) = links {
            open_fleet(links, &catalog, &router, &stop).await?;
        }
        let flight = tokio::spawn(server.serve(listener, stop.clone()));
        let door = open_door(config, &catalog, stop.clone()).await?;
        let push = serve_push(config, &lake, &client, stop.clone()).await?;
        let leading = tokio::spawn(leader.lead(catalog.leader_changes(), stop.clone()));
        let data_folder = config.data_folder.clone();
        Ok(Self { lake, catalog, address, workspace, router, data_folder, stop, flight, door, push, leading })
    }

    /// What all queries of this process share.
    pub(crate) fn workspace(&self) -> &Arc<Workspace> {
        &self.workspace
    }

    /// Serves until `until` is done or something ends by itself, then drains and closes.
    pub(crate) async fn run_until(mut self, until: impl Future<Output = ()>) -> anyhow::Result<()> {
        let ended = tokio::select! {
            () = until => None,
            ended = &mut self.flight => Some(ended.map_err(anyhow::Error::from).and_then(|result| result.map_err(Into::into))),
        };
        // Another leads while this one drains.
        if let Err(error) = self.catalog.step_down().await {
            tracing::warn!(%error, "could not let another node lead");
        }
        self.stop.cancel();
        let result = match ended {
            Some(result) => result.context("the Flight SQL server ended"),
            None => (&mut self.flight).await.map_err(anyhow::Error::from).and_then(|result| result.map_err(Into::into)),
        };
        let _ = self.leading.await;
        if let Some(push) = self.push.take() {
            let _ = push.await;
        }
        self.router.stop().await;
        let _ = self.door.await;
        CatalogDoor::remove(&self.data_folder);
        self.catalog.shutdown().await?;
        result
    }
}

/// In a cluster the executors are attached, also the one of the same process: each must be known by an address that is the same everywhere.
fn scheduler_role(links: Option<&Links>) -> SchedulerRole {
    match links {
        Some(links) => {
            let host = coldtrail_fleet::loopback_of(&format!("scheduler {} {}", links.address, std::process::id()));
            SchedulerRole { host, executes: false }
        }
        None => SchedulerRole::default(),
    }
}

/// Lets executors attach while this node leads, and the router know of them.
async fn open_fleet(links: &Links, catalog: &Catalog, router: &QueryRouter, stop: &CancellationToken) -> anyhow::Result<()> {
    let scheduler = router.engine().scheduler_address();
    let std::net::IpAddr::V4(host) = scheduler.ip() else { bail!("the scheduler has no address of version 4") };
    let place = SchedulerPlace { host, port: scheduler.port() };
    let fleet = Fleet::new(links.client.clone(), place, catalog.leader_changes(), links.secret.clone());
    let listener = TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0)).await?;
    links.services.offer(FLEET, listener.local_addr()?)?;
    links.services.offer(SCHEDULER, scheduler)?;
    let mut executors = fleet.executors();
    let (engine, ended) = (router.engine().clone(), stop.clone());
    tokio::spawn(async move {
        let mut known: std::collections::BTreeSet<String> = std::collections::BTreeSet::new();
        loop {
            let now = executors.borrow_and_update().clone();
            engine.set_remote_vcores(now.values().map(|executor| executor.vcores as usize).sum());
            for lost in known.iter().filter(|id| !now.contains_key(*id)) {
                engine.lose_executor(lost).await;
            }
            known = now.into_keys().collect();
            tokio::select! {
                () = ended.cancelled() => return,
                changed = executors.changed() => if changed.is_err() { return },
            }
        }
    });
    let ended = stop.clone();
    tokio::spawn(async move {
        if let Err(error) = fleet.serve(listener, ended).await {
            tracing::error!(%error, "executors cannot attach any more");
        }
    });
    Ok(())
}

/// What only the node that leads does.
struct Leader {
    runs: Runs,
    hunting: Hunting,
    webhook: Option<Webhook>,
    chores: Chores,
}

impl Leader {
    /// Works for as long as this node leads.
    async fn lead(self, mut leaders: watch::Receiver<LeaderState>, stop: CancellationToken) {
        while !stop.is_cancelled() {
            let leader = leaders.borrow_and_update().clone();
            if leader.is_me {
                self.lead_in(leader.epoch, &mut leaders, &stop).await;
                continue;
            }
            tokio::select! {
                () = stop.cancelled() => {}
                next = leaders.changed() => if next.is_err() { return },
            }
        }
    }

    /// Works in one epoch.
    async fn lead_in(&self, epoch: u64, leaders: &mut watch::Receiver<LeaderState>, stop: &CancellationToken) {
        tracing::info!(epoch, "this node leads");
        let over = stop.child_token();
        let (runs, hunting) = (self.runs.lead(epoch, over.clone()), self.hunting.lead(self.webhook.clone(), over.clone()));
        let chores = self.chores.lead(over.clone());
        let leading = async { tokio::join!(runs, hunting, chores) };
        tokio::pin!(leading);
        let ended = tokio::select! {
            _ = &mut leading => true,
            _ = leaders.wait_for(|now| now.epoch != epoch || !now.is_me) => false,
        };
        if !ended {
            over.cancel();
            leading.await;
        }
        tracing::info!(epoch, "this node leads no more");
    }
}

async fn bind(address: std::net::SocketAddr, key: &str) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address)
        .await
        .with_context(|| format!("cannot listen on {address}; is another coldtrail running? set {key} to another port"))
}

async fn open_door(
    config: &Config,
    catalog: &Catalog,
    stop: CancellationToken,
) -> anyhow::Result<tokio::task::JoinHandle<Result<(), coldtrail_catalog::Error>>> {
    let listener = bind(config.catalog.bind, "catalog.bind").await?;
    let door = CatalogDoor { address: listener.local_addr()?, token: coldtrail_flight::auth::generate_password() };
    door.write(&config.data_folder)?;
    Ok(tokio::spawn(coldtrail_catalog::serve(listener, catalog.clone(), door.token, stop)))
}

/// Done when the process is asked to stop: Ctrl-C, or SIGTERM.
pub(crate) async fn asked_to_stop() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}
