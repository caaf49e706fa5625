//! How fast and how large a set is. Run with `--release -- --ignored --nocapture`.

use std::fmt::Write as _;
use std::time::Instant;

use coldtrail_intel::{FeedFormat, IndicatorSet, Limits, Options, read_feed};

/// A number that looks random, from a counter.
fn mixed(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

/// A feed of hashes, addresses, domains, URLs and paths.
fn feed(count: u64) -> String {
    let mut feed = String::new();
    for number in 0..count {
        let random = mixed(number);
        let line = match number % 5 {
            0 => writeln!(feed, "{:016x}{:016x}{:016x}{:016x}", random, mixed(random), mixed(random + 1), mixed(random + 2)),
            1 => writeln!(feed, "44.{}.{}.{}", random % 256, random >> 8 & 255, random >> 16 & 255),
            2 => writeln!(feed, "host{random:x}.evil{}.com", random % 1000),
            3 => writeln!(feed, r"%APPDATA%\vendor{}\evil{random:x}.exe", random % 100),
            _ => writeln!(feed, "http://host{random:x}.example.net/path/{}.bin", random % 100),
        };
        line.unwrap();
    }
    feed
}

/// Values of each type that no indicator of [`feed`] matches.
fn misses(count: u64) -> Vec<(i32, Vec<String>)> {
    let values = |make: fn(u64) -> String| (0..count).map(|number| make(mixed(number + (1 << 40)))).collect();
    vec![
        (8, values(|random| format!("{:016x}{:016x}{:016x}{:016x}", random, mixed(random), mixed(random + 9), mixed(random + 8)))),
        (2, values(|random| format!("45.{}.{}.{}", random % 256, random >> 8 & 255, random >> 16 & 255))),
        (1, values(|random| format!("www.host{random:x}.shop{}.com", random % 1000))),
        (6, values(|random| format!("https://www{}.example.org/a/{random:x}.html?q=1", random % 1000))),
        (45, values(|random| format!(r"C:\Program Files\Vendor\App{}\bin\tool{random:x}.exe", random % 100))),
        (4, values(|random| format!(r"CORP\user{random:x}"))),
    ]
}

#[test]
#[ignore = "measures"]
#[allow(clippy::print_stdout, reason = "it prints what it measures")]
fn a_set_answers_millions_of_values_a_second() {
    let options = Options { limits: Limits::default(), ..Options::default() };
    for count in [100_000, 1_000_000] {
        let text = feed(count);
        let start = Instant::now();
        let feed = read_feed(FeedFormat::Text, "feed", text.as_bytes(), &options).unwrap();
        let read = start.elapsed();
        let start = Instant::now();
        let set = IndicatorSet::new(&feed.indicators);
        let built = start.elapsed();
        let bytes = set.bytes() as f64 / set.len() as f64;
        println!("{} indicators: read in {read:?}, set built in {built:?}, {bytes:.0} bytes an indicator", set.len());
        for (type_id, values) in misses(1_000_000) {
            let mut found = Vec::new();
            let start = Instant::now();
            values.iter().for_each(|value| set.matches(type_id, value, &mut found));
            let seconds = start.elapsed().as_secs_f64();
            println!("  type {type_id}: {:.1} M values/s, {} matches", values.len() as f64 / seconds / 1e6, found.len());
        }
    }
}
