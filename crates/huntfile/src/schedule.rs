use chrono_tz::Tz;
use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};

use crate::problem::did_you_mean;
use crate::reader::Fields;

/// When a hunt runs by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    /// Minute, hour, day of month, month, day of week.
    pub cron: String,
    /// The IANA time zone that the fields are in.
    pub timezone: String,
}

impl Schedule {
    pub(crate) fn parse(fields: &Fields<'_>) -> Option<Self> {
        let cron = fields.text("cron")?;
        if let Err(message) = read_cron(&cron.value) {
            fields.notes().add(cron.place, &cron.path, message);
        }
        let timezone = match fields.text("timezone") {
            Some(zone) if zone.value.parse::<Tz>().is_err() => {
                let near = did_you_mean(&zone.value, chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name()));
                fields.notes().add(zone.place, &zone.path, format!("there is no time zone {:?}{near}", zone.value));
                return None;
            }
            Some(zone) => zone.value,
            None => "UTC".to_owned(),
        };
        Some(Self { cron: cron.value, timezone })
    }
}

/// Five fields, without seconds or years.
fn read_cron(text: &str) -> Result<Cron, String> {
    let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
    parser.parse(text).map_err(|error| format!("{text:?} is not minute, hour, day, month and weekday such as \"0 6 * * MON-FRI\": {error}"))
}
