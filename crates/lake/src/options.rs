use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use object_store::{BackoffConfig, RetryConfig};
use serde::{Deserialize, Serialize, Serializer};

use crate::Error;

/// How to reach an object store. Credentials are not among it: they come from the environment, as the vendors' own tools read
/// them (`AWS_ACCESS_KEY_ID`, `AZURE_STORAGE_ACCOUNT_KEY`, `GOOGLE_APPLICATION_CREDENTIALS`, instance roles, …). So does where another
/// store than the vendor's own stands in for it: `AWS_ENDPOINT_URL`, `AZURE_STORAGE_ENDPOINT`, `GOOGLE_BASE_URL`.
#[derive(Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct StoreOptions {
    /// The URL of an S3-compatible store that is not AWS, such as MinIO or SeaweedFS: `http://127.0.0.1:9000`.
    #[serde(serialize_with = "serialize_endpoint")]
    pub s3_endpoint: Option<String>,
    /// The region of the bucket; else the environment's.
    pub s3_region: Option<String>,
    /// Address buckets by host name (`bucket.endpoint`) and not by path (`endpoint/bucket`).
    pub s3_virtual_hosted: bool,
    /// Allow connections without TLS: requests are signed, but whoever listens can read the data.
    pub allow_http: bool,
    /// How often a request is tried again before it fails.
    pub retries_max: usize,
    /// How long a request is tried again before it fails, in seconds.
    pub retry_seconds_max: u64,
    /// How long the store may keep a request waiting, in seconds: until it begins to answer, and then for each piece of the answer.
    pub request_seconds_max: u64,
    /// How long connecting may take, in seconds.
    pub connect_seconds_max: u64,
    /// How many requests may be open at the same time.
    pub connections_max: usize,
    /// A larger segment is uploaded in parts of this size, in bytes; S3 asks for at least 5 MiB, and less counts as that.
    pub upload_part_bytes: usize,
    /// A folder on a fast disk of this machine that keeps blocks of segments which were read from an object store; none: nothing is kept.
    pub cache_folder: Option<PathBuf>,
    /// So many bytes of blocks are kept at most.
    pub cache_bytes_max: u64,
    /// The size of a block, in bytes: so much is fetched at once.
    pub cache_block_bytes: u64,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self {
            s3_endpoint: None,
            s3_region: None,
            s3_virtual_hosted: false,
            allow_http: false,
            retries_max: 8,
            retry_seconds_max: 120,
            request_seconds_max: 60,
            connect_seconds_max: 10,
            connections_max: 128,
            upload_part_bytes: 16 << 20,
            cache_folder: None,
            cache_bytes_max: 50 << 30,
            cache_block_bytes: 1 << 20,
        }
    }
}

impl StoreOptions {
    /// Refuses what would stop every request, and names the setting.
    pub(crate) fn validate(&self) -> Result<(), Error> {
        let limits = [
            ("store.request_seconds_max", self.request_seconds_max),
            ("store.connect_seconds_max", self.connect_seconds_max),
            ("store.connections_max", self.connections_max as u64),
            ("store.cache_block_bytes", self.cache_block_bytes),
        ];
        match limits.into_iter().find(|(_, value)| *value == 0) {
            Some((key, value)) => Err(Error::Config { key, value: value.to_string(), reason: "it must be at least 1" }),
            None => Ok(()),
        }
    }

    pub(crate) fn retry(&self) -> RetryConfig {
        RetryConfig {
            backoff: BackoffConfig::default(),
            max_retries: self.retries_max,
            retry_timeout: Duration::from_secs(self.retry_seconds_max),
        }
    }
}

fn without_credentials(endpoint: &str) -> &str {
    endpoint.rsplit('@').next().unwrap_or_default()
}

fn serialize_endpoint<S: Serializer>(endpoint: &Option<String>, serializer: S) -> Result<S::Ok, S::Error> {
    endpoint.as_deref().map(without_credentials).serialize(serializer)
}

/// Shows the settings, but of an endpoint only what follows the `@` of credentials that somebody may have written into it.
impl fmt::Debug for StoreOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let endpoint = self.s3_endpoint.as_deref().map(without_credentials);
        f.debug_struct("StoreOptions")
            .field("s3_endpoint", &endpoint)
            .field("s3_region", &self.s3_region)
            .field("s3_virtual_hosted", &self.s3_virtual_hosted)
            .field("allow_http", &self.allow_http)
            .field("retries_max", &self.retries_max)
            .field("retry_seconds_max", &self.retry_seconds_max)
            .field("request_seconds_max", &self.request_seconds_max)
            .field("connect_seconds_max", &self.connect_seconds_max)
            .field("connections_max", &self.connections_max)
            .field("upload_part_bytes", &self.upload_part_bytes)
            .field("cache_folder", &self.cache_folder)
            .field("cache_bytes_max", &self.cache_bytes_max)
            .field("cache_block_bytes", &self.cache_block_bytes)
            .finish()
    }
}
