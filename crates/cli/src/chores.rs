//! What a node does by itself beside answering: watch places where logs arrive, take what is pushed, keep the lake over months.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Context;
use coldtrail_catalog::CatalogClient;
use coldtrail_intake::{GrpcServer, Push, PushServer, Taker, Tokens, Watcher, server_tls};
use coldtrail_lake::Lake;
use coldtrail_maintain::{Maintenance, RejectsConfig, check_rejects};
use tokio::net::TcpListener;
use tokio::sync::Mutex;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::node::open_ingest;

/// What only the node that leads does.
pub(crate) struct Chores {
    /// None without anything to watch.
    watcher: Option<Mutex<Watcher>>,
    maintenance: Maintenance,
    /// Zero for never.
    every: Duration,
    catalog: Arc<dyn CatalogClient>,
    rejects: RejectsConfig,
}

impl Chores {
    pub(crate) fn open(config: &Config, lake: &Lake, catalog: &Arc<dyn CatalogClient>) -> anyhow::Result<Self> {
        let watcher = match config.watch.is_empty() {
            true => None,
            false => Some(Mutex::new(Watcher::new(Taker::new(open_ingest(config, lake, catalog)?, Arc::clone(catalog)), &config.watch)?)),
        };
        let every = Duration::from_secs(config.maintenance.every_seconds);
        let (catalog, rejects) = (Arc::clone(catalog), config.rejects.clone());
        Ok(Self { watcher, maintenance: open_maintenance(config, lake, &catalog)?, every, catalog, rejects })
    }

    /// Works until `stop`.
    pub(crate) async fn lead(&self, stop: CancellationToken) {
        tokio::join!(self.watch(stop.clone()), self.keep(stop.clone()), self.look_at_rejects(stop));
    }

    async fn watch(&self, stop: CancellationToken) {
        if let Some(watcher) = &self.watcher {
            watcher.lock().await.run(stop).await;
        }
    }

    /// Raises and clears alarms; what was raised is in the log and in `system.alarms`.
    async fn look_at_rejects(&self, stop: CancellationToken) {
        let every = Duration::from_secs(self.rejects.alarm_every_seconds);
        while !every.is_zero() {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(every) => {}
            }
            if let Err(error) = check_rejects(self.catalog.as_ref(), &self.rejects, now_ms()).await {
                tracing::warn!(%error, "could not look whether more records than usual cannot be read; it is tried again");
            }
        }
    }

    async fn keep(&self, stop: CancellationToken) {
        while !self.every.is_zero() {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(self.every) => {}
            }
            match self.maintenance.pass(now_ms(), &stop).await {
                Ok(report) => {
                    let (merged, made) = (report.compaction.segments_removed, report.compaction.segments_added);
                    let (expired, deleted) =
                        (report.retention.segments_removed, report.garbage.removed_deleted + report.garbage.orphans_deleted);
                    tracing::info!(merged, made, duplicates = report.compaction.duplicates, expired, deleted, "the lake was kept");
                    if let Some(backup) = &report.backup.taken {
                        tracing::info!(backup, bytes = report.backup.bytes, deleted = report.backup.deleted, "the catalog was backed up");
                    }
                    if let Some(iceberg) = &report.iceberg {
                        let (tables, snapshot_id) = (iceberg.published.tables_published, iceberg.published.snapshot_id);
                        tracing::info!(tables, snapshot_id, "the tables were published for other engines");
                    }
                    for failed in &report.compaction.failed {
                        tracing::warn!(day = %failed.day, reason = %failed.reason, "segments could not be merged");
                    }
                }
                Err(error) => tracing::warn!(%error, "the lake could not be kept; it is tried again"),
            }
        }
    }
}

/// What keeps the lake.
pub(crate) fn open_maintenance(config: &Config, lake: &Lake, catalog: &Arc<dyn CatalogClient>) -> anyhow::Result<Maintenance> {
    Ok(Maintenance::new(lake.clone(), Arc::clone(catalog), config.maintenance.clone(), config.writer.clone())?)
}

/// Takes what is pushed, until `stop`; what this node has received it commits, whoever leads. Nothing without `push.bind` and
/// `push.grpc_bind`.
pub(crate) async fn serve_push(
    config: &Config,
    lake: &Lake,
    catalog: &Arc<dyn CatalogClient>,
    stop: CancellationToken,
) -> anyhow::Result<Option<JoinHandle<()>>> {
    let (http, grpc) = (listen("push.bind", config.push.bind).await?, listen("push.grpc_bind", config.push.grpc_bind).await?);
    let (true, Some(tokens)) = (http.is_some() || grpc.is_some(), &config.push.tokens_file) else { return Ok(None) };
    let text = std::fs::read_to_string(tokens).with_context(|| format!("cannot read the tokens {}", tokens.display()))?;
    let tokens: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    anyhow::ensure!(!tokens.is_empty(), "push.tokens_file has no token: nobody could push anything");
    let tokens = Tokens::new(&tokens);
    let tls = match (&config.push.tls_certificate, &config.push.tls_key) {
        (Some(certificate), Some(key)) => Some(server_tls(certificate, key)?),
        _ => None,
    };
    let taker = Taker::new(open_ingest(config, lake, catalog)?, Arc::clone(catalog));
    let push = Push::open(config.data_folder.join("spool"), taker, config.push.limits.clone()).await?;
    for (listener, protocol) in [(&http, "http"), (&grpc, "grpc")] {
        if let Some(listener) = listener {
            tracing::info!(address = %listener.local_addr()?, protocol, encrypted = tls.is_some(), "logs can be pushed");
        }
    }
    let (http_server, grpc_server) = (PushServer::new(push.clone(), tokens.clone()), GrpcServer::new(push.clone(), tokens));
    let over_http = {
        let (tls, stop) = (tls.clone(), stop.clone());
        async move { if let Some(listener) = http { http_server.serve(listener, tls, stop).await } else { Ok(()) } }
    };
    let over_grpc = {
        let stop = stop.clone();
        async move { if let Some(listener) = grpc { grpc_server.serve(listener, tls, stop).await } else { Ok(()) } }
    };
    Ok(Some(tokio::spawn(async move {
        let (over_http, over_grpc, ()) = tokio::join!(over_http, over_grpc, push.run(stop));
        for error in [over_http, over_grpc].into_iter().filter_map(Result::err) {
            tracing::error!(%error, "logs cannot be pushed any more");
        }
    })))
}

async fn listen(name: &str, address: Option<SocketAddr>) -> anyhow::Result<Option<TcpListener>> {
    let Some(address) = address else { return Ok(None) };
    let listener = TcpListener::bind(address).await;
    Ok(Some(listener.with_context(|| format!("cannot listen on {address}; set {name} to another port"))?))
}

/// Now, in milliseconds since 1970, UTC.
pub(crate) fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
