use crate::normal::Wanted;
use crate::{Confirmation, IndicatorKind};

use super::super::collect::Claim;
use super::paths::{Property, pattern_kind, property};
use super::pattern::{Expression, Operator, Test};

use IndicatorKind as K;

/// A part of a pattern that can be looked for on its own, or the reason why it cannot.
#[derive(Debug, Clone)]
pub(super) struct Atom {
    pub(super) original: String,
    pub(super) claim: Claim,
}

/// Takes a pattern apart. Where one of several parts must hold, each is looked for; where all must hold, only what the whole can be
/// told from is: one hash of a file, an address with its port, a name with its folder.
pub(super) fn atoms(expression: &Expression) -> Vec<Atom> {
    match expression {
        Expression::Test(test) => atoms_of_test(test),
        Expression::Or(all) => all.iter().flat_map(atoms).collect(),
        Expression::And(all) => atoms_of_all(all),
        Expression::Complex(written, reason) => vec![unsupported(written, format!("{reason}, which no single event can tell"))],
    }
}

fn unsupported(written: &str, reason: String) -> Atom {
    Atom { original: written.to_owned(), claim: Claim::Unsupported(reason) }
}

fn atoms_of_test(test: &Test) -> Vec<Atom> {
    if test.negated {
        return vec![unsupported(&test.written, "it says what must not be".to_owned())];
    }
    let each = |claim: &dyn Fn(&str) -> Atom| test.values.iter().map(|value| claim(value)).collect();
    match (property(&test.object, &test.path), test.operator) {
        (Property::None(what), _) => {
            vec![unsupported(&test.written, format!("no observable holds {what} ({}:{})", test.object, test.path))]
        }
        (_, Operator::Matches) => vec![unsupported(&test.written, "it is a regular expression".to_owned())],
        (_, Operator::Other) => vec![unsupported(&test.written, "its comparison is not one of =, IN, LIKE and ISSUBSET".to_owned())],
        (Property::Value(wanted), Operator::Like) => each(&|value| like(test, wanted, value)),
        (Property::Value(wanted), _) => each(&|value| Atom { original: value.to_owned(), claim: Claim::Value(wanted) }),
        (Property::Folder, Operator::Equal | Operator::In) => each(&|value| folder(value)),
        (Property::RegistryName, Operator::Equal | Operator::In) => {
            each(&|value| Atom { original: value.to_owned(), claim: Claim::Value(Wanted::Kind(K::RegistryValueName)) })
        }
        _ => vec![unsupported(&test.written, "it says too little on its own".to_owned())],
    }
}

fn like(test: &Test, wanted: Wanted, value: &str) -> Atom {
    if !value.contains(['%', '_']) {
        return Atom { original: value.to_owned(), claim: Claim::Value(wanted) };
    }
    match pattern_kind(wanted) {
        Some(kind) => Atom { original: glob(value), claim: Claim::Pattern(kind) },
        None => unsupported(&test.written, "a value of this kind cannot be looked for by LIKE".to_owned()),
    }
}

/// A pattern of `LIKE` with the wildcards of indicators.
fn glob(like: &str) -> String {
    let mut glob = String::with_capacity(like.len());
    for letter in like.chars() {
        match letter {
            '%' => glob.push('*'),
            '_' => glob.push('?'),
            '*' | '?' | '[' => glob.extend(['[', letter, ']']),
            other => glob.push(other),
        }
    }
    glob
}

fn folder(value: &str) -> Atom {
    let separator = if value.contains('/') && !value.contains('\\') { '/' } else { '\\' };
    let escaped = value.trim_end_matches(separator).replace('[', "[[]").replace('*', "[*]").replace('?', "[?]");
    Atom { original: format!("{escaped}{separator}*"), claim: Claim::Pattern(K::FilePath) }
}

fn atoms_of_all(all: &[Expression]) -> Vec<Atom> {
    let tests: Vec<&Test> = all.iter().filter_map(|part| if let Expression::Test(test) = part { Some(test) } else { None }).collect();
    let written = all.iter().map(written).collect::<Vec<_>>().join(" AND ");
    let is_plain = |test: &&Test| test.operator == Operator::Equal && !test.negated;
    if tests.len() == all.len() && tests.iter().all(is_plain) {
        let told = by_hash(&tests).or_else(|| by_port(&tests)).or_else(|| by_folder(&tests)).or_else(|| by_key(&tests));
        if let Some(atoms) = told {
            return atoms;
        }
    }
    vec![unsupported(&written, "it joins comparisons by AND, which one observable cannot tell".to_owned())]
}

fn written(expression: &Expression) -> String {
    match expression {
        Expression::Test(test) => test.written.clone(),
        Expression::Complex(written, _) => written.clone(),
        Expression::And(all) => all.iter().map(written).collect::<Vec<_>>().join(" AND "),
        Expression::Or(all) => format!("({})", all.iter().map(written).collect::<Vec<_>>().join(" OR ")),
    }
}

/// Several properties of one file: its hashes tell it, each on its own.
fn by_hash(tests: &[&Test]) -> Option<Vec<Atom>> {
    let is_hash = |test: &&Test| {
        matches!(property(&test.object, &test.path), Property::Value(Wanted::Kind(K::Md5 | K::Sha1 | K::Sha256 | K::Sha512)))
    };
    if !tests.iter().all(|test| test.object == "file") || !tests.iter().any(is_hash) {
        return None;
    }
    let atoms = tests.iter().flat_map(|test| match is_hash(test) {
        true => atoms_of_test(test),
        false => vec![unsupported(&test.written, "it is joined by AND with a hash, and the hash is looked for".to_owned())],
    });
    Some(atoms.collect())
}

/// An address or name and a port, and nothing else that would narrow it.
fn by_port(tests: &[&Test]) -> Option<Vec<Atom>> {
    let (mut host, mut port) = (None, None);
    for test in tests {
        let value = test.values.first()?;
        match property(&test.object, &test.path) {
            Property::Value(wanted @ (Wanted::Address | Wanted::Host)) if host.is_none() => host = Some((wanted, value)),
            Property::Port if port.is_none() => port = Some(value.parse::<u16>().ok()?),
            Property::TypeOfReference => {}
            _ => return None,
        }
    }
    let (wanted, value) = host?;
    let claim = match port {
        Some(port) => Claim::Confirmed(wanted, Confirmation::Port(port)),
        None => Claim::Value(wanted),
    };
    Some(vec![Atom { original: value.clone(), claim }])
}

/// The name of a file and its folder: a path.
fn by_folder(tests: &[&Test]) -> Option<Vec<Atom>> {
    let [first, second] = tests else { return None };
    let (name, folder) = match (property(&first.object, &first.path), property(&second.object, &second.path)) {
        (Property::Value(Wanted::Kind(K::FileName)), Property::Folder) => (first.values.first()?, second.values.first()?),
        (Property::Folder, Property::Value(Wanted::Kind(K::FileName))) => (second.values.first()?, first.values.first()?),
        _ => return None,
    };
    let separator = if folder.contains('/') && !folder.contains('\\') { '/' } else { '\\' };
    let original = format!("{}{separator}{name}", folder.trim_end_matches(separator));
    Some(vec![Atom { original, claim: Claim::Value(Wanted::Kind(K::FilePath)) }])
}

/// A registry key, the name of its value, and perhaps the data.
fn by_key(tests: &[&Test]) -> Option<Vec<Atom>> {
    let (mut key, mut name, mut data) = (None, None, None);
    for test in tests {
        let value = test.values.first()?;
        match property(&test.object, &test.path) {
            Property::Value(Wanted::Kind(K::RegistryKey)) if key.is_none() => key = Some(value),
            Property::RegistryName if name.is_none() => name = Some(value),
            Property::RegistryData if data.is_none() => data = Some(value),
            _ => return None,
        }
    }
    let path = match name {
        Some(name) => format!(r"{}\{name}", key?.trim_end_matches('\\')),
        None => key?.clone(),
    };
    let wanted = Wanted::Kind(K::RegistryKey);
    let claim = match data {
        Some(data) => Claim::Confirmed(wanted, Confirmation::RegistryData(data.as_str().into())),
        None => Claim::Value(wanted),
    };
    Some(vec![Atom { original: path, claim }])
}
