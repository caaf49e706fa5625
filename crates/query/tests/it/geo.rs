use std::path::{Path, PathBuf};

use coldtrail_query::{Geo, GeoFiles};
use datafusion::physical_plan::execute_stream;
use futures::TryStreamExt;
use tempfile::TempDir;

use crate::mmdb::{autonomous_system, country, database, place};
use crate::support::World;

/// Files that know the networks of documentation.
struct Files {
    folder: TempDir,
}

impl Files {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn add(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }
}

/// A city database of the networks that documentation may use.
pub fn cities(ip_version: u16) -> Vec<u8> {
    let mut networks = vec![
        ("192.0.2.0/25", place("DE", "Berlin", 52.52, 13.405)),
        ("192.0.2.128/25", place("FR", "Paris", 48.8566, 2.3522)),
        ("198.51.100.0/24", country("US")),
        ("203.0.113.0/24", place("JP", "Tokyo", 35.6895, 139.6917)),
    ];
    if ip_version == 6 {
        networks.push(("2001:db8::/32", place("NL", "Amsterdam", 52.374, 4.8897)));
    }
    database("Test-City", ip_version, &networks)
}

/// A world that knows where addresses are.
pub fn located(world: World, folder: &Path) -> World {
    let files = GeoFiles { city: Some(folder.join("city.mmdb")), asn: Some(folder.join("asn.mmdb")) };
    std::fs::write(folder.join("city.mmdb"), cities(6)).unwrap();
    let systems =
        [("192.0.2.0/24", autonomous_system(64496, "Example Networks")), ("203.0.113.0/24", autonomous_system(4_200_000_000, "Big"))];
    std::fs::write(folder.join("asn.mmdb"), database("Test-ASN", 6, &systems)).unwrap();
    world.with_geo(Geo::open(&files).unwrap())
}

#[tokio::test]
async fn addresses_are_looked_up_in_the_files() {
    let files = Files::new();
    let world = located(World::new(), files.folder.path());
    let rows = world
        .rows(
            "SELECT ip, geo_country(ip) AS country, geo_city(ip) AS city, geo_lat(ip) AS lat, geo_lon(ip) AS lon, geo_asn(ip) AS asn, \
             geo_as_org(ip) AS org FROM (VALUES ('192.0.2.1'), ('192.0.2.200'), ('198.51.100.1'), ('203.0.113.255'), ('2001:db8::1'), \
             ('::ffff:192.0.2.1'), ('10.0.0.1'), ('2001:db9::1'), ('no address'), (''), (NULL)) AS t(ip)",
        )
        .await;
    assert_eq!(
        rows,
        "\
+------------------+---------+-----------+---------+----------+------------+------------------+
| ip               | country | city      | lat     | lon      | asn        | org              |
+------------------+---------+-----------+---------+----------+------------+------------------+
| 192.0.2.1        | DE      | Berlin    | 52.52   | 13.405   | 64496      | Example Networks |
| 192.0.2.200      | FR      | Paris     | 48.8566 | 2.3522   | 64496      | Example Networks |
| 198.51.100.1     | US      |           |         |          |            |                  |
| 203.0.113.255    | JP      | Tokyo     | 35.6895 | 139.6917 | 4200000000 | Big              |
| 2001:db8::1      | NL      | Amsterdam | 52.374  | 4.8897   |            |                  |
| ::ffff:192.0.2.1 | DE      | Berlin    | 52.52   | 13.405   | 64496      | Example Networks |
| 10.0.0.1         |         |           |         |          |            |                  |
| 2001:db9::1      |         |           |         |          |            |                  |
| no address       |         |           |         |          |            |                  |
|                  |         |           |         |          |            |                  |
|                  |         |           |         |          |            |                  |
+------------------+---------+-----------+---------+----------+------------+------------------+"
    );
    assert_eq!(world.value("SELECT geo_country('192.0.2.1')").await, "DE");
    assert_eq!(world.value("SELECT geo_lat(arrow_cast('192.0.2.1', 'Dictionary(Int32, Utf8)'))").await, "52.52");
}

#[tokio::test]
async fn a_file_of_ipv4_addresses_knows_no_others() {
    let files = Files::new();
    let city = Some(files.add("city.mmdb", &cities(4)));
    let world = World::new().with_geo(Geo::open(&GeoFiles { city, asn: None }).unwrap());
    assert_eq!(world.value("SELECT geo_country('192.0.2.1')").await, "DE");
    assert_eq!(world.value("SELECT geo_country('::ffff:192.0.2.1')").await, "DE");
    assert_eq!(world.value("SELECT geo_country('2001:db8::1') IS NULL").await, "true");
    assert_eq!(world.refusal("SELECT geo_asn('192.0.2.1')").await, "geo_asn: no GeoIP file: set [query] geoip_asn");
}

#[tokio::test]
async fn without_a_file_there_is_no_answer_but_an_error() {
    let world = World::new();
    for (function, key) in [
        ("geo_country", "geoip_city"),
        ("geo_city", "geoip_city"),
        ("geo_lat", "geoip_city"),
        ("geo_lon", "geoip_city"),
        ("geo_asn", "geoip_asn"),
        ("geo_as_org", "geoip_asn"),
    ] {
        let refusal = world.refusal(&format!("SELECT {function}(src_endpoint_ip) FROM network_activity")).await;
        assert_eq!(refusal, format!("{function}: no GeoIP file: set [query] {key}"));
    }
}

#[test]
fn a_file_that_would_never_answer_is_refused_at_the_start() {
    let files = Files::new();
    let systems = database("Test-ASN", 6, &[("192.0.2.0/24", autonomous_system(64496, "Example Networks"))]);
    let asn = files.add("asn.mmdb", &systems);
    let broken = files.add("broken.mmdb", b"no database");
    let missing = files.folder.path().join("missing.mmdb");
    for (path, why) in [
        (&asn, "it is a database of type Test-ASN without country, and not what geoip_city is to name"),
        (&broken, ""),
        (&missing, "i/o error: No such file or directory (os error 2)"),
    ] {
        let refused = Geo::open(&GeoFiles { city: Some(path.clone()), asn: None }).unwrap_err().to_string();
        assert!(refused.starts_with(&format!("could not read the GeoIP file {}: ", path.display())), "{refused}");
        assert!(refused.ends_with(why), "{refused}");
    }
}

#[tokio::test]
async fn a_damaged_file_is_an_error_and_not_an_address_that_nobody_knows() {
    let files = Files::new();
    let number_for_a_name = ("198.51.100.0/24", autonomous_system(1, "x"));
    let mut bytes = database("Test-City", 4, &[("192.0.2.0/24", country("DE")), number_for_a_name]);
    // The text of the country becomes a number.
    let position = bytes.windows(3).position(|found| found == b"\x42DE").unwrap();
    bytes[position] = 5 << 5 | 2;
    let city = Some(files.add("city.mmdb", &bytes));
    let world = World::new().with_geo(Geo::open(&GeoFiles { city, asn: None }).unwrap());
    let planned = world.plan("SELECT geo_country('192.0.2.1')").await;
    let stream = execute_stream(planned.physical, planned.context.task_ctx()).unwrap();
    let refused = stream.try_collect::<Vec<_>>().await.unwrap_err().to_string();
    assert!(refused.contains("the GeoIP file cannot be read"), "{refused}");
}
