use std::time::{Duration, Instant};

use crate::fixture::{Lab, rows};

const RUNS: usize = 21;

/// What the way through the executors costs a query that has next to nothing to do. Not a test: it prints, and has no opinion.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "prints how long tiny queries take in each tier"]
#[allow(clippy::print_stdout)]
async fn tiny_queries_in_both_tiers() {
    let lab = Lab::new().await;
    for sql in [
        "SELECT count(*) FROM indicators WHERE value = '10.0.0.9'",
        "SELECT ip, count(*) FROM events GROUP BY ip ORDER BY 2 DESC",
        "SELECT * FROM events",
    ] {
        let mut times = [Vec::new(), Vec::new()];
        for _ in 0..RUNS {
            for (tier, times) in times.iter_mut().enumerate() {
                let start = Instant::now();
                let run = if tier == 0 { lab.start_local(sql).await } else { lab.start_distributed(sql).await };
                rows(run).await.unwrap();
                times.push(start.elapsed());
            }
        }
        println!("{sql}: local {:?}, distributed {:?}", median(&mut times[0]), median(&mut times[1]));
    }
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort();
    times[times.len() / 2]
}
