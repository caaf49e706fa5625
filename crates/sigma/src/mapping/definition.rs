use std::collections::BTreeMap;

use coldtrail_model::{Class, Col};
use serde::Deserialize;

use crate::logsource::Logsource;
use crate::mapping::limit::Limit;
use crate::mapping::path::{Place, Scope};
use crate::pattern::Pattern;

/// The mapping of one source, checked.
#[derive(Debug, Clone)]
pub(crate) struct Definition {
    pub(crate) source: String,
    pub(crate) is_collected: bool,
    /// True if a record that is a line of `key=value` pairs names its fields so.
    pub(crate) has_pairs: bool,
    /// Where the record proper may be inside of `raw_data`.
    pub(crate) records: Vec<Scope>,
    /// Where in the record its fields may be, in the order in which they are looked up.
    pub(crate) scopes: Vec<Scope>,
    fields: BTreeMap<String, Vec<Place>>,
    /// What a field's name may begin with where the record has it without.
    strip_prefixes: Vec<String>,
    pub(crate) implied: BTreeMap<String, Col>,
    pub(crate) logsources: Vec<LogsourceDefinition>,
    variants: BTreeMap<String, Variant>,
}

/// A logsource and the names of its variants.
#[derive(Debug, Clone)]
pub(crate) struct LogsourceDefinition {
    pub(crate) logsource: Logsource,
    variants: Vec<String>,
}

/// One way in which the events of a logsource are recorded.
#[derive(Debug, Clone)]
pub(crate) struct Variant {
    pub(crate) name: String,
    pub(crate) tables: Vec<Class>,
    /// Columns and patterns of their values, of which a row must fit one line; no line, no demand.
    pub(crate) columns: Vec<Vec<(Col, Vec<Pattern>)>>,
    fields: BTreeMap<String, Vec<Place>>,
    /// True if no field can be found that nobody listed: because a record does not name its fields, or because it has none of these names.
    only_listed_fields: bool,
    /// What can be asked of fields that hold less than Sigma's do.
    limits: BTreeMap<String, Limit>,
    /// What a field must be, beside what the columns say.
    pub(crate) demands: BTreeMap<String, Vec<String>>,
    pub(crate) fallback: BTreeMap<String, Col>,
    /// Values of fields in Sigma's words.
    pub(crate) translations: BTreeMap<String, BTreeMap<String, String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    source: String,
    #[serde(default = "yes")]
    collected: bool,
    #[serde(default)]
    only_listed_fields: bool,
    #[serde(default)]
    pairs: bool,
    records: Vec<String>,
    scopes: Vec<String>,
    tables: Vec<String>,
    #[serde(default)]
    strip_prefixes: Vec<String>,
    #[serde(default)]
    fields: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    implied_columns: BTreeMap<String, String>,
    #[serde(default)]
    fallback_columns: BTreeMap<String, String>,
    variants: BTreeMap<String, VariantEntry>,
    logsources: Vec<LogsourceEntry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct VariantEntry {
    #[serde(default)]
    tables: Vec<String>,
    #[serde(default)]
    columns: Vec<BTreeMap<String, Vec<String>>>,
    only_listed_fields: Option<bool>,
    /// Blocks of fields that several sources have in the same columns.
    #[serde(default)]
    shared: Vec<String>,
    /// Fields of these blocks that the source does not have.
    #[serde(default)]
    lacks: Vec<String>,
    #[serde(default)]
    limits: BTreeMap<String, Limit>,
    #[serde(default)]
    fields: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    demands: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    fallback_columns: BTreeMap<String, String>,
    #[serde(default)]
    translations: BTreeMap<String, BTreeMap<String, String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct LogsourceEntry {
    product: Option<String>,
    category: Option<String>,
    service: Option<String>,
    variants: Vec<String>,
}

fn yes() -> bool {
    true
}

/// Fields by the name of their block, and where each is.
pub(crate) type SharedFields = BTreeMap<String, BTreeMap<String, Vec<String>>>;

impl Definition {
    /// Reads one file. What is wrong comes back in words.
    pub(crate) fn read(text: &str, shared: &SharedFields) -> Result<Self, String> {
        let file: File = yaml_serde::from_str(text).map_err(|error| error.to_string())?;
        let fallback = columns(&file.fallback_columns)?;
        let mut variants = BTreeMap::new();
        for (name, entry) in file.variants {
            let entry = entry.with_shared(shared).map_err(|why| format!("variant {name}: {why}"))?;
            let variant = Variant::read(&name, entry, &file.tables, &fallback, file.only_listed_fields);
            let variant = variant.map_err(|why| format!("variant {name}: {why}"))?;
            variants.insert(name, variant);
        }
        let logsources: Vec<LogsourceDefinition> = file.logsources.into_iter().map(LogsourceEntry::into_definition).collect();
        let unknown = logsources.iter().flat_map(|one| &one.variants).find(|name| !variants.contains_key(*name));
        if let Some(unknown) = unknown {
            return Err(format!("there is no variant {unknown}"));
        }
        Ok(Self {
            source: file.source,
            is_collected: file.collected,
            has_pairs: file.pairs,
            records: file.records.iter().map(|scope| Scope::read(scope)).collect(),
            scopes: file.scopes.iter().map(|scope| Scope::read(scope)).collect(),
            fields: places(file.fields)?,
            strip_prefixes: file.strip_prefixes,
            implied: columns(&file.implied_columns)?,
            logsources,
            variants,
        })
    }

    /// The variants of a logsource of this file.
    pub(crate) fn variants_of<'d>(&'d self, logsource: &'d LogsourceDefinition) -> impl Iterator<Item = &'d Variant> {
        logsource.variants.iter().filter_map(|name| self.variants.get(name))
    }

    /// A variant by its name.
    pub(crate) fn variant(&self, name: &str) -> Option<&Variant> {
        self.variants.get(name)
    }

    /// The first of the fields that no event of a variant can have, because nobody listed it where nothing else can be found.
    pub(crate) fn unreadable<'f>(&self, variant: &Variant, fields: &'f [String]) -> Option<&'f str> {
        let is_listed = |field: &String| variant.fields.contains_key(field) || self.fields.contains_key(field);
        fields.iter().find(|field| variant.only_listed_fields && !is_listed(field)).map(String::as_str)
    }

    /// What can be asked of a field of a variant.
    pub(crate) fn limit(&self, variant: &Variant, field: &str) -> Limit {
        variant.limits.get(field).copied().unwrap_or_else(|| {
            let places = self.places(variant, field);
            let is_column = |place: &Place| matches!(place, Place::Column(_) | Place::Joined(..));
            if variant.only_listed_fields && places.iter().all(is_column) { Limit::Column } else { Limit::None }
        })
    }

    /// Where a field is, in the order of looking; a field that nobody listed is where its name says.
    pub(crate) fn places(&self, variant: &Variant, field: &str) -> Vec<Place> {
        let listed = variant.fields.get(field).or_else(|| self.fields.get(field));
        listed.cloned().unwrap_or_else(|| {
            let stripped = self.strip_prefixes.iter().filter_map(|prefix| field.strip_prefix(prefix.as_str()));
            std::iter::once(field).chain(stripped).map(Place::at).collect()
        })
    }
}

impl Variant {
    /// A variant that names no tables is in all of the source's.
    fn read(
        name: &str,
        entry: VariantEntry,
        tables: &[String],
        fallback: &BTreeMap<String, Col>,
        only_listed_fields: bool,
    ) -> Result<Self, String> {
        let mut all_fallback = fallback.clone();
        all_fallback.extend(columns(&entry.fallback_columns)?);
        let table = |name: &String| name.parse::<Class>().map_err(|error| error.to_string());
        let line =
            |line: BTreeMap<String, Vec<String>>| line.into_iter().map(|(name, values)| Ok((column(&name)?, patterns(&values)))).collect();
        Ok(Self {
            name: name.to_owned(),
            tables: if entry.tables.is_empty() { tables } else { &entry.tables }.iter().map(table).collect::<Result<_, _>>()?,
            columns: entry.columns.into_iter().map(line).collect::<Result<_, String>>()?,
            fields: places(entry.fields)?,
            only_listed_fields: entry.only_listed_fields.unwrap_or(only_listed_fields),
            limits: entry.limits,
            demands: entry.demands,
            fallback: all_fallback,
            translations: entry.translations,
        })
    }
}

impl VariantEntry {
    /// The entry with the fields of the blocks that it shares; its own come first.
    fn with_shared(mut self, shared: &SharedFields) -> Result<Self, String> {
        for name in &self.shared {
            let block = shared.get(name).ok_or_else(|| format!("there is no block {name} of shared fields"))?;
            for (field, places) in block.iter().filter(|(field, _)| !self.lacks.contains(field)) {
                self.fields.entry(field.clone()).or_insert_with(|| places.clone());
            }
        }
        Ok(self)
    }
}

impl LogsourceEntry {
    fn into_definition(self) -> LogsourceDefinition {
        let logsource = Logsource { product: self.product, category: self.category, service: self.service };
        LogsourceDefinition { logsource, variants: self.variants }
    }
}

fn column(name: &str) -> Result<Col, String> {
    Col::from_name(name).ok_or_else(|| format!("there is no column {name}"))
}

fn columns(named: &BTreeMap<String, String>) -> Result<BTreeMap<String, Col>, String> {
    named.iter().map(|(field, name)| Ok((field.clone(), column(name)?))).collect()
}

fn patterns(values: &[String]) -> Vec<Pattern> {
    values.iter().map(|value| Pattern::read(value)).collect()
}

fn places(named: BTreeMap<String, Vec<String>>) -> Result<BTreeMap<String, Vec<Place>>, String> {
    let read = |(field, texts): (String, Vec<String>)| {
        let places = texts.iter().map(|text| Place::read(text)).collect::<Result<_, String>>()?;
        Ok((field, places))
    };
    named.into_iter().map(read).collect()
}
