//! Where chance comes from.
//!
//! A generator of our own (SplitMix64) and integer arithmetic only: the bytes that a seed gives must stay the same for ever
//! and on every machine, which no crate's sampling functions and no floating point library promise.

/// A stream of chance.
#[derive(Debug, Clone)]
pub(crate) struct Dice(u64);

impl Dice {
    /// The dice of one purpose under one seed; the parts say which.
    pub(crate) fn of(seed: u64, purpose: &str, parts: &[u64]) -> Self {
        let mut state = mix(seed ^ hash(purpose));
        for part in parts {
            state = mix(state ^ mix(part.wrapping_add(GOLDEN)));
        }
        Self(state)
    }

    /// The dice that belong to a name, whatever the seed: for ids that a person or a thing keeps.
    pub(crate) fn named(name: &str) -> Self {
        Self(hash(name))
    }

    /// Any 64 bits.
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GOLDEN);
        mix(self.0)
    }

    /// A number below the bound; 0 if the bound is 0.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(bound)) >> 64) as u64
    }

    /// A number from `low` to `high`, both included.
    pub(crate) fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high - low + 1)
    }

    /// True so many times in a thousand.
    pub(crate) fn permille(&mut self, permille: u64) -> bool {
        self.below(1000) < permille
    }

    /// One of these.
    pub(crate) fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len() as u64) as usize]
    }

    /// A size with a long tail, from `low` up to about `low << octaves`.
    pub(crate) fn skewed(&mut self, low: u64, octaves: u64) -> u64 {
        let scale = low << self.below(octaves + 1).min(self.below(octaves + 1));
        scale + self.below(scale)
    }
}

const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// FNV-1a of a name.
pub(crate) fn hash(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3))
}

/// Picks by weight.
#[derive(Debug, Clone)]
pub(crate) struct Weighted {
    cumulative: Vec<u64>,
}

impl Weighted {
    /// Item `i` is drawn `weights[i]` times in their sum.
    pub(crate) fn new(weights: impl IntoIterator<Item = u64>) -> Self {
        let mut sum = 0;
        let cumulative = weights.into_iter().map(|weight| {
            sum += weight;
            sum
        });
        Self { cumulative: cumulative.collect() }
    }

    /// The first of `items` is twice as frequent as the second, three times as the third, and so on.
    pub(crate) fn zipf(items: usize) -> Self {
        Self::new((1..=items as u64).map(|rank| 1_000_000 / rank))
    }

    /// The index of one item.
    pub(crate) fn draw(&self, dice: &mut Dice) -> usize {
        let sum = self.cumulative.last().copied().unwrap_or(0);
        let value = dice.below(sum);
        self.cumulative.partition_point(|bound| *bound <= value)
    }
}
