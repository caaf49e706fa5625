//! Finds the indicators that a value matches.

mod glob;
mod keys;
mod networks;
mod plan;
mod table;
mod urls;

pub use plan::{Comparison, LookupPlan, TypeLookup};

use std::collections::HashMap;
use std::net::IpAddr;

use crate::normal::{address, domain, path, text};
use crate::{Confirmation, Indicator};

use glob::Globs;
use networks::Networks;
use table::{Space, Table};

/// Indicators, put so that a value of the table `observables` is compared with all of them at once.
///
/// Values are compared in the normal form of the lake. Case makes no difference except in the path of a URL. What matches what:
///
/// | kind | value | matches |
/// |---|---|---|
/// | `ip` | `203.0.113.7` | that address; with a port, to be confirmed |
/// | `network` | `203.0.113.0/24` | every address in it; all networks that hold an address are found |
/// | `domain` | `evil.example` | `evil.example`, `www.evil.example`; never `notevil.example` |
/// | `domain`, pattern | `*.evil.example` | `www.evil.example`, not `evil.example` |
/// | `url_path` | `http://evil.example/a` | `https://EVIL.example:8443/a?b=c` |
/// | `file_name` | `a.exe` | `A.EXE`, `C:\Temp\a.exe` |
/// | `file_path` | `temp\a.exe` | `C:\Temp\a.exe`, not `C:\MyTemp\a.exe` |
/// | `registry_key` | `hkcu\software\evil` | `HKU\S-1-5-21-…\Software\Evil\Config`; `…\Software` with the value `Evil`, to be confirmed |
///
/// How: every value is one key of one hash table; a look-up of a name tries the name and what stands above it, by as many parts as some
/// indicator has. Networks are tried by the lengths of prefix that occur. A URL of a host of which no URL is looked for is passed over by
/// its host (a Bloom filter). Patterns are found by the longest text in them (Aho-Corasick) and then compared.
#[derive(Debug)]
pub struct IndicatorSet {
    table: Table,
    networks: Networks,
    url_hosts: urls::Hosts,
    globs: HashMap<Space, Globs>,
    /// What must be confirmed whatever an indicator matches.
    confirm: HashMap<u32, Confirmation>,
    /// What must be confirmed if an indicator matches only in part: a user without its domain, the key of a registry value.
    partial: HashMap<u32, Confirmation>,
    len: usize,
}

impl IndicatorSet {
    /// Takes indicators in; a match names one by its index here.
    pub fn new(indicators: &[Indicator]) -> Self {
        keys::build(indicators)
    }

    /// How many indicators there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// True if there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// About how much memory the set takes, in bytes.
    pub fn bytes(&self) -> usize {
        let confirm = (self.confirm.capacity() + self.partial.capacity()) * size_of::<(u32, Confirmation)>();
        self.table.bytes() + self.networks.bytes() + self.url_hosts.bytes() + self.globs.values().map(Globs::bytes).sum::<usize>() + confirm
    }

    /// Adds the indices of all indicators that an observable matches, in no order, each once. `type_id` is OCSF's; a type that no
    /// indicator is of matches nothing.
    pub fn matches(&self, type_id: i32, value: &str, found: &mut Vec<u32>) {
        match type_id {
            1 => self.match_name(value, found),
            2 => self.match_address(value, found),
            3 if self.table.has(Space::MAC) => {
                let mac = text::mac(value);
                self.exact(Space::MAC, mac.as_deref().unwrap_or(value), found);
            }
            5 => self.match_text(Space::EMAIL, value, found),
            6 => urls::matches(&self.table, &self.url_hosts, self.globs.get(&Space::URL_FULL), value, found),
            7 | 9 | 45 => self.match_path(value, found),
            8 => self.match_text(Space::HASH, value, found),
            30 if self.table.has(Space::FINGERPRINT) => self.exact(Space::FINGERPRINT, &text::fingerprint(value), found),
            37 if self.table.has(Space::text(37)) => self.exact(Space::text(37), &serial(value), found),
            46 => self.match_registry(value, found),
            4 | 31 => self.match_user(type_id, value, found),
            10 | 16 | 19 | 38 | 43 => self.match_text(Space::text(type_id), value, found),
            _ => {}
        }
    }

    /// What else an event that showed this observable must show, for this indicator to have been seen; nothing if the observable
    /// tells it. Ask it of matches only.
    pub fn needs_confirmation(&self, index: u32, type_id: i32, value: &str) -> Vec<Confirmation> {
        let partial = self.partial.get(&index).filter(|confirmation| match confirmation {
            Confirmation::UserDomain(_) => !value.contains('\\'),
            _ => type_id == 46 && self.is_parent(index, value),
        });
        self.confirm.get(&index).into_iter().chain(partial).cloned().collect()
    }

    fn exact(&self, space: Space, key: &str, found: &mut Vec<u32>) {
        found.extend(self.table.find(space, key).map(|(indicator, _)| indicator));
    }

    fn match_text(&self, space: Space, value: &str, found: &mut Vec<u32>) {
        let globs = self.globs.get(&space);
        if globs.is_some() || self.table.has(space) {
            let folded = text::fold(value);
            self.exact(space, &folded, found);
            globs.iter().for_each(|globs| globs.matches(&folded, found));
        }
    }

    fn match_user(&self, type_id: i32, value: &str, found: &mut Vec<u32>) {
        let space = Space::text(type_id);
        self.match_text(space, value, found);
        if let Some((_, name)) = value.rsplit_once('\\') {
            self.exact(Space::BARE_USER, &text::fold(name), found);
        }
    }

    /// Tries a name and every name above it.
    fn match_name(&self, value: &str, found: &mut Vec<u32>) {
        // Without a way out, the loop takes many bytes at once.
        let is_plain = |byte: u8| byte.is_ascii_lowercase() | byte.is_ascii_digit() | (byte == b'-') | (byte == b'_') | (byte == b'.');
        let is_plain = value.bytes().fold(true, |all, byte| all & is_plain(byte));
        if is_plain && !value.ends_with('.') {
            return self.match_plain_name(value, found);
        }
        match domain::ascii(value) {
            Some(ascii) => self.match_plain_name(&ascii, found),
            None => self.match_plain_name(&text::fold(value), found),
        }
    }

    fn match_plain_name(&self, name: &str, found: &mut Vec<u32>) {
        if self.table.has(Space::HOST) {
            self.exact(Space::HOST, name, found);
        }
        let (domains, below) = (self.table.depths(Space::DOMAIN), self.table.depths(Space::BELOW));
        if domains | below != 0 {
            let labels = name.bytes().filter(|byte| *byte == b'.').count() + 1;
            let starts = std::iter::once(0).chain(name.bytes().enumerate().filter(|(_, byte)| *byte == b'.').map(|(at, _)| at + 1));
            for (index, start) in starts.enumerate() {
                let depth = table::depth_bit(labels - index);
                if domains & depth != 0 {
                    self.exact(Space::DOMAIN, &name[start..], found);
                }
                if below & depth != 0 && index > 0 {
                    self.exact(Space::BELOW, &name[start..], found);
                }
            }
        }
        self.globs.get(&Space::DOMAIN).iter().for_each(|globs| globs.matches(name, found));
    }

    fn match_address(&self, value: &str, found: &mut Vec<u32>) {
        let address = match value.parse::<IpAddr>() {
            Ok(address) => Some(address),
            // A name in a column of addresses: no address begins with a letter over f.
            Err(_) => address::address_and_port(value).map(|(address, _)| address),
        };
        match address.map(|address| address.to_canonical()) {
            Some(address) => {
                self.networks.matches(address, found);
                if self.table.has(Space::HOST) {
                    self.exact(Space::HOST, &address.to_string(), found);
                }
            }
            None => self.match_name(value, found),
        }
    }

    /// Tries every end of a path.
    fn match_path(&self, value: &str, found: &mut Vec<u32>) {
        let depths = self.table.depths(Space::PATH);
        let (names, paths) = (self.globs.get(&Space::NAME), self.globs.get(&Space::PATH));
        if depths == 0 && names.is_none() && paths.is_none() {
            return;
        }
        let folded = path::fold(value);
        let mut end = folded.len();
        let mut parts = 0;
        let last = |end: usize| folded.as_bytes()[..end].iter().rposition(|byte| path::is_separator(char::from(*byte)));
        while let Some(start) = last(end).map(|at| at + 1).or((end > 0).then_some(0)) {
            parts += 1;
            if depths & table::depth_bit(parts) != 0 {
                let ends = self.table.find(Space::PATH, &folded[start..]);
                found.extend(ends.filter(|(_, tag)| keys::root_of(*tag).allows(&folded[..start])).map(|(indicator, _)| indicator));
            }
            end = start.saturating_sub(1);
        }
        let name = folded.rsplit(path::is_separator).next().unwrap_or(&folded);
        names.iter().for_each(|globs| globs.matches(name, found));
        paths.iter().for_each(|globs| globs.matches(&folded, found));
    }

    /// Tries a key and every key above it.
    fn match_registry(&self, value: &str, found: &mut Vec<u32>) {
        let spaces = [Space::REGISTRY, Space::REGISTRY_REST, Space::REGISTRY_PARENT, Space::REGISTRY_REST_PARENT];
        let globs = self.globs.get(&Space::REGISTRY);
        if globs.is_none() && !spaces.into_iter().any(|space| self.table.has(space)) {
            return;
        }
        let forms = keys::registry_forms(value);
        let before = found.len();
        for (form, has_hive) in &forms {
            let (space, parent) =
                if *has_hive { (Space::REGISTRY, Space::REGISTRY_PARENT) } else { (Space::REGISTRY_REST, Space::REGISTRY_REST_PARENT) };
            let depths = self.table.depths(space);
            let ends = form.bytes().enumerate().filter(|(_, byte)| *byte == b'\\').map(|(at, _)| at).chain(std::iter::once(form.len()));
            for (index, end) in ends.enumerate() {
                if depths & table::depth_bit(index + 1) != 0 {
                    self.exact(space, &form[..end], found);
                }
            }
            self.exact(parent, form, found);
            globs.iter().for_each(|globs| globs.matches(form, found));
        }
        dedup_from(found, before);
    }

    fn is_parent(&self, index: u32, value: &str) -> bool {
        keys::registry_forms(value).iter().any(|(form, has_hive)| {
            let space = if *has_hive { Space::REGISTRY_PARENT } else { Space::REGISTRY_REST_PARENT };
            self.table.find(space, form).any(|(indicator, _)| indicator == index)
        })
    }
}

/// A serial number without what some write between pairs of digits.
fn serial(value: &str) -> String {
    text::fold(value).replace([':', ' '], "")
}

/// Leaves each index once in what was added since.
fn dedup_from(found: &mut Vec<u32>, start: usize) {
    if found.len() > start + 1 {
        found[start..].sort_unstable();
        let mut kept = start + 1;
        for at in start + 1..found.len() {
            if found[at] != found[at - 1] {
                found[kept] = found[at];
                kept += 1;
            }
        }
        found.truncate(kept);
    }
}
