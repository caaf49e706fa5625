use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use coldtrail_model::{Class, Col};

use crate::compile::Compiled;
use crate::expr::{Expr, Test};
use crate::mapping::{Definition, Limit, Place, Target, Variant};
use crate::need::{Clause, ColumnNeeds, Fields, clauses, column_needs};
use crate::pattern::{Pattern, Piece, fold};
use crate::text_set::TextSet;
use crate::view::Access;

/// Columns and patterns that all of them must fit.
pub(crate) type ColumnLine = Vec<(Col, TextSet, Vec<Pattern>)>;

/// A rule as it is evaluated over the events of one variant.
#[derive(Debug, Clone)]
pub(crate) struct Unit {
    pub(crate) rule: u32,
    pub(crate) definition: Arc<Definition>,
    pub(crate) variant: String,
    pub(crate) expr: Arc<Expr>,
    /// How the rule's fields are read.
    pub(crate) accesses: Vec<Access>,
    /// How the fields that are carried along with a match are read.
    pub(crate) carried: Vec<Access>,
    /// The columns that must fit, one line of them.
    pub(crate) columns: Vec<ColumnLine>,
    pub(crate) needs: ColumnNeeds,
    pub(crate) clauses: Vec<Clause>,
}

impl Unit {
    pub(crate) fn new(rule: u32, compiled: &Compiled, target: &Target<'_>, definition: Arc<Definition>) -> Self {
        let mut fields = compiled.fields.clone();
        let mut parts: Vec<Expr> = Vec::new();
        for (field, values) in &target.variant.demands {
            let patterns: Vec<Pattern> = values.iter().map(|value| Pattern::read(value)).collect();
            let position = fields.iter().position(|known| known == field).unwrap_or(fields.len());
            if position == fields.len() {
                fields.push(field.clone());
            }
            parts.push(Expr::Field(position, Test::Texts(TextSet::new(&patterns, false), patterns)));
        }
        parts.push(compiled.expr.clone());
        let expr = if parts.len() == 1 { parts.remove(0) } else { Expr::All(parts) };
        let accesses: Vec<Access> = fields.iter().map(|field| access(target.definition, target.variant, field)).collect();
        let known = Fields {
            implied: &|field| target.definition.implied.get(&fields[field]).copied(),
            is_verbatim: &|field| is_verbatim(&accesses[field]),
        };
        let (needs, clauses) = (column_needs(&expr, &known), clauses(&expr, &known));
        let line = |line: &Vec<(Col, Vec<Pattern>)>| {
            line.iter().map(|(col, patterns)| (*col, TextSet::new(patterns, false), patterns.clone())).collect()
        };
        let columns = target.variant.columns.iter().map(line).collect();
        let variant = target.variant.name.clone();
        Self { rule, definition, variant, expr: Arc::new(expr), accesses, carried: Vec::new(), columns, needs, clauses }
    }

    /// Says which fields are carried along with a match.
    pub(crate) fn carry(&mut self, fields: &[String]) {
        if let Some(variant) = self.definition.variant(&self.variant) {
            self.carried = fields.iter().map(|field| access(&self.definition, variant, field)).collect();
        }
    }

    /// False if no event of the variant can have a field.
    pub(crate) fn has_field(&self, field: &str) -> bool {
        let fields = [field.to_owned()];
        self.definition.variant(&self.variant).is_none_or(|variant| self.definition.unreadable(variant, &fields).is_none())
    }

    /// The columns that decide whether a row is worth looking at.
    pub(crate) fn deciding_columns(&self) -> impl Iterator<Item = Col> {
        let lines = self.columns.iter().flatten().map(|(col, _, _)| *col);
        lines.chain(self.needs.keys().copied())
    }

    /// The columns that hold fields.
    pub(crate) fn field_columns(&self) -> impl Iterator<Item = Col> {
        let placed = |access: &Access| access.places.iter().flat_map(Place::columns).chain(access.fallback).collect::<Vec<Col>>();
        self.accesses.iter().chain(&self.carried).flat_map(placed)
    }

    /// For each column, the values in small letters of which a row must have one for the rule to match; only whole values are told.
    pub(crate) fn wanted_values(&self) -> BTreeMap<Col, BTreeSet<String>> {
        let mut wanted = self.needs.clone();
        let [first, others @ ..] = self.columns.as_slice() else { return wanted };
        for (col, _, patterns) in first {
            let mut values = BTreeSet::new();
            let lines = std::iter::once(Some(patterns)).chain(others.iter().map(|line| patterns_of(line, *col)));
            let is_whole = lines.into_iter().all(|patterns| patterns.is_some_and(|patterns| add_whole(patterns, &mut values)));
            if is_whole {
                wanted.entry(*col).or_insert(values);
            }
        }
        wanted
    }

    /// Leaves out what a table has no column for.
    pub(crate) fn fits_table(&self, table: Class) -> bool {
        self.needs.keys().all(|col| table.has(*col))
    }
}

fn patterns_of(line: &ColumnLine, wanted: Col) -> Option<&Vec<Pattern>> {
    line.iter().find(|(col, _, _)| *col == wanted).map(|(_, _, patterns)| patterns)
}

/// False if one of the patterns is no whole value.
fn add_whole(patterns: &[Pattern], values: &mut BTreeSet<String>) -> bool {
    patterns.iter().all(|pattern| match pattern.pieces.as_slice() {
        [Piece::Text(text)] => {
            values.insert(fold(text));
            true
        }
        _ => false,
    })
}

fn access(definition: &Definition, variant: &Variant, field: &str) -> Access {
    Access {
        places: definition.places(variant, field),
        fallback: variant.fallback.get(field).copied(),
        translation: variant.translations.get(field).cloned(),
        limit: definition.limit(variant, field),
    }
}

fn is_verbatim(access: &Access) -> bool {
    access.translation.is_none()
        && !matches!(access.limit, Limit::BaseName)
        && access.places.iter().all(|place| matches!(place, Place::Path(_) | Place::Part(..)))
}
