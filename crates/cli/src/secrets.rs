//! The few secrets of a node, each in a file that only its user can read.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;
use coldtrail_flight::auth::generate_password;
use coldtrail_flight::{SigningKey, Users};

/// The user that a first start makes.
pub(crate) const FIRST_USER: &str = "hunter";

/// Reads the users; the first start makes one, whose new password comes with them.
pub(crate) fn users(path: &Path) -> anyhow::Result<(Users, Option<String>)> {
    if path.exists() {
        let text = fs::read_to_string(path).with_context(|| format!("cannot read the users {}", path.display()))?;
        let users = toml::from_str(&text).with_context(|| format!("the users file {} is not valid", path.display()))?;
        return Ok((users, None));
    }
    let (users, password) = set_password(path, Users::default(), FIRST_USER)?;
    Ok((users, Some(password)))
}

/// Gives a user a new password, writes the users, and returns the password.
pub(crate) fn set_password(path: &Path, mut users: Users, name: &str) -> anyhow::Result<(Users, String)> {
    let password = generate_password();
    users.set_password(name, &password)?;
    write_secret(path, toml::to_string(&users)?.as_bytes())?;
    Ok((users, password))
}

/// The key that tokens are signed with; made at the first start.
pub(crate) fn signing_key(data_folder: &Path) -> anyhow::Result<SigningKey> {
    let path = data_folder.join("signing.key");
    if path.exists() {
        let bytes = fs::read(&path).with_context(|| format!("cannot read the signing key {}", path.display()))?;
        return SigningKey::from_bytes(&bytes)
            .with_context(|| format!("{} is not a signing key; remove it to have a new one made", path.display()));
    }
    let key = SigningKey::generate();
    write_secret(&path, key.as_bytes())?;
    Ok(key)
}

/// What all nodes of a cluster know and nobody else.
pub(crate) fn cluster_secret(path: &Path) -> anyhow::Result<String> {
    let text = fs::read_to_string(path).with_context(|| format!("cannot read the cluster's secret {}", path.display()))?;
    let secret = text.trim();
    anyhow::ensure!(secret.len() >= 16, "the cluster's secret {} is too short; `coldtrail cluster certs` makes one", path.display());
    Ok(secret.to_owned())
}

/// Makes the secret of a new cluster, unless there is one.
pub(crate) fn make_cluster_secret(path: &Path) -> anyhow::Result<()> {
    match path.exists() {
        true => Ok(()),
        false => write_secret(path, format!("{}{}\n", generate_password(), generate_password()).as_bytes()),
    }
}

/// The key of tokens that every node of a cluster can read.
pub(crate) fn cluster_signing_key(secret: &str) -> anyhow::Result<SigningKey> {
    use sha2::{Digest, Sha256};
    let digest = Sha256::digest(format!("coldtrail tokens\n{secret}"));
    SigningKey::from_bytes(&digest).context("the cluster's secret gives no key for tokens")
}

/// Where a running `serve` can be reached by other commands of the same user.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct CatalogDoor {
    pub(crate) address: std::net::SocketAddr,
    pub(crate) token: String,
}

impl CatalogDoor {
    pub(crate) fn read(data_folder: &Path) -> anyhow::Result<Self> {
        let path = door_file(data_folder);
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        toml::from_str(&text).with_context(|| format!("{} is not valid", path.display()))
    }

    pub(crate) fn write(&self, data_folder: &Path) -> anyhow::Result<()> {
        write_secret(&door_file(data_folder), toml::to_string(self)?.as_bytes())
    }

    pub(crate) fn remove(data_folder: &Path) {
        let _ = fs::remove_file(door_file(data_folder));
    }
}

fn door_file(data_folder: &Path) -> PathBuf {
    data_folder.join("catalog.door")
}

pub(crate) fn write_secret(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let write = || -> std::io::Result<()> {
        let beside = path.with_extension("new");
        let mut options = fs::File::options();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&beside)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&beside, path)
    };
    write().with_context(|| format!("cannot write {}", path.display()))
}
