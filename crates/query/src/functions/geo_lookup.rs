use std::hash::{Hash, Hasher};
use std::net::IpAddr;
use std::sync::{Arc, LazyLock};

use arrow::array::{ArrayRef, Float64Array, Int64Array, StringArray};
use arrow::datatypes::DataType;
use arrow::datatypes::{Field, FieldRef};
use datafusion::common::{DataFusionError, Result, ScalarValue, exec_err, plan_err};
use datafusion::logical_expr::{ColumnarValue, Documentation, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility};
use maxminddb::{LookupResult, MaxMindDbError, PathElement, Reader};

use super::HUNTING;
use super::geo::{Geo, GeoDatabase, look_up};
use super::network::address;
use super::text::{for_each_text, text_type};

/// What is told of an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum GeoField {
    Country,
    City,
    Latitude,
    Longitude,
    AsNumber,
    AsOrganisation,
}

impl GeoField {
    pub(super) const ALL: &'static [Self] =
        &[Self::Country, Self::City, Self::Latitude, Self::Longitude, Self::AsNumber, Self::AsOrganisation];

    fn name(self) -> &'static str {
        match self {
            Self::Country => "geo_country",
            Self::City => "geo_city",
            Self::Latitude => "geo_lat",
            Self::Longitude => "geo_lon",
            Self::AsNumber => "geo_asn",
            Self::AsOrganisation => "geo_as_org",
        }
    }

    fn database(self) -> GeoDatabase {
        match self {
            Self::Country | Self::City | Self::Latitude | Self::Longitude => GeoDatabase::City,
            Self::AsNumber | Self::AsOrganisation => GeoDatabase::Asn,
        }
    }

    /// Where a record has it.
    fn path(self) -> &'static [PathElement<'static>] {
        match self {
            Self::Country => &[PathElement::Key("country"), PathElement::Key("iso_code")],
            Self::City => &[PathElement::Key("city"), PathElement::Key("names"), PathElement::Key("en")],
            Self::Latitude => &[PathElement::Key("location"), PathElement::Key("latitude")],
            Self::Longitude => &[PathElement::Key("location"), PathElement::Key("longitude")],
            Self::AsNumber => &[PathElement::Key("autonomous_system_number")],
            Self::AsOrganisation => &[PathElement::Key("autonomous_system_organization")],
        }
    }

    fn returns(self) -> DataType {
        match self {
            Self::Country | Self::City | Self::AsOrganisation => DataType::Utf8,
            Self::Latitude | Self::Longitude => DataType::Float64,
            Self::AsNumber => DataType::Int64,
        }
    }

    fn apply(self, addresses: &ArrayRef, database: &Reader<Vec<u8>>) -> Result<ArrayRef> {
        let path = self.path();
        Ok(match self {
            Self::Country | Self::City | Self::AsOrganisation => {
                let found: Vec<Option<&str>> = answers(addresses, database, |record| record.decode_path(path))?;
                Arc::new(StringArray::from(found))
            }
            Self::Latitude | Self::Longitude => {
                Arc::new(Float64Array::from(answers(addresses, database, |record| record.decode_path(path))?))
            }
            Self::AsNumber => {
                let found = answers(addresses, database, |record| record.decode_path::<u32>(path))?;
                Arc::new(found.into_iter().map(|number| number.map(i64::from)).collect::<Int64Array>())
            }
        })
    }

    fn document(self) -> Documentation {
        let (what, example) = match self {
            Self::Country => {
                ("The country that an address is in, as its ISO code of two letters", "SELECT geo_country('192.0.2.1'); -- DE")
            }
            Self::City => ("The city that an address is in, by its English name", "SELECT geo_city('192.0.2.1'); -- Berlin"),
            Self::Latitude => ("The latitude of the place that an address is at, in degrees", "SELECT geo_lat('192.0.2.1'); -- 52.52"),
            Self::Longitude => ("The longitude of the place that an address is at, in degrees", "SELECT geo_lon('192.0.2.1'); -- 13.405"),
            Self::AsNumber => ("The number of the autonomous system that an address belongs to", "SELECT geo_asn('192.0.2.1'); -- 64496"),
            Self::AsOrganisation => {
                ("Who runs the autonomous system that an address belongs to", "SELECT geo_as_org('192.0.2.1'); -- Example Networks")
            }
        };
        let key = self.database().key();
        let description = format!(
            "{what}, by the MaxMind file that [query] {key} names; an error without one. Null for an address that the file does not \
             know, such as a private one, and for text that is no address. An IPv4 address inside IPv6 counts as IPv4."
        );
        Documentation::builder(HUNTING, description, format!("{}(ip)", self.name()))
            .with_argument("ip", "The address, as text.")
            .with_sql_example(format!("```sql\n{example}\n```"))
            .build()
    }
}

/// A function of one address that looks it up in a file; null gives null.
#[derive(Debug)]
pub(super) struct GeoLookup {
    field: GeoField,
    geo: Arc<Geo>,
    signature: Signature,
}

impl GeoLookup {
    pub(super) fn new(field: GeoField, geo: Arc<Geo>) -> Self {
        // The same file answers the same, but a node may be given another file.
        Self { field, geo, signature: Signature::user_defined(Volatility::Stable) }
    }

    fn database(&self) -> Result<&Reader<Vec<u8>>> {
        let kind = self.field.database();
        match self.geo.database(kind) {
            Some(database) => Ok(database),
            None => plan_err!("{}: no GeoIP file: set [query] {}", self.field.name(), kind.key()),
        }
    }
}

impl PartialEq for GeoLookup {
    fn eq(&self, other: &Self) -> bool {
        self.field == other.field && Arc::ptr_eq(&self.geo, &other.geo)
    }
}

impl Eq for GeoLookup {}

impl Hash for GeoLookup {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.field.hash(state);
    }
}

impl ScalarUDFImpl for GeoLookup {
    fn name(&self) -> &str {
        self.field.name()
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        match given {
            [text] => Ok(vec![text_type(self.name(), text)?]),
            _ => plan_err!("{} takes one argument, not {}", self.name(), given.len()),
        }
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(self.field.returns())
    }

    /// Finds out that there is no file before anything is read.
    fn return_field_from_args(&self, _: ReturnFieldArgs) -> Result<FieldRef> {
        self.database()?;
        Ok(Arc::new(Field::new(self.name(), self.field.returns(), true)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [argument] = args.args.as_slice() else { return exec_err!("{} takes one argument", self.name()) };
        let database = self.database()?;
        match argument {
            ColumnarValue::Array(texts) => Ok(ColumnarValue::Array(self.field.apply(texts, database)?)),
            ColumnarValue::Scalar(text) => {
                let answer = self.field.apply(&text.to_array()?, database)?;
                Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&answer, 0)?))
            }
        }
    }

    fn documentation(&self) -> Option<&Documentation> {
        static DOCUMENTATION: LazyLock<Vec<Documentation>> = LazyLock::new(|| GeoField::ALL.iter().map(|field| field.document()).collect());
        DOCUMENTATION.get(self.field as usize)
    }
}

/// One answer a row. A file that is damaged is an error, and not an address that nobody knows.
fn answers<'d, T>(
    addresses: &ArrayRef,
    database: &'d Reader<Vec<u8>>,
    read: impl Fn(LookupResult<'d, Vec<u8>>) -> Result<Option<T>, MaxMindDbError>,
) -> Result<Vec<Option<T>>> {
    let answer = |ip: IpAddr| match look_up(database, ip)? {
        Some(record) => read(record),
        None => Ok(None),
    };
    let mut found = Vec::with_capacity(addresses.len());
    for_each_text(addresses, |text| found.push(text.and_then(address).map_or(Ok(None), answer)))?;
    let found: Result<Vec<Option<T>>, MaxMindDbError> = found.into_iter().collect();
    found.map_err(|error| DataFusionError::Execution(format!("the GeoIP file cannot be read: {error}")))
}
