//! An authority for a cluster that has none of its own: makes the certificate of the authority and those of the nodes.
//!
//! Everything is in one folder: `ca.pem`, `ca-key.pem`, and for each node `<node>.pem` and `<node>-key.pem`. Whoever has `ca-key.pem`
//! can make nodes: keep it away from the nodes. Nothing that is there is overwritten unless asked for, so that a command that makes
//! certificates can be run twice.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    PublicKeyData, SanType,
};
use sha2::{Digest, Sha256};
use tokio_rustls::rustls::pki_types::{DnsName, ServerName};
use webpki::KeyUsage;

use crate::{Error, NODE_NAME, TlsFiles, files};

const DAY: Duration = Duration::from_secs(24 * 3600);
/// The authority lives ten years; a node's certificate one.
const AUTHORITY_AGE: Duration = Duration::from_secs(3650 * 24 * 3600);
const NODE_AGE: Duration = Duration::from_secs(365 * 24 * 3600);
/// Certificates begin a little in the past, because the clocks of nodes differ.
const CLOCK_SKEW: Duration = Duration::from_secs(3600);
const CA: &str = "ca";

/// What became of files that were asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Made {
    /// They were written.
    Written,
    /// They were there and are good; nothing was changed.
    Kept,
}

/// A node to make a certificate for.
#[derive(Debug, Clone)]
pub struct Node {
    /// Its name: the names of its files, and the first name in its certificate.
    pub name: String,
    /// More names and addresses by which it is reached. `coldtrail-node`, `localhost` and the loopback addresses are always there.
    pub also: Vec<String>,
    /// When the certificate begins to be valid.
    pub from: SystemTime,
    /// When it ends.
    pub until: SystemTime,
    /// Overwrite what is there.
    pub force: bool,
}

impl Node {
    /// A node whose certificate is valid for a year from now.
    pub fn new(name: &str, also: &[String]) -> Self {
        let now = SystemTime::now();
        Self { name: name.to_owned(), also: also.to_vec(), from: now - CLOCK_SKEW, until: now + NODE_AGE, force: false }
    }

    /// The files of the node in the folder of its authority.
    pub fn files(&self, folder: &Path) -> TlsFiles {
        let (certificate, key) = paths(folder, &self.name);
        TlsFiles::new(folder.join("ca.pem"), certificate, key)
    }
}

/// Makes an authority in a folder, which is made too. With `force`, all certificates of an authority that was there are worth nothing.
pub fn create_authority(folder: &Path, force: bool) -> Result<Made, Error> {
    make_folder(folder)?;
    let (certificate, key) = paths(folder, CA);
    if !force && are_there(&certificate, &key)? {
        files::pair(&certificate, &key)?;
        return Ok(Made::Kept);
    }
    let pair = KeyPair::generate().map_err(|error| issue_error(CA, &error))?;
    let signed = authority_params(&pair).self_signed(&pair).map_err(|error| issue_error(CA, &error))?;
    write(&key, &pair.serialize_pem(), 0o600)?;
    write(&certificate, &signed.pem(), 0o644)?;
    Ok(Made::Written)
}

/// Makes the certificate of a node, signed by the authority in the folder.
pub fn issue(folder: &Path, node: &Node) -> Result<Made, Error> {
    let names = names(node)?;
    let (ca, ca_key) = paths(folder, CA);
    let authority = read_key(&ca_key)?;
    let (certificate, key) = paths(folder, &node.name);
    if !node.force && are_there(&certificate, &key)? {
        keep(&certificate, &key, &ca, &names)?;
        return Ok(Made::Kept);
    }
    let pair = KeyPair::generate().map_err(|error| issue_error(&node.name, &error))?;
    let issuer = Issuer::new(authority_params(&authority), &authority);
    let signed = node_params(node, names).signed_by(&pair, &issuer).map_err(|error| issue_error(&node.name, &error))?;
    let roots = files::authorities(&ca)?;
    let checked = files::verify(&[signed.der().clone()], &roots.roots, KeyUsage::client_auth());
    if matches!(checked, Err(webpki::Error::UnknownIssuer | webpki::Error::InvalidSignatureForPublicKey)) {
        let reason =
            format!("was not made together with {}; put back its own key, or make a new authority in another folder", ca_key.display());
        return Err(Error::Authority { file: ca, reason });
    }
    write(&key, &pair.serialize_pem(), 0o600)?;
    write(&certificate, &signed.pem(), 0o644)?;
    Ok(Made::Written)
}

/// The authority's name follows from its key, so that the key alone is enough to sign, and two authorities never share a name.
fn authority_params(pair: &KeyPair) -> CertificateParams {
    let digest = hex::encode(&Sha256::digest(pair.subject_public_key_info())[..4]);
    let now = SystemTime::now();
    let mut params = CertificateParams::default();
    params.distinguished_name = common_name(&format!("Coldtrail authority {digest}"));
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    set_validity(&mut params, now - DAY, now + AUTHORITY_AGE);
    params
}

fn node_params(node: &Node, names: Vec<SanType>) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = common_name(&node.name);
    params.subject_alt_names = names;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    params.use_authority_key_identifier_extension = true;
    set_validity(&mut params, node.from, node.until);
    params
}

fn set_validity(params: &mut CertificateParams, from: SystemTime, until: SystemTime) {
    let epoch = rcgen::date_time_ymd(1970, 1, 1);
    let since = |time: SystemTime| Duration::from_secs(time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs());
    params.not_before = epoch + since(from);
    params.not_after = epoch + since(until);
}

fn common_name(name: &str) -> DistinguishedName {
    let mut distinguished = DistinguishedName::new();
    distinguished.push(DnType::CommonName, name);
    distinguished
}

/// All names of a node, its own first.
fn names(node: &Node) -> Result<Vec<SanType>, Error> {
    let wrong = |name: &str, reason| Error::Name { name: name.to_owned(), reason };
    if node.name == CA || node.name == NODE_NAME || node.name.ends_with("-key") {
        return Err(wrong(&node.name, "the name is taken; choose another"));
    }
    if node.name.parse::<IpAddr>().is_ok() || DnsName::try_from(node.name.as_str()).is_err() {
        return Err(wrong(&node.name, "it must be a DNS name, such as node-1; addresses go among the other names"));
    }
    let always = [NODE_NAME, "localhost", "127.0.0.1", "::1"];
    let mut names = Vec::new();
    for name in std::iter::once(node.name.as_str()).chain(node.also.iter().map(String::as_str)).chain(always) {
        let san = match name.parse::<IpAddr>() {
            Ok(address) => SanType::IpAddress(address),
            Err(_) => {
                let reason = "it must be a DNS name or an address, without a port";
                let dns = DnsName::try_from(name).map_err(|_| wrong(name, reason))?;
                SanType::DnsName(dns.as_ref().try_into().map_err(|_| wrong(name, reason))?)
            }
        };
        if !names.contains(&san) {
            names.push(san);
        }
    }
    Ok(names)
}

/// Checks that a certificate which is there is what was asked for.
fn keep(certificate: &Path, key: &Path, ca: &Path, names: &[SanType]) -> Result<(), Error> {
    let other = |reason: String| Error::Authority {
        file: certificate.to_owned(),
        reason: format!("is there already, and {reason}; use --force to replace it"),
    };
    let pair = files::pair(certificate, key)?;
    let roots = files::authorities(ca)?;
    let verified = files::verify(&pair.certified.cert, &roots.roots, KeyUsage::client_auth());
    verified.map_err(|error| other(files::explain(&error, ca).split(';').next().unwrap_or_default().to_owned()))?;
    for name in names {
        let (text, wanted) = match name {
            SanType::IpAddress(address) => (address.to_string(), ServerName::from(*address)),
            SanType::DnsName(name) => {
                let wanted = ServerName::try_from(name.as_str()).map_err(|_| other("its names cannot be read".to_owned()))?;
                (name.as_str().to_owned(), wanted)
            }
            _ => continue,
        };
        if !files::names(&pair.certified.cert[0], &wanted) {
            return Err(other(format!("does not carry the name {text}")));
        }
    }
    Ok(())
}

/// True if both files are there, false if neither is.
fn are_there(certificate: &Path, key: &Path) -> Result<bool, Error> {
    match (certificate.exists(), key.exists()) {
        (false, false) => Ok(false),
        (true, true) => Ok(true),
        (has_certificate, _) => {
            let (file, missing) = if has_certificate { (certificate, key) } else { (key, certificate) };
            let reason = format!("is there, but not {}; put that back, or use --force to make both anew", missing.display());
            Err(Error::Authority { file: file.to_owned(), reason })
        }
    }
}

fn read_key(file: &Path) -> Result<KeyPair, Error> {
    if !file.exists() {
        let reason = "is missing; make an authority first, or give the folder that has one".to_owned();
        return Err(Error::Authority { file: file.to_owned(), reason });
    }
    files::refuse_open_key(file)?;
    let text = String::from_utf8_lossy(&files::read(file)?).into_owned();
    KeyPair::from_pem(&text).map_err(|error| Error::NotPem { file: file.to_owned(), wanted: "private key", reason: error.to_string() })
}

fn paths(folder: &Path, name: &str) -> (PathBuf, PathBuf) {
    (folder.join(format!("{name}.pem")), folder.join(format!("{name}-key.pem")))
}

fn issue_error(name: &str, error: &rcgen::Error) -> Error {
    Error::Issue { name: name.to_owned(), reason: error.to_string() }
}

fn make_folder(folder: &Path) -> Result<(), Error> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(|source| Error::File { file: folder.to_owned(), source })
}

/// Writes a file whole or not at all, with its permissions from the beginning.
fn write(file: &Path, text: &str, mode: u32) -> Result<(), Error> {
    let failed = |source| Error::File { file: file.to_owned(), source };
    let draft = file.with_extension("pem.new");
    let _ = fs::remove_file(&draft);
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    #[cfg(not(unix))]
    let _ = mode;
    let mut open = options.open(&draft).map_err(failed)?;
    open.write_all(text.as_bytes()).and_then(|()| open.sync_all()).map_err(failed)?;
    fs::rename(&draft, file).map_err(failed)
}
