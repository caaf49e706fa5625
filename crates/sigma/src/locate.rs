//! Finds the line and column of a node: the document is read again, and stopped at the node with an error, which the YAML reader
//! marks with its place. Only done when there is a problem to report.

use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::fault::Step;

/// The line and column (from 1) of the node under `path`, or of the nearest node around it that there is.
pub(crate) fn locate(document: &str, path: &[Step]) -> Option<(usize, usize)> {
    (0..=path.len()).rev().find_map(|length| place_of(document, &path[..length]))
}

fn place_of(document: &str, path: &[Step]) -> Option<(usize, usize)> {
    let mut documents = yaml_serde::Deserializer::from_str(document);
    let error = Stop { path }.deserialize(documents.next()?).err()?;
    let is_ours = error.to_string().starts_with(HERE) || error.to_string().contains(HERE);
    error.location().filter(|_| is_ours).map(|place| (place.line(), place.column()))
}

const HERE: &str = "the node that was looked for";

/// Deserializes nothing: walks along the path and fails at its end.
struct Stop<'p> {
    path: &'p [Step],
}

impl<'de> DeserializeSeed<'de> for Stop<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

macro_rules! stop_at_scalars {
    ($($name:ident: $kind:ty),*) => {
        $(fn $name<E: serde::de::Error>(self, _: $kind) -> Result<(), E> { self.at_scalar() })*
    };
}

impl Stop<'_> {
    fn at_scalar<E: serde::de::Error>(self) -> Result<(), E> {
        if self.path.is_empty() { Err(E::custom(HERE)) } else { Ok(()) }
    }
}

impl<'de> Visitor<'de> for Stop<'_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("anything")
    }

    stop_at_scalars!(visit_bool: bool, visit_i64: i64, visit_u64: u64, visit_f64: f64, visit_str: &str);

    fn visit_unit<E: serde::de::Error>(self) -> Result<(), E> {
        self.at_scalar()
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        let Some((step, rest)) = self.path.split_first() else { return Err(A::Error::custom(HERE)) };
        let Step::Element(wanted) = step else { return skip_elements(elements) };
        for _ in 0..*wanted {
            if elements.next_element::<IgnoredAny>()?.is_none() {
                return Ok(());
            }
        }
        elements.next_element_seed(Stop { path: rest })?;
        skip_elements(elements)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let Some((step, rest)) = self.path.split_first() else { return Err(A::Error::custom(HERE)) };
        let stops_at_key = matches!(step, Step::Key(_));
        let (Step::Member(wanted) | Step::Key(wanted)) = step else { return skip_members(members) };
        while let Some(is_wanted) = members.next_key_seed(KeyIs { wanted, stops: stops_at_key })? {
            if is_wanted {
                members.next_value_seed(Stop { path: rest })?;
            } else {
                members.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

fn skip_elements<'de, A: SeqAccess<'de>>(mut elements: A) -> Result<(), A::Error> {
    while elements.next_element::<IgnoredAny>()?.is_some() {}
    Ok(())
}

fn skip_members<'de, A: MapAccess<'de>>(mut members: A) -> Result<(), A::Error> {
    while members.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
    Ok(())
}

/// Says whether a key is the one that is wanted, or stops there.
struct KeyIs<'k> {
    wanted: &'k str,
    stops: bool,
}

impl<'de> DeserializeSeed<'de> for KeyIs<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_any(self)
    }
}

macro_rules! no_wanted_key {
    ($($name:ident: $kind:ty),*) => {
        $(fn $name<E: serde::de::Error>(self, _: $kind) -> Result<bool, E> { Ok(false) })*
    };
}

impl<'de> Visitor<'de> for KeyIs<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a key")
    }

    no_wanted_key!(visit_bool: bool, visit_i64: i64, visit_u64: u64, visit_f64: f64);

    fn visit_unit<E: serde::de::Error>(self) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_str<E: serde::de::Error>(self, key: &str) -> Result<bool, E> {
        if key == self.wanted && self.stops { Err(E::custom(HERE)) } else { Ok(key == self.wanted) }
    }
}
