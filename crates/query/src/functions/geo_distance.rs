use std::sync::{Arc, LazyLock};

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, Int64Array};
use arrow::datatypes::{DataType, Float64Type, TimeUnit};
use datafusion::common::{Result, ScalarValue, exec_err, plan_err};
use datafusion::logical_expr::{ColumnarValue, Documentation, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility};

use super::HUNTING;
use super::times::{nanoseconds_a_tick, ticks, time_type, unit_of};

/// The radius of a sphere as large as the earth, in kilometres: the mean radius R1 of GRS 80.
const EARTH_RADIUS_KM: f64 = 6371.0088;

/// What is told of two places.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Measure {
    /// How far apart they are.
    Kilometres,
    /// How fast one would have to travel from one to the other.
    KilometresAnHour,
}

/// `geo_distance_km(lat1, lon1, lat2, lon2)` and `geo_distance_kmh(lat1, lon1, time1, lat2, lon2, time2)`.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct GeoDistance {
    measure: Measure,
    signature: Signature,
}

impl GeoDistance {
    pub(super) fn new(measure: Measure) -> Self {
        Self { measure, signature: Signature::user_defined(Volatility::Immutable) }
    }

    fn function(&self) -> &'static str {
        match self.measure {
            Measure::Kilometres => "geo_distance_km",
            Measure::KilometresAnHour => "geo_distance_kmh",
        }
    }

    fn measure(&self, arguments: &[ArrayRef]) -> Result<ArrayRef> {
        let answers: Float64Array = match (self.measure, arguments) {
            (Measure::Kilometres, [lat1, lon1, lat2, lon2]) => {
                let places = Places::of([lat1, lon1, lat2, lon2]);
                (0..lat1.len()).map(|row| places.distance_km(row)).collect()
            }
            (Measure::KilometresAnHour, [lat1, lon1, time1, lat2, lon2, time2]) => {
                let places = Places::of([lat1, lon1, lat2, lon2]);
                let (from, to) = (Moments::of(time1)?, Moments::of(time2)?);
                let speed = |row| Some(speed_kmh(places.distance_km(row)?, from.nanoseconds(row)?.abs_diff(to.nanoseconds(row)?)));
                (0..lat1.len()).map(speed).collect()
            }
            _ => return exec_err!("{} was given {} arguments", self.function(), arguments.len()),
        };
        Ok(Arc::new(answers))
    }
}

impl ScalarUDFImpl for GeoDistance {
    fn name(&self) -> &str {
        self.function()
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        let name = self.function();
        let degrees = |given: &DataType| match given {
            given if given.is_numeric() || given.is_null() => Ok(DataType::Float64),
            other => plan_err!("{name} takes degrees as numbers, not {other}"),
        };
        match (self.measure, given) {
            (Measure::Kilometres, [_, _, _, _]) => given.iter().map(degrees).collect(),
            (Measure::KilometresAnHour, [lat1, lon1, time1, lat2, lon2, time2]) => {
                Ok(vec![degrees(lat1)?, degrees(lon1)?, time_type(name, time1)?, degrees(lat2)?, degrees(lon2)?, time_type(name, time2)?])
            }
            (Measure::Kilometres, _) => plan_err!("{name} takes lat1, lon1, lat2, lon2"),
            (Measure::KilometresAnHour, _) => plan_err!("{name} takes lat1, lon1, time1, lat2, lon2, time2"),
        }
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Float64)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let is_constant = args.args.iter().all(|argument| matches!(argument, ColumnarValue::Scalar(_)));
        let answers = self.measure(&ColumnarValue::values_to_arrays(&args.args)?)?;
        match is_constant {
            true => Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&answers, 0)?)),
            false => Ok(ColumnarValue::Array(answers)),
        }
    }

    fn documentation(&self) -> Option<&Documentation> {
        static KILOMETRES: LazyLock<Documentation> = LazyLock::new(document_kilometres);
        static KILOMETRES_AN_HOUR: LazyLock<Documentation> = LazyLock::new(document_kilometres_an_hour);
        match self.measure {
            Measure::Kilometres => Some(&KILOMETRES),
            Measure::KilometresAnHour => Some(&KILOMETRES_AN_HOUR),
        }
    }
}

fn document_kilometres() -> Documentation {
    Documentation::builder(
        HUNTING,
        "The distance of two places along the surface of the earth, in kilometres, by the haversine formula: right to about 0.5 %. Null \
         if a coordinate is null or lies outside of -90 to 90 (latitude) or -180 to 180 (longitude).",
        "geo_distance_km(lat1, lon1, lat2, lon2)",
    )
    .with_argument("lat1, lon1", "The first place, in degrees.")
    .with_argument("lat2, lon2", "The second place, in degrees.")
    .with_sql_example("```sql\nSELECT round(geo_distance_km(52.52, 13.405, 48.8566, 2.3522)); -- 877.0\n```")
    .build()
}

fn document_kilometres_an_hour() -> Documentation {
    Documentation::builder(
        HUNTING,
        "How fast one would have to travel between two places, in kilometres an hour, whichever was first. At the same time in two \
         places it is infinity, which is greater than any limit; in one place it is 0. Null if an argument is null or a coordinate is \
         none (see geo_distance_km).",
        "geo_distance_kmh(lat1, lon1, time1, lat2, lon2, time2)",
    )
    .with_argument("lat1, lon1, time1", "The first place, in degrees, and when.")
    .with_argument("lat2, lon2, time2", "The second place, in degrees, and when.")
    .with_sql_example(
        "```sql\nSELECT round(geo_distance_kmh(52.52, 13.405, TIMESTAMP '2026-03-01 12:00:00', 48.8566, 2.3522, TIMESTAMP '2026-03-01 \
         12:30:00')); -- 1755.0\n```",
    )
    .build()
}

/// Two places a row.
struct Places<'a>([&'a Float64Array; 4]);

impl<'a> Places<'a> {
    fn of(coordinates: [&'a ArrayRef; 4]) -> Self {
        Self(coordinates.map(|each| each.as_primitive::<Float64Type>()))
    }

    fn distance_km(&self, row: usize) -> Option<f64> {
        if self.0.iter().any(|coordinates| coordinates.is_null(row)) {
            return None;
        }
        let [lat1, lon1, lat2, lon2] = self.0.map(|coordinates| coordinates.value(row));
        let are_places = [lat1, lat2].iter().all(|lat| lat.abs() <= 90.0) && [lon1, lon2].iter().all(|lon| lon.abs() <= 180.0);
        are_places.then(|| haversine_km(lat1, lon1, lat2, lon2))
    }
}

/// One moment a row.
struct Moments {
    ticks: Int64Array,
    unit: TimeUnit,
}

impl Moments {
    fn of(times: &ArrayRef) -> Result<Self> {
        Ok(Self { ticks: ticks(times)?, unit: unit_of(times.data_type())? })
    }

    fn nanoseconds(&self, row: usize) -> Option<i128> {
        self.ticks.is_valid(row).then(|| i128::from(self.ticks.value(row)) * i128::from(nanoseconds_a_tick(self.unit)))
    }
}

/// The distance of two places given in degrees, along a great circle.
pub(super) fn haversine_km(lat1: f64, lon1: f64, lat2: f64, lon2: f64) -> f64 {
    let half_chord = |one: f64, other: f64| ((other - one).to_radians() / 2.0).sin().powi(2);
    let chord = half_chord(lat1, lat2) + lat1.to_radians().cos() * lat2.to_radians().cos() * half_chord(lon1, lon2);
    // Rounding may give a little more than 1 for opposite places.
    2.0 * EARTH_RADIUS_KM * chord.clamp(0.0, 1.0).sqrt().asin()
}

/// The speed in kilometres an hour; infinite if there is no time for some distance.
pub(super) fn speed_kmh(distance_km: f64, nanoseconds: u128) -> f64 {
    if distance_km == 0.0 {
        return 0.0;
    }
    // Of more nanoseconds than a float can tell apart the speed is as good as right.
    distance_km / (nanoseconds as f64 / 3.6e12)
}
