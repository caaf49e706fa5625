use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;
use std::sync::Arc;

use arrow::array::RecordBatch;
use coldtrail_model::{Class, Col};

use crate::candidates::CandidateIndex;
use crate::column_reader::ColumnReader;
use crate::error::Error;
use crate::mapping::Definition;
use crate::matches::{Match, Matches};
use crate::record::Record;
use crate::unit::Unit;
use crate::view::{Access, Columns, RuleView, View};
use crate::word_filter::{WordFilter, WordMarks, is_veiled};

/// All rules of one table, to be evaluated over its rows in one pass.
///
/// ```text
/// row ─► columns that decide ─► words of the record ─► record, opened once ─► conditions
///        once for each            one search for all     only if a rule
///        combination of values    rules                  is left
/// ```
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    table: Class,
    units: Vec<Unit>,
    /// For each unit, its fields as positions in the accesses of its source.
    fields: Vec<Vec<usize>>,
    sources: Vec<SourcePlan>,
    source_of_unit: Vec<usize>,
    candidates: CandidateIndex,
    columns: BTreeSet<Col>,
    words: WordFilter,
}

#[derive(Debug, Clone)]
struct SourcePlan {
    definition: Arc<Definition>,
    accesses: Vec<Access>,
}

/// More combinations of values than this are forgotten again.
const REMEMBERED_MAX: usize = 1 << 12;

impl Plan {
    pub(crate) fn new(table: Class, units: Vec<Unit>) -> Self {
        let mut sources: Vec<SourcePlan> = Vec::new();
        let mut known: Vec<BTreeMap<Access, usize>> = Vec::new();
        let (mut fields, mut source_of_unit) = (Vec::new(), Vec::new());
        for unit in &units {
            let source = sources.iter().position(|source| Arc::ptr_eq(&source.definition, &unit.definition)).unwrap_or_else(|| {
                sources.push(SourcePlan { definition: Arc::clone(&unit.definition), accesses: Vec::new() });
                known.push(BTreeMap::new());
                sources.len() - 1
            });
            let accesses = &mut sources[source].accesses;
            let mut position = |access: &Access| {
                *known[source].entry(access.clone()).or_insert_with(|| {
                    accesses.push(access.clone());
                    accesses.len() - 1
                })
            };
            fields.push(unit.accesses.iter().map(&mut position).collect());
            source_of_unit.push(source);
        }
        let candidates = CandidateIndex::new(table, &units);
        let columns = columns_of(table, &units, candidates.columns());
        let clauses: Vec<_> = units.iter().map(|unit| unit.clauses.clone()).collect();
        let words = WordFilter::new(&clauses);
        Self { table, units, fields, sources, source_of_unit, candidates, columns, words }
    }

    /// Says which fields are carried along with the matches of a rule.
    pub(crate) fn carry(&mut self, rule: u32, fields: &[String]) {
        self.units.iter_mut().filter(|unit| unit.rule == rule).for_each(|unit| unit.carry(fields));
        self.columns = columns_of(self.table, &self.units, self.candidates.columns());
    }

    pub(crate) fn units(&self) -> &[Unit] {
        &self.units
    }

    /// The columns that are read.
    pub(crate) fn columns(&self) -> impl Iterator<Item = &'static str> {
        self.columns.iter().map(|col| col.column().name)
    }

    /// Finds the rows that each rule matches.
    pub(crate) fn evaluate(&self, batch: &RecordBatch) -> Result<Matches, Error> {
        let columns = self.open(batch)?;
        let mut pass = Pass { plan: self, columns: &columns, candidates: HashMap::new(), marks: self.words.marks() };
        let mut matches = Matches::default();
        for row in 0..batch.num_rows() {
            pass.row(row, &mut matches);
        }
        Ok(matches)
    }

    /// The values of the fields that are carried along with each match, each as text.
    pub(crate) fn carried(&self, batch: &RecordBatch, matches: &Matches) -> Result<Vec<Vec<Option<String>>>, Error> {
        let columns = self.open(batch)?;
        let texts_of = |(found, unit): (&Match, &u32)| {
            let Some(unit) = self.units.get(*unit as usize).filter(|unit| !unit.carried.is_empty()) else { return Vec::new() };
            let texts = RowTexts::new(&columns, found.row);
            let record = Record::open(texts.raw.as_deref(), texts.unmapped.as_deref(), &unit.definition);
            let view = View::new(&unit.carried, &columns, found.row, &record, &unit.definition, texts.raw.as_deref());
            (0..unit.carried.len()).map(|access| view.value(access).first_text()).collect()
        };
        Ok(matches.pairs.iter().zip(&matches.units).map(texts_of).collect())
    }

    fn open(&self, batch: &RecordBatch) -> Result<Columns, Error> {
        self.columns.iter().map(|col| Ok((*col, ColumnReader::new(self.table, *col, batch)?))).collect()
    }
}

fn columns_of(table: Class, units: &[Unit], deciding: &[Col]) -> BTreeSet<Col> {
    let mut columns: BTreeSet<Col> = units.iter().flat_map(Unit::field_columns).filter(|col| table.has(*col)).collect();
    columns.extend(deciding);
    columns.extend([Col::Source, Col::RawData, Col::Unmapped]);
    columns
}

/// The two long texts of a row.
struct RowTexts<'c> {
    raw: Option<std::borrow::Cow<'c, str>>,
    unmapped: Option<std::borrow::Cow<'c, str>>,
}

impl<'c> RowTexts<'c> {
    fn new(columns: &'c Columns, row: usize) -> Self {
        let text = |col: Col| columns.get(&col).and_then(|reader| reader.text(row));
        Self { raw: text(Col::RawData), unmapped: text(Col::Unmapped) }
    }
}

/// Units that a row's columns leave.
#[derive(Debug)]
struct Candidates {
    is_one: Vec<bool>,
    /// Those that the words of a record say nothing about.
    unknown: Vec<u32>,
    all: Vec<u32>,
}

/// One pass over a batch.
struct Pass<'p> {
    plan: &'p Plan,
    columns: &'p Columns,
    /// For each combination of values of the deciding columns, the units that it leaves.
    candidates: HashMap<String, Rc<Candidates>>,
    marks: WordMarks,
}

impl Pass<'_> {
    fn row(&mut self, row: usize, matches: &mut Matches) {
        let candidates = self.candidates(row);
        if candidates.all.is_empty() {
            return;
        }
        let texts = RowTexts::new(self.columns, row);
        let left = self.left_by_words(&candidates, texts.raw.as_deref());
        let Some(first) = left.first() else { return };
        // One source writes all of a row's units: each names its source.
        let source = &self.plan.sources[self.plan.source_of_unit[*first as usize]];
        let record = Record::open(texts.raw.as_deref(), texts.unmapped.as_deref(), &source.definition);
        matches.rows_by_columns += u64::from(!record.is_structured);
        let view = View::new(&source.accesses, self.columns, row, &record, &source.definition, texts.raw.as_deref());
        let mut found: BTreeMap<u32, u32> = BTreeMap::new();
        for position in left {
            let (unit, fields) = (&self.plan.units[position as usize], &self.plan.fields[position as usize]);
            if !found.contains_key(&unit.rule) && unit.expr.matches(&RuleView { view: &view, fields }) {
                found.insert(unit.rule, position);
            }
        }
        matches.pairs.extend(found.keys().map(|rule| Match { row, rule: *rule as usize }));
        matches.units.extend(found.values());
    }

    fn candidates(&mut self, row: usize) -> Rc<Candidates> {
        let text = |col: Col| self.columns.get(&col).and_then(|reader| reader.text(row));
        let source = text(Col::Source);
        let values: Vec<_> = self.plan.candidates.columns().iter().map(|col| text(*col)).collect();
        let mut key = source.as_deref().unwrap_or_default().to_owned();
        for value in &values {
            key.push('\u{0}');
            key.push_str(value.as_deref().unwrap_or("\u{1}"));
        }
        if let Some(known) = self.candidates.get(&key) {
            return Rc::clone(known);
        }
        let values: Vec<Option<&str>> = values.iter().map(|value| value.as_deref()).collect();
        let all = self.plan.candidates.find(&self.plan.units, source.as_deref(), &values);
        let mut is_one = vec![false; self.plan.units.len()];
        all.iter().for_each(|unit| is_one[*unit as usize] = true);
        let unknown = all.iter().copied().filter(|unit| !self.plan.words.knows(*unit)).collect();
        let candidates = Rc::new(Candidates { is_one, unknown, all });
        if self.candidates.len() >= REMEMBERED_MAX {
            self.candidates.clear();
        }
        self.candidates.insert(key, Rc::clone(&candidates));
        candidates
    }

    fn left_by_words(&mut self, candidates: &Candidates, raw: Option<&str>) -> Vec<u32> {
        let Some(raw) = raw.filter(|_| candidates.unknown.len() < candidates.all.len()) else { return candidates.all.clone() };
        if is_veiled(raw) {
            return candidates.all.clone();
        }
        let mut left = self.plan.words.units_in(raw, &mut self.marks);
        left.retain(|unit| candidates.is_one[*unit as usize]);
        left.extend(&candidates.unknown);
        left
    }
}
