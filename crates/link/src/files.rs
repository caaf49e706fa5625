//! Reads certificates and keys, and says what is wrong with them in words that name the file and the way out.

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio_rustls::rustls::crypto::{CryptoProvider, ring};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, TrustAnchor, UnixTime};
use tokio_rustls::rustls::sign::CertifiedKey;
use tokio_rustls::rustls::{self, InconsistentKeys, RootCertStore};
use webpki::{EndEntityCert, KeyUsage};

use crate::Error;

/// A certificate with its chain and its key, and when it expires.
pub(crate) struct Pair {
    pub(crate) certified: CertifiedKey,
    pub(crate) expires: Option<SystemTime>,
}

/// The algorithms of all links.
pub(crate) fn provider() -> CryptoProvider {
    ring::default_provider()
}

pub(crate) fn read(file: &Path) -> Result<Vec<u8>, Error> {
    fs::read(file).map_err(|source| Error::File { file: file.to_owned(), source })
}

/// The certificates in a file, at least one.
pub(crate) fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    let not_pem = |reason: String| Error::NotPem { file: file.to_owned(), wanted: "certificate", reason };
    let bytes = read(file)?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    let found = found.map_err(|error| not_pem(error.to_string()))?;
    if found.is_empty() {
        return Err(not_pem("there is no CERTIFICATE section".to_owned()));
    }
    Ok(found)
}

/// The authorities in a file.
pub(crate) fn authorities(file: &Path) -> Result<RootCertStore, Error> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(file)? {
        let added = roots.add(certificate);
        added.map_err(|error| Error::NotPem { file: file.to_owned(), wanted: "authority's certificate", reason: error.to_string() })?;
    }
    Ok(roots)
}

/// A certificate and its key, which belong together; nobody else can read the key.
pub(crate) fn pair(certificate: &Path, key: &Path) -> Result<Pair, Error> {
    let chain = certificates(certificate)?;
    let private = private_key(key)?;
    let certified = CertifiedKey::from_der(chain, private, &provider()).map_err(|error| match error {
        rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => {
            Error::KeyMismatch { key: key.to_owned(), certificate: certificate.to_owned() }
        }
        rustls::Error::InvalidCertificate(reason) => {
            Error::NotPem { file: certificate.to_owned(), wanted: "certificate", reason: reason.to_string() }
        }
        other => Error::NotPem { file: key.to_owned(), wanted: "private key", reason: other.to_string() },
    })?;
    let expires = expiry(&certified.cert[0]);
    Ok(Pair { certified, expires })
}

fn private_key(file: &Path) -> Result<PrivateKeyDer<'static>, Error> {
    refuse_open_key(file)?;
    let bytes = read(file)?;
    PrivateKeyDer::from_pem_slice(&bytes).map_err(|error| Error::NotPem {
        file: file.to_owned(),
        wanted: "private key",
        reason: error.to_string(),
    })
}

/// Refuses a private key that others can read.
#[cfg(unix)]
pub(crate) fn refuse_open_key(file: &Path) -> Result<(), Error> {
    use std::os::unix::fs::PermissionsExt;
    let metadata = fs::metadata(file).map_err(|source| Error::File { file: file.to_owned(), source })?;
    let mode = metadata.permissions().mode() & 0o777;
    // The group may read it: that is how an orchestrator gives a key to a process that is not root.
    if mode & 0o027 != 0 {
        return Err(Error::KeyOpenToOthers { file: file.to_owned(), mode });
    }
    Ok(())
}

#[cfg(not(unix))]
pub(crate) fn refuse_open_key(_file: &Path) -> Result<(), Error> {
    Ok(())
}

/// Checks that a certificate is signed by one of the authorities for the usage, and valid now.
pub(crate) fn verify(chain: &[CertificateDer<'_>], roots: &[TrustAnchor<'_>], usage: KeyUsage) -> Result<(), webpki::Error> {
    let algorithms = provider().signature_verification_algorithms.all;
    let leaf = EndEntityCert::try_from(&chain[0])?;
    leaf.verify_for_usage(algorithms, roots, &chain[1..], UnixTime::now(), usage, None, None)?;
    Ok(())
}

/// Checks that the certificate is valid now, whoever signed it.
pub(crate) fn verify_dates(certificate: &CertificateDer<'_>) -> Result<(), webpki::Error> {
    match verify(std::slice::from_ref(certificate), &[], KeyUsage::server_auth()) {
        Err(error @ (webpki::Error::CertExpired { .. } | webpki::Error::CertNotValidYet { .. })) => Err(error),
        _ => Ok(()),
    }
}

/// Checks that the certificate names a host.
pub(crate) fn names(certificate: &CertificateDer<'_>, name: &ServerName<'_>) -> bool {
    EndEntityCert::try_from(certificate).is_ok_and(|leaf| leaf.verify_is_valid_for_subject_name(name).is_ok())
}

/// When a certificate expires. The verifier tells, if it is asked about a day that no certificate reaches: it looks at the dates first.
fn expiry(certificate: &CertificateDer<'_>) -> Option<SystemTime> {
    let leaf = EndEntityCert::try_from(certificate).ok()?;
    let end_of_time = UnixTime::since_unix_epoch(Duration::from_secs(u64::from(u32::MAX) * 1_000));
    let algorithms = provider().signature_verification_algorithms.all;
    match leaf.verify_for_usage(algorithms, &[], &[], end_of_time, KeyUsage::server_auth(), None, None) {
        Err(webpki::Error::CertExpired { not_after, .. }) => Some(UNIX_EPOCH + Duration::from_secs(not_after.as_secs())),
        _ => None,
    }
}

/// A date as operators read it.
pub(crate) fn date(time: UnixTime) -> String {
    let seconds = i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
    chrono::DateTime::from_timestamp(seconds, 0)
        .map_or_else(|| "an unknown date".to_owned(), |date| date.format("%Y-%m-%d %H:%M UTC").to_string())
}

/// What is wrong with a certificate of this node, as the end of "certificate X …".
pub(crate) fn explain(error: &webpki::Error, authority: &Path) -> String {
    match error {
        webpki::Error::CertExpired { not_after, .. } => {
            format!(
                "expired on {}; issue a new one (`coldtrail cluster certs` does, for clusters with its own authority)",
                date(*not_after)
            )
        }
        webpki::Error::CertNotValidYet { not_before, .. } => {
            format!("is valid from {} on only; look at the clock of this machine", date(*not_before))
        }
        webpki::Error::UnknownIssuer | webpki::Error::InvalidSignatureForPublicKey => {
            format!("is not signed by {}; give the authority that signed it, or issue it again", authority.display())
        }
        webpki::Error::RequiredEkuNotFoundContext(_) => {
            "may not be used for both ends of a connection; issue it with the extended key usages serverAuth and clientAuth".to_owned()
        }
        webpki::Error::CaUsedAsEndEntity => "is an authority's own; issue one for the node".to_owned(),
        other => format!("cannot be used: {other}; issue a new one"),
    }
}
