//! The same history, under faults that dice choose: a seed that fails is named, and fails again.

use futures::StreamExt;

use super::history::{Clients, assert_all_there};
use super::nodes::Nodes;

/// Seeds that are tried at the same time; they wait for elections most of it.
const AT_ONCE: usize = 5;

/// Dice that fall the same way for the same seed (SplitMix64).
struct Dice(u64);

impl Dice {
    fn throw(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % sides as u64).expect("it is below the sides")
    }
}

#[derive(Debug, Clone, Copy)]
enum Fault {
    LeaderIsCutOff,
    LeaderIsUnheard,
    LeaderIsDeaf,
    FollowerIsCutOff,
    LeaderAndFollowerAreCutApart,
    LeaderStops,
    LeaderHandsOver,
}

const FAULTS: [Fault; 7] = [
    Fault::LeaderIsCutOff,
    Fault::LeaderIsUnheard,
    Fault::LeaderIsDeaf,
    Fault::FollowerIsCutOff,
    Fault::LeaderAndFollowerAreCutApart,
    Fault::LeaderStops,
    Fault::LeaderHandsOver,
];

/// One cluster with clients, through so many faults.
async fn survive(seed: u64, faults: usize) {
    let mut dice = Dice(seed);
    let mut nodes = Nodes::new(3).await;
    nodes.config.write_timeout_ms = 2_000;
    nodes.start_all().await;
    let clients = Clients::start(&nodes.running());
    let mut has_stopped = false;
    for _ in 0..faults {
        clients.progress(2 + dice.throw(8)).await;
        let fault = match FAULTS[dice.throw(FAULTS.len())] {
            // The clients do not come back to a node that was opened again, and must have a majority of the old ones.
            Fault::LeaderStops if has_stopped => Fault::LeaderIsCutOff,
            fault => fault,
        };
        has_stopped |= matches!(fault, Fault::LeaderStops);
        befall(fault, &mut nodes, &clients, &mut dice).await;
    }
    clients.progress(5).await;
    let history = clients.finish().await;
    assert_all_there(&nodes, &history).await;
}

/// Harms the cluster, sees that it takes commits all the same, and heals it.
async fn befall(fault: Fault, nodes: &mut Nodes, clients: &Clients, dice: &mut Dice) {
    let leader = nodes.leader().await;
    let others: Vec<usize> = (0..3).filter(|node| *node != leader).collect();
    let follower = others[dice.throw(2)];
    let commits = 1 + dice.throw(8);
    match fault {
        Fault::LeaderStops => {
            nodes.stop(leader).await;
            clients.progress(commits).await;
            nodes.start(leader).await;
        }
        Fault::LeaderHandsOver => {
            // Under load another node may be faster; what counts here is the history.
            let _ = nodes.get(leader).transfer_leader(nodes.id(follower).await).await;
        }
        Fault::LeaderIsCutOff
        | Fault::LeaderIsUnheard
        | Fault::LeaderIsDeaf
        | Fault::FollowerIsCutOff
        | Fault::LeaderAndFollowerAreCutApart => {
            let links = cut_by(fault, leader, follower, &others);
            links.iter().for_each(|(from, to)| nodes.cut(*from, *to, true));
            clients.progress(commits).await;
            links.iter().for_each(|(from, to)| nodes.cut(*from, *to, false));
        }
    }
}

/// The links that a fault cuts, each from one node to another.
fn cut_by(fault: Fault, leader: usize, follower: usize, others: &[usize]) -> Vec<(usize, usize)> {
    let from = |node: usize| (0..3).filter(move |other| *other != node).map(move |other| (node, other));
    let to = |node: usize| (0..3).filter(move |other| *other != node).map(move |other| (other, node));
    match fault {
        Fault::LeaderIsCutOff => from(leader).chain(to(leader)).collect(),
        Fault::FollowerIsCutOff => from(follower).chain(to(follower)).collect(),
        Fault::LeaderIsUnheard => others.iter().map(|other| (leader, *other)).collect(),
        Fault::LeaderIsDeaf => others.iter().map(|other| (*other, leader)).collect(),
        Fault::LeaderAndFollowerAreCutApart => vec![(leader, follower), (follower, leader)],
        Fault::LeaderStops | Fault::LeaderHandsOver => Vec::new(),
    }
}

async fn survive_all(seeds: std::ops::Range<u64>, faults: usize) {
    let histories = futures::stream::iter(seeds).map(async |seed| (seed, tokio::spawn(survive(seed, faults)).await));
    let mut histories = std::pin::pin!(histories.buffer_unordered(AT_ONCE));
    while let Some((seed, ended)) = histories.next().await {
        assert!(ended.is_ok(), "the history of seed {seed} is wrong");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_ten_seeds_do_no_acknowledged_commit_is_lost_or_doubled() {
    survive_all(0..10, 2).await;
}

/// `COLDTRAIL_TEST_SEEDS` sets how many.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes"]
async fn whatever_a_hundred_seeds_do_no_acknowledged_commit_is_lost_or_doubled() {
    let seeds = std::env::var("COLDTRAIL_TEST_SEEDS").map_or(100, |number| number.parse().expect("a number"));
    survive_all(1_000..1_000 + seeds, 5).await;
}
