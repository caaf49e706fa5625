use chrono::{DateTime, SecondsFormat, Utc};
use reqwest::Url;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use crate::error::Error;
use crate::http::Http;
use crate::options::{Filter, Server};
use crate::resources::{Collection, CollectionPlace, Collections, Entrance, Envelope};

/// Asks one server.
#[derive(Debug)]
pub struct Client {
    http: Http,
}

/// What a collection held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Objects {
    /// All objects as one STIX bundle, each as the server wrote it.
    pub bundle: Vec<u8>,
    /// How many they are.
    pub count: usize,
    /// How many pages they came in.
    pub pages: u64,
    /// When the last of them was added, as the server says: what [`Filter::added_after`] should be the next time.
    pub added_last: Option<DateTime<Utc>>,
}

/// Reads a collection, named by its id, alias or title.
pub async fn fetch(server: &Server, collection: &str, filter: &Filter) -> Result<Objects, Error> {
    let client = Client::new(server)?;
    let place = client.find(collection).await?;
    client.objects(&place, filter).await
}

impl Client {
    /// A client; nothing is asked yet.
    pub fn new(server: &Server) -> Result<Self, Error> {
        Ok(Self { http: Http::new(server)? })
    }

    /// The addresses of the API roots, the default one first (sections 4.1 and 4.2). An address that is an API root itself is the only one.
    pub async fn api_roots(&self) -> Result<Vec<Url>, Error> {
        let (what, url) = ("its discovery", &self.http.url);
        let entrance: Entrance = self.read(what, url).await?.0;
        if entrance.api_roots.is_empty() && !entrance.versions.is_empty() {
            return Ok(vec![url.clone()]);
        }
        let mut roots: Vec<Url> = Vec::new();
        for text in entrance.default.iter().chain(&entrance.api_roots) {
            let mut root = url.join(text).map_err(|_| self.malformed(what, format!("{text:?} is no address of an API root")))?;
            if !root.path().ends_with('/') {
                root.set_path(&format!("{}/", root.path()));
            }
            if !roots.contains(&root) {
                roots.push(root);
            }
        }
        Ok(roots)
    }

    /// The collections of an API root (section 5.1).
    pub async fn collections(&self, api_root: &Url) -> Result<Vec<Collection>, Error> {
        let what = format!("the collections of {}", api_root.path());
        let url = self.join(api_root, "collections/")?;
        Ok(self.read::<Collections>(&what, &url).await?.0.collections)
    }

    /// Finds a collection by its id, alias or title in the API roots of this server. Roots on other servers, and those that this login may
    /// not enter, are passed over as long as another one has the collection.
    pub async fn find(&self, collection: &str) -> Result<CollectionPlace, Error> {
        let (mut known, mut found, mut problem) = (Vec::new(), Vec::new(), None);
        for api_root in self.api_roots().await? {
            let collections = match self.collections(&api_root).await {
                Ok(collections) => collections,
                Err(error @ (Error::OtherServer { .. } | Error::Login { .. } | Error::NotFound { .. })) => {
                    problem.get_or_insert(error);
                    continue;
                }
                Err(error) => return Err(error),
            };
            known.extend(collections.iter().map(Collection::words));
            let named = collections.into_iter().filter(|one| one.is_named(collection));
            found.extend(named.map(|collection| CollectionPlace { api_root: api_root.clone(), collection }));
        }
        let server = self.http.name.clone();
        let name = collection.to_owned();
        if found.len() > 1 {
            let known = found.iter().map(|place| place.collection.words()).collect();
            return Err(Error::Ambiguous { server, collection: name, known });
        }
        match (found.pop(), problem) {
            (Some(place), _) if place.collection.can_read => Ok(place),
            (Some(_), _) => Err(Error::NotReadable { server, collection: name }),
            (None, Some(problem)) => Err(problem),
            (None, None) => Err(Error::NoCollection { server, collection: name, known }),
        }
    }

    /// Reads all objects of a collection, page by page (section 5.4), as one bundle. Either all of them or none.
    pub async fn objects(&self, place: &CollectionPlace, filter: &Filter) -> Result<Objects, Error> {
        let what = format!("the collection {}", place.collection.words());
        let url = self.join(&place.api_root, &format!("collections/{}/objects/", place.collection.id))?;
        let limits = &self.http.limits;
        let too_large = |limit, value| Error::TooLarge { server: self.http.name.clone(), what: what.clone(), limit, value };
        let mut bundle = Bundle::default();
        let (mut pages, mut bytes, mut added_last) = (0, 0, None);
        let mut page = Some(Page { added_after: filter.added_after, next: None });
        while let Some(current) = page {
            if pages == limits.pages_max {
                return Err(too_large("pages_max", limits.pages_max));
            }
            let (envelope, date, length) = self.page(&what, &url, filter, &current).await?;
            pages += 1;
            bytes += length;
            if bytes > limits.collection_bytes_max {
                return Err(too_large("collection_bytes_max", limits.collection_bytes_max));
            }
            envelope.objects.iter().for_each(|object| bundle.add(object.get()));
            added_last = added_last.max(date);
            page = current.following(&envelope, date).map_err(|reason| self.stuck(&what, reason))?;
        }
        let count = bundle.count;
        Ok(Objects { bundle: bundle.finish(), count, pages, added_last })
    }

    async fn page(&self, what: &str, url: &Url, filter: &Filter, page: &Page) -> Result<(Envelope, Option<DateTime<Utc>>, u64), Error> {
        let (envelope, date, length) = self.read::<Envelope>(what, &page.address(url, filter)).await?;
        let date = date.map(|text| {
            let read = DateTime::parse_from_rfc3339(&text).map(|time| time.with_timezone(&Utc));
            read.map_err(|_| self.malformed(what, format!("X-TAXII-Date-Added-Last is {text:?}, which is no timestamp")))
        });
        Ok((envelope, date.transpose()?, length))
    }

    async fn read<T: DeserializeOwned>(&self, what: &str, url: &Url) -> Result<(T, Option<String>, u64), Error> {
        let answer = self.http.get(what, url).await?;
        // A list would be read as an object without members.
        if answer.bytes.trim_ascii_start().first() != Some(&b'{') {
            return Err(self.malformed(what, "it is no JSON object".to_owned()));
        }
        let read = serde_json::from_slice(&answer.bytes).map_err(|error| self.malformed(what, error.to_string()))?;
        Ok((read, answer.date_added_last, answer.bytes.len() as u64))
    }

    fn join(&self, api_root: &Url, path: &str) -> Result<Url, Error> {
        api_root.join(path).map_err(|_| self.malformed("its collections", format!("{path:?} is no address")))
    }

    fn malformed(&self, what: &str, reason: String) -> Error {
        Error::Malformed { server: self.http.name.clone(), what: what.to_owned(), reason }
    }

    fn stuck(&self, what: &str, reason: String) -> Error {
        Error::Stuck { server: self.http.name.clone(), what: what.to_owned(), reason }
    }
}

/// Where in a collection a page begins.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Page {
    added_after: Option<DateTime<Utc>>,
    next: Option<String>,
}

impl Page {
    /// The address of the page: the same filter for every page, as section 3.5 demands.
    fn address(&self, url: &Url, filter: &Filter) -> Url {
        let mut url = url.clone();
        let mut query = Vec::new();
        if let Some(after) = self.added_after {
            query.push(("added_after", after.to_rfc3339_opts(SecondsFormat::Micros, true)));
        }
        if !filter.types.is_empty() {
            query.push(("match[type]", filter.types.join(",")));
        }
        if let Some(objects) = filter.page_objects {
            query.push(("limit", objects.to_string()));
        }
        if let Some(next) = &self.next {
            query.push(("next", next.clone()));
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url
    }

    /// The page behind this one (section 3.5): by `next`, or where the server gives none by the date of the last object. Nothing if this
    /// was the last; a reason if the server sends round in circles.
    fn following(&self, envelope: &Envelope, date: Option<DateTime<Utc>>) -> Result<Option<Self>, String> {
        if !envelope.more {
            return Ok(None);
        }
        match (envelope.next.as_deref().filter(|next| !next.is_empty()), date) {
            (Some(next), _) if self.next.as_deref() == Some(next) => Err("gives the same page again".to_owned()),
            (Some(next), _) => Ok(Some(Self { added_after: self.added_after, next: Some(next.to_owned()) })),
            (None, None) => Err("gives neither next nor X-TAXII-Date-Added-Last".to_owned()),
            (None, Some(date)) if self.added_after.is_some_and(|after| date <= after) => Err(format!("is still at {date}")),
            (None, Some(date)) => Ok(Some(Self { added_after: Some(date), next: None })),
        }
    }
}

/// A STIX bundle that grows: <https://docs.oasis-open.org/cti/stix/v2.1/os/stix-v2.1-os.html#_gms872kuzdmg>.
#[derive(Debug, Default)]
struct Bundle {
    objects: Vec<u8>,
    count: usize,
}

impl Bundle {
    fn add(&mut self, object: &str) {
        if self.count > 0 {
            self.objects.extend_from_slice(b",\n");
        }
        self.objects.extend_from_slice(object.as_bytes());
        self.count += 1;
    }

    /// The id follows from the objects, so that the same collection is the same bundle.
    fn finish(self) -> Vec<u8> {
        let digest = hex::encode(Sha256::digest(&self.objects));
        let id = format!("{}-{}-4{}-8{}-{}", &digest[..8], &digest[8..12], &digest[13..16], &digest[17..20], &digest[20..32]);
        let mut bundle = format!("{{\"type\":\"bundle\",\"id\":\"bundle--{id}\",\"objects\":[\n").into_bytes();
        bundle.extend_from_slice(&self.objects);
        bundle.extend_from_slice(b"\n]}\n");
        bundle
    }
}
