//! From the URL of a lake to the object store that holds it.

use std::path::{self, PathBuf};
use std::sync::Arc;

use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::azure::{AzureConfigKey, MicrosoftAzureBuilder};
use object_store::gcp::{GoogleCloudStorageBuilder, GoogleConfigKey};
use object_store::local::LocalFileSystem;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ClientConfigKey, ObjectStore};
use url::Url;

use crate::block_cache::BlockCache;
use crate::http::Connector;
use crate::{Error, StoreOptions};

const FORMS: &str = "write /folder, file:///folder, s3://bucket/prefix, az://container/prefix, \
                     abfss://container@account.dfs.core.windows.net/prefix, gs://bucket/prefix or memory:///";

const AWS_VARIABLES: &str = "AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_REGION";
const AZURE_VARIABLES: &str = "AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY";
const GOOGLE_VARIABLES: &str = "GOOGLE_APPLICATION_CREDENTIALS";

/// An open store, and where in it the lake lies.
pub(crate) struct Connection {
    /// The lake's URL, without a slash at its end.
    pub(crate) url: Url,
    /// The store: the whole file system, or the whole bucket.
    pub(crate) store: Arc<dyn ObjectStore>,
    /// The lake's root in the store.
    pub(crate) root: Path,
    /// The lake's root as a folder, if it is local.
    pub(crate) folder: Option<PathBuf>,
}

/// Opens the store that a URL or a folder names.
pub(crate) fn connect(text: &str, options: &StoreOptions) -> Result<Connection, Error> {
    if !text.contains("://") && !text.starts_with("file:") && !text.starts_with("memory:") {
        return connect_folder(text, PathBuf::from(text));
    }
    let url = parse(text)?;
    options.validate()?;
    let store: Arc<dyn ObjectStore> = match url.scheme() {
        "file" => {
            let folder = url.to_file_path().map_err(|()| refuse(&url, "it is not the path of a folder on this machine"))?;
            return connect_folder(text, folder);
        }
        "memory" => Arc::new(InMemory::new()),
        "s3" | "s3a" => Arc::new(s3(&url, options)?.build().map_err(|error| unset(&url, error, AWS_VARIABLES))?),
        "az" | "azure" | "adl" | "abfs" | "abfss" => {
            Arc::new(azure(&url, options)?.build().map_err(|error| unset(&url, error, AZURE_VARIABLES))?)
        }
        "gs" => Arc::new(gcs(&url, options)?.build().map_err(|error| unset(&url, error, GOOGLE_VARIABLES))?),
        _ => return Err(refuse(&url, FORMS)),
    };
    let store = BlockCache::before(store, options)?;
    let root = Path::from_url_path(url.path()).map_err(|error| refuse(&url, error))?;
    Ok(Connection { url: without_slash(url), store, root, folder: None })
}

fn connect_folder(text: &str, folder: PathBuf) -> Result<Connection, Error> {
    if text.is_empty() {
        return Err(Error::Url { url: String::new(), reason: FORMS.to_owned() });
    }
    let fail = |path: PathBuf| move |source| Error::Folder { path, source };
    let folder = path::absolute(&folder).map_err(fail(folder.clone()))?;
    crate::durable::create_folders(&folder).map_err(fail(folder.clone()))?;
    let folder = folder.canonicalize().map_err(fail(folder))?;
    let reason = || Error::Url { url: folder.display().to_string(), reason: "its name cannot be written as a URL".to_owned() };
    let url = Url::from_directory_path(&folder).map_err(|()| reason())?;
    let root = Path::from_absolute_path(&folder).map_err(|_| reason())?;
    Ok(Connection { url: without_slash(url), store: Arc::new(LocalFileSystem::new()), root, folder: Some(folder) })
}

/// Parses a URL, and refuses one that may hold a secret: it would end up in logs and in the catalog.
fn parse(text: &str) -> Result<Url, Error> {
    let url = Url::parse(text).map_err(|error| Error::Url {
        url: text.split([':', '@', '?']).next().unwrap_or_default().to_owned(),
        reason: error.to_string(),
    })?;
    let has_user = !url.username().is_empty() && !url.scheme().starts_with("abfs");
    if has_user || url.password().is_some() || url.query().is_some() || url.fragment().is_some() {
        let reason = "credentials and options do not belong in it; put credentials in the environment, as the vendor's tools read them";
        return Err(refuse(&url, reason));
    }
    let needs_host = !matches!(url.scheme(), "file" | "memory");
    if needs_host && url.host_str().is_none_or(str::is_empty) {
        return Err(refuse(&url, "it names no bucket or container"));
    }
    Ok(url)
}

/// The error about a URL, without what may be secret in it.
fn refuse(url: &Url, reason: impl ToString) -> Error {
    Error::Url { url: format!("{}://{}{}", url.scheme(), url.host_str().unwrap_or_default(), url.path()), reason: reason.to_string() }
}

/// The error about what the environment says of a store.
fn unset(url: &Url, source: object_store::Error, variables: &'static str) -> Error {
    Error::StoreSettings { url: url.to_string(), source, variables }
}

fn without_slash(mut url: Url) -> Url {
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.pop_if_empty();
    }
    url
}

fn s3(url: &Url, options: &StoreOptions) -> Result<AmazonS3Builder, Error> {
    let mut builder = AmazonS3Builder::from_env().with_url(url.as_str()).with_retry(options.retry());
    for (key, value) in client_settings(options) {
        builder = builder.with_config(AmazonS3ConfigKey::Client(key), value);
    }
    if let Some(endpoint) = &options.s3_endpoint {
        check_endpoint(url, "s3_endpoint", endpoint, options.allow_http)?;
        builder = builder.with_endpoint(endpoint);
    } else if let Some(endpoint) = builder.get_config_value(&AmazonS3ConfigKey::Endpoint) {
        let allow_http = builder.get_config_value(&AmazonS3ConfigKey::Client(ClientConfigKey::AllowHttp));
        check_endpoint(url, "AWS_ENDPOINT_URL", &endpoint, is_true(allow_http))?;
    }
    if let Some(region) = &options.s3_region {
        builder = builder.with_region(region);
    }
    if options.s3_virtual_hosted {
        builder = builder.with_virtual_hosted_style_request(true);
    }
    Ok(builder.with_http_connector(Connector::new(options)))
}

fn azure(url: &Url, options: &StoreOptions) -> Result<MicrosoftAzureBuilder, Error> {
    let mut builder = MicrosoftAzureBuilder::from_env().with_url(url.as_str()).with_retry(options.retry());
    for (key, value) in client_settings(options) {
        builder = builder.with_config(AzureConfigKey::Client(key), value);
    }
    if let Some(endpoint) = builder.get_config_value(&AzureConfigKey::Endpoint) {
        let allow_http = builder.get_config_value(&AzureConfigKey::Client(ClientConfigKey::AllowHttp));
        check_endpoint(url, "AZURE_STORAGE_ENDPOINT", &endpoint, is_true(allow_http))?;
    }
    Ok(builder.with_http_connector(Connector::new(options)))
}

fn gcs(url: &Url, options: &StoreOptions) -> Result<GoogleCloudStorageBuilder, Error> {
    let mut builder = GoogleCloudStorageBuilder::from_env().with_url(url.as_str()).with_retry(options.retry());
    for (key, value) in client_settings(options) {
        builder = builder.with_config(GoogleConfigKey::Client(key), value);
    }
    if let Some(endpoint) = builder.get_config_value(&GoogleConfigKey::BaseUrl) {
        check_endpoint(url, "GOOGLE_BASE_URL", &endpoint, options.allow_http)?;
    }
    // This builder, unlike the others, allows it by itself, and a service account's file can name an endpoint too.
    builder = builder.with_config(GoogleConfigKey::Client(ClientConfigKey::AllowHttp), options.allow_http.to_string());
    Ok(builder.with_http_connector(Connector::new(options)))
}

/// Refuses an endpoint that holds a secret, which would end up in messages, or that would be spoken to without TLS unasked.
fn check_endpoint(url: &Url, name: &str, endpoint: &str, allow_http: bool) -> Result<(), Error> {
    if endpoint.contains('@') {
        let reason = format!("its {name} holds credentials; put credentials in the environment, as the vendor's tools read them");
        return Err(refuse(url, reason));
    }
    if endpoint.starts_with("http://") && !allow_http {
        return Err(refuse(url, format!("its {name} is http://, without TLS; write https:// or set allow_http = true")));
    }
    Ok(())
}

/// What a setting of a builder says, which the environment may have set as well.
fn is_true(setting: Option<String>) -> bool {
    setting.is_some_and(|value| value.eq_ignore_ascii_case("true"))
}

/// The settings of the HTTP client, one by one, so that those of the environment (a proxy, a certificate) stay.
fn client_settings(options: &StoreOptions) -> Vec<(ClientConfigKey, String)> {
    let mut settings = vec![(ClientConfigKey::ConnectTimeout, format!("{}s", options.connect_seconds_max))];
    if options.allow_http {
        settings.push((ClientConfigKey::AllowHttp, "true".to_owned()));
    }
    settings
}
