//! What servers answer with. Members that the standard does not have, or that nobody here asks for, are passed over.

use reqwest::Url;
use serde::Deserialize;
use serde_json::value::RawValue;

/// A discovery (section 4.1.1) or an API root (section 4.2.1): the one has API roots, the other versions.
#[derive(Debug, Deserialize)]
pub(crate) struct Entrance {
    #[serde(default)]
    pub(crate) default: Option<String>,
    #[serde(default)]
    pub(crate) api_roots: Vec<String>,
    #[serde(default)]
    pub(crate) versions: Vec<String>,
}

/// All collections of an API root (section 5.1.1).
#[derive(Debug, Deserialize)]
pub(crate) struct Collections {
    #[serde(default)]
    pub(crate) collections: Vec<Collection>,
}

/// A collection (section 5.2.1).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Collection {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// What it holds, in words.
    #[serde(default)]
    pub description: Option<String>,
    /// A name for the id in addresses.
    #[serde(default)]
    pub alias: Option<String>,
    /// True if this login may read it.
    pub can_read: bool,
}

/// A collection and the API root that it is in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CollectionPlace {
    /// The address of the API root, ending in `/`.
    pub api_root: Url,
    /// The collection.
    pub collection: Collection,
}

impl Collection {
    /// True if the text is its id, alias or title.
    pub(crate) fn is_named(&self, name: &str) -> bool {
        self.id.eq_ignore_ascii_case(name) || self.alias.as_deref() == Some(name) || self.title == name
    }

    /// `Title (id)`
    pub(crate) fn words(&self) -> String {
        format!("{} ({})", self.title, self.id)
    }
}

/// One page of objects (section 3.7). An empty page has no member `objects`.
#[derive(Debug, Deserialize)]
pub(crate) struct Envelope {
    #[serde(default)]
    pub(crate) more: bool,
    #[serde(default)]
    pub(crate) next: Option<String>,
    #[serde(default)]
    pub(crate) objects: Vec<Box<RawValue>>,
}

/// What a server says of an error (section 3.6.1).
#[derive(Debug, Default, Deserialize)]
pub(crate) struct ErrorMessage {
    #[serde(default)]
    pub(crate) title: String,
    #[serde(default)]
    pub(crate) description: String,
}
