//! Sigma rules in, matchers over OCSF events out.
//!
//! Pure: no I/O, no clock. A rule whose meaning cannot be kept is an error, never a changed meaning.
//!
//! ```text
//! YAML ─► parse ─► Rule ─► compile with Mappings ─► RuleSet ─► evaluate(table, batch) ─► Matches ─► correlate ─► hits
//!                  Correlation, Filter               one pass a table, all rules at once
//! ```
//!
//! Events are compared as their source wrote them: a field is looked up in the record, which `raw_data` holds. Columns decide which rows
//! are worth opening, and stand in where the record has no named fields (a line of a table). `mappings/` says where a logsource's events
//! and a field's values are, one file a source.
//!
//! ```
//! use coldtrail_model::Class;
//! use coldtrail_sigma::{Mappings, Placeholders, RuleSet, parse};
//!
//! let yaml = r"
//! title: Somebody stops the trail
//! id: 4db60cc0-36fb-42b7-9b58-a5b53019fb74
//! logsource: {product: aws, service: cloudtrail}
//! detection:
//!     selection:
//!         eventSource: cloudtrail.amazonaws.com
//!         eventName: [StopLogging, UpdateTrail, DeleteTrail]
//!     condition: selection
//! ";
//! let parsed = parse("trail.yml", yaml);
//! assert!(parsed.problems.is_empty());
//!
//! // 1. All rules of a hunt become one set; what cannot be evaluated comes back with its reason.
//! let compilation = RuleSet::compile(parsed.rules().cloned(), Mappings::builtin(), &Placeholders::new());
//! assert!(compilation.refused.is_empty());
//! let set = compilation.set;
//!
//! // 2. For each table that the rules are about: which columns a scan must bring, and which rows it may leave out.
//! assert!(set.tables().any(|table| table == Class::ApiActivity));
//! assert!(set.columns_needed(Class::ApiActivity).contains(&"raw_data"));
//! let prefilter = set.prefilter(Class::ApiActivity, None);
//! assert!(prefilter.sources.contains("aws_cloudtrail"));
//! assert!(prefilter.columns.iter().any(|(column, values)| *column == "api_operation" && values.contains("stoplogging")));
//!
//! // 3. A process that runs a task makes the set again from JSON, and evaluates batch by batch:
//! //    `set.evaluate(table, &batch)?` gives the rows that each rule matches.
//! let again = RuleSet::from_json(&set.to_json(), Mappings::builtin())?;
//! assert_eq!(again.rules().len(), 1);
//! # Ok::<(), coldtrail_sigma::Error>(())
//! ```
//!
//! Read in this order: [`parse()`] reads [`Rule`]s, [`Correlation`]s and [`Filter`]s, [`check`] says whether a rule can be evaluated,
//! [`RuleSet`] evaluates rules. [`Collection`] puts files of all of them together, as [`RuleFiles`] keeps them.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test may fail where it stands"))]

mod error;
mod parse;

mod correlate;
mod correlation;
mod correlation_set;
mod filter;
mod rule;

mod condition;
mod detection;
mod fault;
mod locate;
mod logsource;
mod modifier;
mod pattern;
mod scalar;

mod compile;
mod encode;
mod expr;
mod regex_test;
mod text_set;
mod time_part;
mod value;
mod verdict;

mod mapping;

mod candidates;
mod collection;
mod matches;
mod need;
mod plan;
mod rule_files;
mod rule_set;
mod unit;
mod word_filter;

mod column_reader;
mod pairs;
mod record;
mod view;
mod xml;

pub use collection::{Collection, Refused};
pub use compile::Placeholders;
pub use correlate::{Correlated, CorrelationHit, CorrelationOptions, Moment, Occurrence, correlate};
pub use correlation::{Bound, Correlation, CorrelationCondition, CorrelationKind, Relation, RuleCondition, Timespan, fields_needed};
pub use correlation_set::{CorrelationSet, RuleMatch};
pub use error::{Error, Problem};
pub use filter::Filter;
pub use logsource::Logsource;
pub use mapping::Mappings;
pub use matches::{Match, Matches};
pub use parse::{Document, Parsed, parse};
pub use rule::{About, Rule};
pub use rule_files::{RuleFiles, read_placeholders};
pub use rule_set::{Compilation, Prefilter, RuleSet};
pub use verdict::{Verdict, check, sources_left_out};
