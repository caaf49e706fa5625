use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail};
use coldtrail_ingest::IngestConfig;
use coldtrail_intake::{PushConfig, WatchConfig};
use coldtrail_lake::{StoreOptions, WriterConfig};
use coldtrail_maintain::{MaintenanceConfig, RejectsConfig};
use coldtrail_normalize::Source;
use coldtrail_query::{ExpectedSource, GeoFiles, PlannerConfig};
use coldtrail_scheduler::{EngineConfig, ExecutorConfig, RunsConfig, SlicePolicy, TierMode};
use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use crate::arguments::Arguments;

/// The file that is read without `--config`.
const DEFAULT_FILE: &str = "coldtrail.toml";

/// Variables of the environment that begin with `COLDTRAIL_` and are not settings.
const NOT_SETTINGS: &[&str] = &["CONFIG", "USER", "PASSWORD", "URL", "SAMPLES", "BIN", "LOG"];

/// Everything that can be set. A setting `key` of section `[section]` can also be given in the environment, as
/// `COLDTRAIL_SECTION_KEY`; that wins over the file. Unknown keys are refused.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    /// The folder for catalog, users and temporary files.
    pub(crate) data_folder: PathBuf,
    /// Where the Parquet lies: a folder, or the URL of a place in an object store. Default: `lake` in the data folder.
    pub(crate) lake: Option<String>,
    /// The users who may sign in; the nodes of a cluster must have the same. Default: `users.toml` in the data folder.
    pub(crate) users_file: Option<PathBuf>,
    /// Files with the mappings of sources of one's own; every node that takes logs in must have the same.
    pub(crate) mappings: Vec<PathBuf>,
    pub(crate) cluster: ClusterConfig,
    pub(crate) health: HealthConfig,
    pub(crate) flight: coldtrail_flight::Config,
    pub(crate) catalog: CatalogConfig,
    pub(crate) query: QueryConfig,
    pub(crate) runs: RunsSection,
    pub(crate) findings: FindingsSection,
    pub(crate) ingest: IngestConfig,
    /// Folders and prefixes that are watched by the node that leads.
    pub(crate) watch: Vec<WatchConfig>,
    pub(crate) push: PushSection,
    /// What should come in, beside what is learnt from the events that are there.
    pub(crate) expected: Vec<ExpectedSource>,
    pub(crate) maintenance: MaintenanceConfig,
    /// When somebody is told that more records than usual cannot be read.
    pub(crate) rejects: RejectsConfig,
    pub(crate) writer: WriterConfig,
    pub(crate) store: StoreOptions,
}

/// Pages for whatever watches the process.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct HealthConfig {
    /// Where `GET /healthz` and `GET /readyz` are answered, in the clear; nowhere if not given.
    pub(crate) bind: Option<std::net::SocketAddr>,
}

/// Where logs are pushed to, over HTTP and over gRPC.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct PushSection {
    /// Where `POST /v1/events` and Splunk's collector are answered; nowhere if not given. In the clear on loopback addresses only.
    pub(crate) bind: Option<std::net::SocketAddr>,
    /// Where `IngestService` is answered over gRPC, with the same tokens, certificate and limits; nowhere if not given.
    pub(crate) grpc_bind: Option<std::net::SocketAddr>,
    /// A file with the tokens of senders, one a line; lines that begin with `#` are passed over.
    pub(crate) tokens_file: Option<PathBuf>,
    /// The certificate of the listener with its chain, PEM.
    pub(crate) tls_certificate: Option<PathBuf>,
    /// Its key, PEM.
    pub(crate) tls_key: Option<PathBuf>,
    pub(crate) limits: PushConfig,
}

impl PushSection {
    fn validate(&self) -> anyhow::Result<()> {
        self.limits.validate()?;
        if self.tls_certificate.is_some() != self.tls_key.is_some() {
            bail!("push.tls_certificate and push.tls_key belong together; give both or none");
        }
        for (name, bind) in [("push.bind", self.bind), ("push.grpc_bind", self.grpc_bind)] {
            let Some(bind) = bind else { continue };
            if self.tokens_file.is_none() {
                bail!("{name} needs push.tokens_file: a file with the tokens of senders, one a line");
            }
            if self.tls_key.is_none() && !bind.ip().is_loopback() {
                bail!("{name} is {bind}: without push.tls_certificate and push.tls_key it must be a loopback address");
            }
        }
        if self.bind.is_some() && self.bind == self.grpc_bind && self.bind.is_some_and(|bind| bind.port() != 0) {
            bail!("push.bind and push.grpc_bind are the same; give each a port of its own");
        }
        Ok(())
    }
}

/// The nodes of a cluster. Without `address`, this process stands alone.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ClusterConfig {
    /// `host:port` under which the other nodes reach this one.
    pub(crate) address: String,
    /// Where links are accepted; `address` if not given, which then must be an address of this machine.
    pub(crate) bind: Option<std::net::SocketAddr>,
    /// The addresses of all nodes that hold the catalog, in the same order on every node: the first one forms the cluster.
    pub(crate) peers: Vec<String>,
    /// A file with what all nodes know and nobody else.
    pub(crate) secret_file: Option<PathBuf>,
    /// The authority's certificate, PEM. Without the three, links are in the clear and on loopback addresses only.
    pub(crate) tls_ca: Option<PathBuf>,
    /// This node's certificate, PEM.
    pub(crate) tls_certificate: Option<PathBuf>,
    /// This node's key, PEM.
    pub(crate) tls_key: Option<PathBuf>,
    /// How often a leader tells the other nodes that it is alive, in milliseconds.
    pub(crate) heartbeat_ms: Option<u64>,
    /// A node that hears nothing for a random time between this and `election_timeout_max_ms` stands for election.
    pub(crate) election_timeout_min_ms: Option<u64>,
    /// See `election_timeout_min_ms`.
    pub(crate) election_timeout_max_ms: Option<u64>,
}

impl ClusterConfig {
    /// True if there is a cluster to be part of.
    pub(crate) fn is_on(&self) -> bool {
        !self.address.is_empty()
    }

    fn validate(&self) -> anyhow::Result<()> {
        if !self.is_on() {
            return match self.peers.is_empty() {
                true => Ok(()),
                false => bail!("cluster.peers needs cluster.address: the address under which they reach this node"),
            };
        }
        if self.peers.is_empty() {
            bail!("cluster.address needs cluster.peers: the addresses of all nodes that hold the catalog");
        }
        if self.secret_file.is_none() {
            bail!("a cluster needs cluster.secret_file; `coldtrail cluster certs` makes one");
        }
        let given = [&self.tls_ca, &self.tls_certificate, &self.tls_key].into_iter().flatten().count();
        if given != 0 && given != 3 {
            bail!("cluster.tls_ca, cluster.tls_certificate and cluster.tls_key belong together; give all three or none");
        }
        Ok(())
    }
}

/// The catalog of this process.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct CatalogConfig {
    /// Where `serve` answers `ingest` of other processes; a loopback address. Port 0 takes any free one.
    pub(crate) bind: std::net::SocketAddr,
    /// Write a snapshot of the whole state after this many entries of the Raft log.
    pub(crate) snapshot_after_entries: u64,
}

/// How statements are run.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct QueryConfig {
    /// Where statements run: `auto` by their size, `local` in this process, `distributed` on executors.
    pub(crate) tier: String,
    /// A statement that reads at most this much Parquet after pruning, in bytes, runs in this process.
    pub(crate) local_bytes_max: u64,
    /// Memory that operators of all statements may hold before they spill, in bytes.
    pub(crate) memory_bytes: usize,
    /// Memory for Parquet footers and page indexes, in bytes.
    pub(crate) metadata_cache_bytes: usize,
    /// Disk that spilled data may take, in bytes.
    pub(crate) spill_bytes_max: u64,
    /// Cores that statements may use; 0 takes all.
    pub(crate) vcores: usize,
    /// A statement is ended after this many seconds; 0 is never.
    pub(crate) query_seconds_max: u64,
    /// Distributed statements at the same time; more wait.
    pub(crate) distributed_jobs_max: usize,
    /// Statements of one user at the same time; more wait for their turn.
    pub(crate) statements_per_user_max: usize,
    /// How many seconds a statement may wait for its turn among those of its user.
    pub(crate) admission_seconds_max: u64,
    /// A MaxMind file of countries, cities and coordinates, for `geo_country` and its like. All nodes need the same.
    pub(crate) geoip_city: Option<PathBuf>,
    /// A MaxMind file of networks on the Internet, for `geo_asn` and `geo_as_org`. All nodes need the same.
    pub(crate) geoip_asn: Option<PathBuf>,
}

impl QueryConfig {
    /// Where the functions for places look addresses up.
    pub(crate) fn geo_files(&self) -> GeoFiles {
        GeoFiles { city: self.geoip_city.clone(), asn: self.geoip_asn.clone() }
    }
}

/// How runs are worked on.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RunsSection {
    /// Runs at the same time; more wait for their turn.
    pub(crate) runs_at_once: usize,
    /// Slices of one run at the same time, unless the run says otherwise.
    pub(crate) slices_at_once: u32,
    /// How often a slice is tried before it is given up.
    pub(crate) slice_attempts_max: u32,
    /// About so many slices a run.
    pub(crate) slices_target: u64,
    /// But none is meant to have fewer bytes of Parquet than this.
    pub(crate) slice_bytes_min: u64,
    /// Nor more than this.
    pub(crate) slice_bytes_max: u64,
}

impl Default for RunsSection {
    fn default() -> Self {
        let runs = RunsConfig::default();
        Self {
            runs_at_once: runs.runs_at_once,
            slices_at_once: runs.slices_at_once,
            slice_attempts_max: runs.slice_attempts_max,
            slices_target: runs.slices.slices_target,
            slice_bytes_min: runs.slices.slice_bytes_min,
            slice_bytes_max: runs.slices.slice_bytes_max,
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            data_folder: PathBuf::from("coldtrail-data"),
            lake: None,
            users_file: None,
            mappings: Vec::new(),
            cluster: ClusterConfig::default(),
            health: HealthConfig::default(),
            flight: coldtrail_flight::Config::default(),
            catalog: CatalogConfig::default(),
            query: QueryConfig::default(),
            runs: RunsSection::default(),
            findings: FindingsSection::default(),
            ingest: IngestConfig::default(),
            watch: Vec::new(),
            push: PushSection::default(),
            expected: Vec::new(),
            maintenance: MaintenanceConfig::default(),
            rejects: RejectsConfig::default(),
            writer: WriterConfig::default(),
            store: StoreOptions::default(),
        }
    }
}

mod findings;
pub(crate) use findings::FindingsSection;

impl Default for CatalogConfig {
    fn default() -> Self {
        let snapshot_after_entries = coldtrail_catalog::Config::default().snapshot_after_entries;
        Self { bind: std::net::SocketAddr::from(([127, 0, 0, 1], 0)), snapshot_after_entries }
    }
}

impl Default for QueryConfig {
    fn default() -> Self {
        let engine = EngineConfig::default();
        let executor = ExecutorConfig::new("work");
        Self {
            tier: "auto".to_owned(),
            local_bytes_max: engine.local_bytes_max,
            memory_bytes: executor.memory_bytes,
            metadata_cache_bytes: executor.metadata_cache_bytes,
            spill_bytes_max: executor.spill_bytes_max,
            vcores: 0,
            query_seconds_max: 0,
            distributed_jobs_max: engine.distributed_jobs_max,
            statements_per_user_max: engine.statements_per_user_max,
            admission_seconds_max: engine.admission_time_max.as_secs(),
            geoip_city: None,
            geoip_asn: None,
        }
    }
}

impl Config {
    /// Reads the file, then the environment, then the arguments; the later win.
    pub(crate) fn read(arguments: &Arguments) -> anyhow::Result<Self> {
        let mut table = match &arguments.config {
            Some(path) => read_file(path)?,
            None if Path::new(DEFAULT_FILE).exists() => read_file(Path::new(DEFAULT_FILE))?,
            None => Table::new(),
        };
        override_from(&mut table, std::env::vars())?;
        let mut config: Self = Value::Table(table).try_into().context("the configuration is not valid")?;
        if let Some(folder) = &arguments.data_folder {
            config.data_folder.clone_from(folder);
        }
        if let Some(lake) = &arguments.lake {
            config.lake = Some(lake.clone());
        }
        config.validate()?;
        config.add_sources()?;
        Ok(config)
    }

    /// Makes the sources of one's own known, before any log is read.
    fn add_sources(&self) -> anyhow::Result<()> {
        for path in &self.mappings {
            let text = std::fs::read_to_string(path).with_context(|| format!("cannot read the mapping {}", path.display()))?;
            Source::add(&path.display().to_string(), &text)?;
        }
        Ok(())
    }

    fn validate(&self) -> anyhow::Result<()> {
        self.flight.validate()?;
        self.cluster.validate()?;
        self.ingest.validate()?;
        self.writer.validate()?;
        self.watch.iter().try_for_each(WatchConfig::validate)?;
        self.push.validate()?;
        if let Some(wrong) = self.expected.iter().find(|one| one.every_hours == 0) {
            bail!("an [[expected]] entry of {} has every_hours = 0; it must be at least 1", wrong.source);
        }
        self.maintenance.validate()?;
        self.rejects.validate()?;
        self.engine()?.validate()?;
        self.runs().validate()?;
        self.executor().validate()?;
        if !self.catalog.bind.ip().is_loopback() {
            bail!("catalog.bind must be a loopback address, not {}", self.catalog.bind);
        }
        Ok(())
    }

    /// What is in force, as a configuration file that sets all of it.
    pub(crate) fn to_toml(&self) -> anyhow::Result<String> {
        let mut shown = self.clone();
        shown.lake = Some(self.lake_url());
        shown.users_file = Some(self.users_file());
        toml::to_string_pretty(&shown).context("the configuration cannot be written as TOML")
    }

    /// Where the users stand.
    pub(crate) fn users_file(&self) -> PathBuf {
        self.users_file.clone().unwrap_or_else(|| self.data_folder.join("users.toml"))
    }

    /// The lake's URL or folder.
    pub(crate) fn lake_url(&self) -> String {
        self.lake.clone().unwrap_or_else(|| self.data_folder.join("lake").display().to_string())
    }

    pub(crate) fn engine(&self) -> anyhow::Result<EngineConfig> {
        let tier_mode = match self.query.tier.as_str() {
            "auto" => TierMode::Auto,
            "local" => TierMode::Local,
            "distributed" => TierMode::Distributed,
            other => bail!("query.tier is {other:?}; it must be \"auto\", \"local\" or \"distributed\""),
        };
        Ok(EngineConfig {
            tier_mode,
            local_bytes_max: self.query.local_bytes_max,
            query_time_max: (self.query.query_seconds_max > 0).then(|| Duration::from_secs(self.query.query_seconds_max)),
            distributed_jobs_max: self.query.distributed_jobs_max,
            statements_per_user_max: self.query.statements_per_user_max,
            admission_time_max: Duration::from_secs(self.query.admission_seconds_max),
            ..EngineConfig::default()
        })
    }

    /// How statements are planned.
    pub(crate) fn planner(&self) -> PlannerConfig {
        PlannerConfig { expected: self.expected.clone(), ..PlannerConfig::default() }
    }

    pub(crate) fn runs(&self) -> RunsConfig {
        let RunsSection { runs_at_once, slices_at_once, slice_attempts_max, slices_target, slice_bytes_min, slice_bytes_max } = self.runs;
        let slices = SlicePolicy { slices_target, slice_bytes_min, slice_bytes_max };
        RunsConfig { runs_at_once, slices_at_once, slice_attempts_max, slices, ..RunsConfig::default() }
    }

    pub(crate) fn executor(&self) -> ExecutorConfig {
        let mut config = ExecutorConfig::new(self.data_folder.join("work"));
        if self.query.vcores > 0 {
            config.vcores = self.query.vcores;
        }
        config.memory_bytes = self.query.memory_bytes;
        config.metadata_cache_bytes = self.query.metadata_cache_bytes;
        config.spill_bytes_max = self.query.spill_bytes_max;
        config
    }

    pub(crate) fn catalog(&self) -> coldtrail_catalog::Config {
        let cluster = &self.cluster;
        let defaults = coldtrail_catalog::Config::in_folder(self.data_folder.join("catalog"));
        coldtrail_catalog::Config {
            address: cluster.address.clone(),
            peers: cluster.peers.clone(),
            heartbeat_ms: cluster.heartbeat_ms.unwrap_or(defaults.heartbeat_ms),
            election_timeout_min_ms: cluster.election_timeout_min_ms.unwrap_or(defaults.election_timeout_min_ms),
            election_timeout_max_ms: cluster.election_timeout_max_ms.unwrap_or(defaults.election_timeout_max_ms),
            snapshot_after_entries: self.catalog.snapshot_after_entries,
            ..defaults
        }
    }
}

fn read_file(path: &Path) -> anyhow::Result<Table> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read the configuration {}", path.display()))?;
    text.parse().with_context(|| format!("the configuration {} is not TOML", path.display()))
}

/// Puts `COLDTRAIL_SECTION_KEY` and `COLDTRAIL_KEY` over the file's settings.
fn override_from(table: &mut Table, variables: impl Iterator<Item = (String, String)>) -> anyhow::Result<()> {
    const SECTIONS: &[&str] =
        &["cluster", "health", "flight", "catalog", "query", "runs", "findings", "ingest", "maintenance", "rejects", "writer", "store"];
    for (name, text) in variables {
        let Some(key) = name.strip_prefix("COLDTRAIL_") else { continue };
        if NOT_SETTINGS.contains(&key) {
            continue;
        }
        let key = key.to_lowercase();
        let section = SECTIONS.iter().find_map(|section| Some((*section, key.strip_prefix(section)?.strip_prefix('_')?)));
        match section {
            Some((section, key)) => {
                let entry = table.entry(section).or_insert_with(|| Value::Table(Table::new()));
                let Value::Table(section_table) = entry else { bail!("[{section}] in the configuration must be a table") };
                section_table.insert(key.to_owned(), value_of(&text));
            }
            None => drop(table.insert(key, value_of(&text))),
        }
    }
    Ok(())
}

/// Numbers, booleans and lists as TOML reads them; anything else is text.
fn value_of(text: &str) -> Value {
    if text.starts_with('[')
        && let Ok(table) = format!("x = {text}").parse::<Table>()
        && let Some(list @ Value::Array(_)) = table.get("x")
    {
        return list.clone();
    }
    match text.parse::<i64>() {
        Ok(number) => Value::Integer(number),
        Err(_) => text.parse::<bool>().map_or_else(|_| Value::String(text.to_owned()), Value::Boolean),
    }
}

#[cfg(test)]
mod tests {
    use super::{Config, Table, Value, override_from};

    fn read(file: &str, variables: &[(&str, &str)]) -> anyhow::Result<Config> {
        let mut table: Table = file.parse()?;
        override_from(&mut table, variables.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())))?;
        Ok(Value::Table(table).try_into()?)
    }

    #[test]
    fn the_environment_wins_over_the_file() {
        let file = "lake = \"/a\"\n[query]\nmemory_bytes = 1\n[flight]\nbind = \"127.0.0.1:1\"";
        let variables =
            [("COLDTRAIL_LAKE", "s3://bucket/x"), ("COLDTRAIL_QUERY_MEMORY_BYTES", "2"), ("COLDTRAIL_PASSWORD", "secret"), ("HOME", "/")];
        let config = read(file, &variables).expect("a configuration");
        assert_eq!(config.lake_url(), "s3://bucket/x");
        assert_eq!(config.query.memory_bytes, 2);
        assert_eq!(config.flight.bind.port(), 1);
    }

    #[test]
    fn what_is_shown_can_be_read_again() {
        let file = "data_folder = \"/a\"\n[flight]\ndrain_timeout = \"90s\"\ntoken_lifetime = \"36h\"\n[store]\ns3_endpoint = \"http://key:secret@127.0.0.1:1\"";
        let config = read(file, &[]).expect("a configuration");
        let shown = config.to_toml().expect("TOML");
        assert!(shown.contains("drain_timeout = \"90s\"") && shown.contains("token_lifetime = \"36h\""), "{shown}");
        assert!(shown.contains("lake = \"/a/lake\"") && !shown.contains("secret"), "{shown}");
        let again = read(&shown, &[]).expect("the same configuration");
        assert_eq!(again.to_toml().expect("TOML"), shown);
    }

    #[test]
    fn an_unknown_key_is_refused_by_name() {
        for (file, variables) in [("laek = \"/a\"", vec![]), ("", vec![("COLDTRAIL_QUERY_MEMROY_BYTES", "2")])] {
            let error = read(file, &variables).expect_err("an unknown key").to_string();
            assert!(error.contains("laek") || error.contains("memroy_bytes"), "{error}");
        }
    }
}
