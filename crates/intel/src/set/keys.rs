use std::collections::HashMap;
use std::net::IpAddr;

use ipnet::IpNet;

use crate::normal::{domain, path, registry, text, url};
use crate::{Confirmation, Indicator, IndicatorKind};

use super::glob::Globs;
use super::networks::Networks;
use super::table::{Space, Table};
use super::{IndicatorSet, serial, urls};

use IndicatorKind as K;

/// Puts a set together.
pub(super) fn build(indicators: &[Indicator]) -> IndicatorSet {
    let addresses = indicators.iter().filter(|one| matches!(one.kind, K::Ip | K::Network)).count();
    let mut builder = Builder {
        table: Table::with_capacity(indicators.len() - addresses),
        networks: Networks::with_capacity(addresses),
        patterns: HashMap::new(),
        confirm: HashMap::new(),
        partial: HashMap::new(),
        url_hosts: Vec::new(),
    };
    for (index, indicator) in indicators.iter().enumerate() {
        let index = u32::try_from(index).unwrap_or(u32::MAX);
        if let Some(confirmation) = &indicator.confirm {
            builder.confirm.insert(index, confirmation.clone());
        }
        match indicator.pattern {
            true => builder.pattern(index, indicator),
            false => builder.key(index, indicator),
        }
    }
    builder.table.shrink();
    IndicatorSet {
        table: builder.table,
        networks: builder.networks,
        url_hosts: urls::Hosts::new(&builder.url_hosts),
        globs: builder.patterns.into_iter().map(|(space, patterns)| (space, Globs::new(patterns))).collect(),
        confirm: builder.confirm,
        partial: builder.partial,
        len: indicators.len(),
    }
}

struct Builder {
    table: Table,
    networks: Networks,
    patterns: HashMap<Space, Vec<(u32, String)>>,
    confirm: HashMap<u32, Confirmation>,
    partial: HashMap<u32, Confirmation>,
    url_hosts: Vec<String>,
}

impl Builder {
    fn key(&mut self, index: u32, indicator: &Indicator) {
        let value = indicator.value.as_str();
        let text = |builder: &mut Self, space, key: &str| builder.table.insert(space, key, 1, index, 0);
        match indicator.kind {
            K::Ip | K::Network => {
                let network = value.parse::<IpNet>().or_else(|_| value.parse::<IpAddr>().map(IpNet::from));
                if let Ok(network) = network {
                    self.networks.insert(network, index);
                }
            }
            K::Domain => self.table.insert(Space::DOMAIN, value, value.split('.').count(), index, 0),
            K::UrlExact | K::UrlPath | K::UrlHost => self.url(index, indicator),
            K::Md5 | K::Sha1 | K::Sha256 | K::Sha512 => text(self, Space::HASH, value),
            K::Fingerprint => text(self, Space::FINGERPRINT, value),
            K::EmailAddress => text(self, Space::EMAIL, value),
            K::Mac => text(self, Space::MAC, value),
            K::FileName | K::FilePath | K::ProcessName => self.path(index, value),
            K::RegistryKey => self.registry(index, value),
            K::SerialNumber => text(self, Space::text(37), &serial(value)),
            K::UserName | K::UserUid => self.user(index, indicator),
            _ => {
                let folded = text::fold(value);
                indicator.kind.type_ids().iter().for_each(|type_id| text(self, Space::text(*type_id), &folded));
            }
        }
    }

    fn url(&mut self, index: u32, indicator: &Indicator) {
        let Some(parts) = url::parse(&indicator.value) else { return };
        match indicator.kind {
            K::UrlHost => self.table.insert(Space::HOST, &parts.host, 1, index, 0),
            K::UrlPath => self.table.insert(Space::URL_PATH, &parts.path_key(), 1, index, 0),
            _ => self.table.insert(Space::URL_FULL, &urls::full_key(&parts), 1, index, urls::scheme_tag(parts.scheme.as_deref())),
        }
        self.url_hosts.push(parts.host);
    }

    fn path(&mut self, index: u32, value: &str) {
        let (root, end) = path::split_root(value);
        let parts = end.split(path::is_separator).count();
        self.table.insert(Space::PATH, end, parts, index, tag_of(root));
    }

    fn registry(&mut self, index: u32, value: &str) {
        let (space, parent_space) = match registry::has_hive(value) {
            true => (Space::REGISTRY, Space::REGISTRY_PARENT),
            false => (Space::REGISTRY_REST, Space::REGISTRY_REST_PARENT),
        };
        self.table.insert(space, value, registry::parts(value), index, 0);
        // The last part may be the name of a value, which events keep apart from its key.
        if let Some((parent, name)) = value.rsplit_once('\\').filter(|(parent, _)| registry::parts(parent) > 1) {
            self.table.insert(parent_space, parent, 1, index, 0);
            self.partial.insert(index, Confirmation::RegistryValue(name.into()));
        }
    }

    fn user(&mut self, index: u32, indicator: &Indicator) {
        let folded = text::fold(&indicator.value);
        let domain = folded.rsplit_once('\\').filter(|(domain, name)| !domain.is_empty() && !name.is_empty());
        for type_id in indicator.kind.type_ids() {
            self.table.insert(Space::text(*type_id), &folded, 1, index, 0);
            if let Some((_, name)) = domain {
                self.table.insert(Space::text(*type_id), name, 1, index, 0);
            }
        }
        match domain {
            Some((domain, _)) => drop(self.partial.insert(index, Confirmation::UserDomain(domain.into()))),
            None => self.table.insert(Space::BARE_USER, &folded, 1, index, 0),
        }
    }

    fn pattern(&mut self, index: u32, indicator: &Indicator) {
        let value = text::fold(&indicator.value);
        if indicator.kind == K::Domain
            && let Some(name) = value.strip_prefix("*.").and_then(domain::ascii)
        {
            return self.table.insert(Space::BELOW, &name, name.split('.').count(), index, 0);
        }
        let spaces: Vec<Space> = match indicator.kind {
            K::Domain => vec![Space::DOMAIN],
            K::UrlExact | K::UrlPath | K::UrlHost => vec![Space::URL_FULL],
            K::FileName | K::ProcessName => vec![Space::NAME],
            K::FilePath => vec![Space::PATH],
            K::RegistryKey => vec![Space::REGISTRY],
            K::EmailAddress => vec![Space::EMAIL],
            kind => kind.type_ids().iter().map(|type_id| Space::text(*type_id)).collect(),
        };
        for space in spaces {
            self.patterns.entry(space).or_default().push((index, value.to_string()));
        }
    }
}

/// The forms in which a registry key is looked for, and whether each begins with a hive: as it is, as one of the current user if it is
/// one of some user, and without its hive.
pub(super) fn registry_forms(value: &str) -> Vec<(String, bool)> {
    let folded = registry::fold(value);
    let rest = registry::rest(&folded).to_owned();
    let mut forms = Vec::with_capacity(3);
    if registry::has_hive(&folded) {
        if folded.starts_with(r"hku\") && !rest.is_empty() {
            forms.push((format!(r"hkcu\{rest}"), true));
        }
        forms.push((folded, true));
    }
    forms.push((rest, false));
    forms
}

fn tag_of(root: path::Root) -> u8 {
    match root {
        path::Root::Any => 0,
        path::Root::Slash => 1,
        path::Root::Machine => 2,
        path::Root::Drive(drive) => drive,
    }
}

/// The root of a path that a tag stands for.
pub(super) fn root_of(tag: u8) -> path::Root {
    match tag {
        0 => path::Root::Any,
        1 => path::Root::Slash,
        2 => path::Root::Machine,
        drive => path::Root::Drive(drive),
    }
}
