use std::hash::{BuildHasher, Hasher};

use hashbrown::{DefaultHashBuilder, HashTable};

/// What a key is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Space(u8);

impl Space {
    /// A domain, itself and all below it.
    pub(super) const DOMAIN: Self = Self(0);
    /// A domain, only what is below it.
    pub(super) const BELOW: Self = Self(1);
    /// A host, only itself.
    pub(super) const HOST: Self = Self(2);
    /// Host and path of a URL.
    pub(super) const URL_PATH: Self = Self(3);
    /// A whole URL but for its scheme, which is the tag.
    pub(super) const URL_FULL: Self = Self(4);
    /// The end of a path; the tag is its root.
    pub(super) const PATH: Self = Self(5);
    /// The last part of a path, for patterns.
    pub(super) const NAME: Self = Self(6);
    /// A registry key with its hive.
    pub(super) const REGISTRY: Self = Self(7);
    /// A registry key without its hive.
    pub(super) const REGISTRY_REST: Self = Self(8);
    /// The key above a registry key with its hive.
    pub(super) const REGISTRY_PARENT: Self = Self(9);
    /// The key above a registry key without its hive.
    pub(super) const REGISTRY_REST_PARENT: Self = Self(10);
    pub(super) const EMAIL: Self = Self(11);
    pub(super) const HASH: Self = Self(12);
    pub(super) const FINGERPRINT: Self = Self(13);
    pub(super) const MAC: Self = Self(14);
    /// A user whose domain the feed does not say.
    pub(super) const BARE_USER: Self = Self(15);

    /// The texts of one OCSF type.
    pub(super) fn text(type_id: i32) -> Self {
        Self(16 + u8::try_from(type_id).unwrap_or(0))
    }

    /// The OCSF type of whose texts it is, if it is one of texts.
    pub(super) fn type_id(self) -> Option<i32> {
        self.0.checked_sub(16).map(i32::from)
    }
}

/// How many spaces there can be: OCSF's types of observables end at 48.
const SPACES: usize = 80;

/// Says that there is no further entry of a key.
const NONE: u32 = u32::MAX;

/// Keys of texts, each with the indicators that it stands for. The texts are in one buffer, so that an entry takes its text and 26
/// bytes or so.
#[derive(Debug)]
pub(super) struct Table {
    texts: String,
    entries: Vec<Entry>,
    /// The first entry of every key.
    index: HashTable<u32>,
    hasher: DefaultHashBuilder,
    /// Which numbers of parts occur in a space, as bits.
    depths: Vec<u64>,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    start: u64,
    len: u32,
    next: u32,
    indicator: u32,
    space: Space,
    tag: u8,
}

/// The bit of a number of parts in [`Table::depths`].
pub(super) fn depth_bit(parts: usize) -> u64 {
    1 << parts.min(63)
}

impl Table {
    pub(super) fn with_capacity(keys: usize) -> Self {
        Self {
            texts: String::new(),
            entries: Vec::with_capacity(keys),
            index: HashTable::with_capacity(keys),
            hasher: DefaultHashBuilder::default(),
            depths: vec![0; SPACES],
        }
    }

    /// Adds a key of so many parts.
    pub(super) fn insert(&mut self, space: Space, key: &str, parts: usize, indicator: u32, tag: u8) {
        let hash = hash_of(&self.hasher, space, key);
        let (texts, entries, hasher) = (&self.texts, &self.entries, &self.hasher);
        let is_same = |head: &u32| entry_is(texts, &entries[*head as usize], space, key);
        let rehash = |head: &u32| {
            let entry = &entries[*head as usize];
            hash_of(hasher, entry.space, text_of(texts, entry))
        };
        let new = u32::try_from(entries.len()).unwrap_or(NONE - 1);
        let head = *self.index.entry(hash, is_same, rehash).or_insert(new).get();
        let (start, next) = match head == new {
            true => (self.texts.len() as u64, NONE),
            false => (self.entries[head as usize].start, self.entries[head as usize].next),
        };
        if head == new {
            self.texts.push_str(key);
        } else {
            self.entries[head as usize].next = new;
        }
        self.entries.push(Entry { start, len: u32::try_from(key.len()).unwrap_or(u32::MAX), next, indicator, space, tag });
        self.depths[usize::from(space.0)] |= depth_bit(parts);
    }

    /// The indicators of a key, with their tags.
    pub(super) fn find(&self, space: Space, key: &str) -> impl Iterator<Item = (u32, u8)> {
        let hash = hash_of(&self.hasher, space, key);
        let head = self.index.find(hash, |head| entry_is(&self.texts, &self.entries[*head as usize], space, key));
        let first = head.and_then(|head| self.entries.get(*head as usize));
        let entries = std::iter::successors(first, |entry| self.entries.get(entry.next as usize));
        entries.map(|entry| (entry.indicator, entry.tag))
    }

    /// True if the space holds a key.
    pub(super) fn has(&self, space: Space) -> bool {
        self.depths(space) != 0
    }

    /// Which numbers of parts the keys of a space have.
    pub(super) fn depths(&self, space: Space) -> u64 {
        self.depths[usize::from(space.0)]
    }

    /// Every key of every space, some of them more than once.
    pub(super) fn keys(&self) -> impl Iterator<Item = (Space, &str)> {
        self.entries.iter().map(|entry| (entry.space, text_of(&self.texts, entry)))
    }

    pub(super) fn bytes(&self) -> usize {
        self.texts.capacity() + self.entries.capacity() * size_of::<Entry>() + self.index.allocation_size()
    }

    pub(super) fn shrink(&mut self) {
        self.texts.shrink_to_fit();
        self.entries.shrink_to_fit();
    }
}

fn hash_of(hasher: &DefaultHashBuilder, space: Space, key: &str) -> u64 {
    let mut state = hasher.build_hasher();
    state.write(key.as_bytes());
    state.write_u8(space.0);
    state.finish()
}

fn text_of<'t>(texts: &'t str, entry: &Entry) -> &'t str {
    let start = usize::try_from(entry.start).unwrap_or(usize::MAX);
    texts.get(start..start.saturating_add(entry.len as usize)).unwrap_or("")
}

fn entry_is(texts: &str, entry: &Entry, space: Space, key: &str) -> bool {
    entry.space == space && entry.len as usize == key.len() && text_of(texts, entry) == key
}
