use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use maxminddb::{LookupResult, MaxMindDbError, PathElement, Reader, WithinOptions};
use serde::de::IgnoredAny;

use crate::Error;

/// The files that tell where addresses are: in MaxMind's format, such as GeoLite2-City.mmdb and GeoLite2-ASN.mmdb.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GeoFiles {
    /// The file of countries, cities and coordinates.
    pub city: Option<PathBuf>,
    /// The file of networks on the Internet and who runs them.
    pub asn: Option<PathBuf>,
}

/// Opened [`GeoFiles`], held in memory: what the functions `geo_country`, `geo_city`, `geo_lat`, `geo_lon`, `geo_asn` and
/// `geo_as_org` look addresses up in.
#[derive(Default)]
pub struct Geo {
    files: GeoFiles,
    city: Option<Reader<Vec<u8>>>,
    asn: Option<Reader<Vec<u8>>>,
}

impl Geo {
    /// Reads the files whole; a process needs them once.
    pub fn open(files: &GeoFiles) -> Result<Self, Error> {
        let city = files.city.as_deref().map(|path| read(path, GeoDatabase::City)).transpose()?;
        let asn = files.asn.as_deref().map(|path| read(path, GeoDatabase::Asn)).transpose()?;
        Ok(Self { files: files.clone(), city, asn })
    }

    pub(super) fn database(&self, kind: GeoDatabase) -> Option<&Reader<Vec<u8>>> {
        match kind {
            GeoDatabase::City => self.city.as_ref(),
            GeoDatabase::Asn => self.asn.as_ref(),
        }
    }
}

impl fmt::Debug for Geo {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.files.fmt(formatter)
    }
}

/// How many records are looked at to see whether a file is of the right kind.
const RECORDS_LOOKED_AT: usize = 1000;

fn read(path: &Path, kind: GeoDatabase) -> Result<Reader<Vec<u8>>, Error> {
    let unusable = |why: String| Error::Unavailable { message: format!("could not read the GeoIP file {}: {why}", path.display()) };
    let reader = Reader::open_readfile(path).map_err(|error| unusable(error.to_string()))?;
    match tells(&reader, kind) {
        Ok(true) => Ok(reader),
        Ok(false) => {
            let (found, wanted) = (&reader.metadata().database_type, kind.paths()[0].join("."));
            Err(unusable(format!("it is a database of type {found} without {wanted}, and not what {} is to name", kind.key())))
        }
        Err(error) => Err(unusable(error.to_string())),
    }
}

/// True if a file tells what it is read for. One of another kind would answer nothing to everything, and nobody would know why.
fn tells(reader: &Reader<Vec<u8>>, kind: GeoDatabase) -> Result<bool, MaxMindDbError> {
    for record in reader.networks(WithinOptions::default())?.take(RECORDS_LOOKED_AT) {
        let record = record?;
        for path in kind.paths() {
            let path: Vec<PathElement<'_>> = path.iter().map(|key| PathElement::Key(key)).collect();
            if record.decode_path::<IgnoredAny>(&path)?.is_some() {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// Which of the files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum GeoDatabase {
    City,
    Asn,
}

impl GeoDatabase {
    /// The key of the configuration that names the file.
    pub(super) fn key(self) -> &'static str {
        match self {
            Self::City => "geoip_city",
            Self::Asn => "geoip_asn",
        }
    }

    /// What at least one record of a file of this kind has.
    fn paths(self) -> &'static [&'static [&'static str]] {
        match self {
            Self::City => &[&["country"], &["registered_country"], &["location"]],
            Self::Asn => &[&["autonomous_system_number"]],
        }
    }
}

/// What a database says of an address; none if it is one of IPv4 addresses and the address is not.
pub(super) fn look_up(database: &Reader<Vec<u8>>, address: IpAddr) -> Result<Option<LookupResult<'_, Vec<u8>>>, MaxMindDbError> {
    match address.is_ipv6() && database.metadata().ip_version == 4 {
        true => Ok(None),
        false => database.lookup(address).map(Some),
    }
}
