//! `sweep('feed')`, `sigma('rules')` and `coverage('90d')` in the place of a table.

use std::ops::ControlFlow;

use datafusion::sql::parser::Statement as SqlOrExtension;
use datafusion::sql::sqlparser::ast::{
    Expr, FunctionArg, FunctionArgExpr, Ident, ObjectName, ObjectNamePart, Statement, TableAlias, TableFactor, Value, ValueWithSpan,
    VisitMut, VisitorMut,
};

use crate::Error;
use crate::catalog::{COVERAGE_OF, SIGMA, SWEEP};
use crate::statement::{Parsed, parse};

/// Replaces the calls by the tables that they name: `sweep('feed')` is the table `sweep."feed"`.
pub(crate) fn resolve_table_calls(statement: &mut Statement) -> Result<(), Error> {
    match statement.visit(&mut Calls) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(message) => Err(Error::BadStatement { message }),
    }
}

struct Calls;

impl VisitorMut for Calls {
    type Break = String;

    fn pre_visit_table_factor(&mut self, table: &mut TableFactor) -> ControlFlow<String> {
        let TableFactor::Table { name, args, .. } = table else { return ControlFlow::Continue(()) };
        let Some(given) = args else { return ControlFlow::Continue(()) };
        let [ObjectNamePart::Identifier(function)] = name.0.as_slice() else { return ControlFlow::Continue(()) };
        let function = function.value.to_lowercase();
        if ![SWEEP, SIGMA, COVERAGE_OF].contains(&function.as_str()) {
            return ControlFlow::Continue(());
        }
        let [FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Value(ValueWithSpan { value: Value::SingleQuotedString(set), .. })))] =
            given.args.as_slice()
        else {
            let example = if function == COVERAGE_OF { "90d" } else { "my-set" };
            return ControlFlow::Break(format!("{function} takes one name in quotes, as in {function}('{example}')"));
        };
        let parts = [Ident::new(function), Ident::with_quote('"', set.clone())];
        *name = ObjectName(parts.into_iter().map(ObjectNamePart::Identifier).collect());
        *args = None;
        ControlFlow::Continue(())
    }
}

/// The names of content that a statement reads, with the schema of each, every pair once.
pub fn content_names(sql: &str) -> Result<Vec<(&'static str, String)>, Error> {
    let Parsed { mut statement, .. } = parse(sql)?;
    let mut found = Names::default();
    if let SqlOrExtension::Statement(sql) = &mut statement {
        let _: ControlFlow<()> = sql.visit(&mut found);
    }
    found.names.sort_unstable();
    found.names.dedup();
    Ok(found.names)
}

/// The same statement with another name of content in the place of one.
pub fn with_content_name(sql: &str, schema: &str, name: &str, by: &str) -> Result<String, Error> {
    let Parsed { mut statement, .. } = parse(sql)?;
    if let SqlOrExtension::Statement(sql) = &mut statement {
        let _: ControlFlow<()> = sql.visit(&mut Renaming { schema, name, by });
    }
    Ok(statement.to_string())
}

#[derive(Default)]
struct Names {
    names: Vec<(&'static str, String)>,
}

impl VisitorMut for Names {
    type Break = ();

    fn pre_visit_table_factor(&mut self, table: &mut TableFactor) -> ControlFlow<()> {
        if let TableFactor::Table { name, .. } = table
            && let Some((schema, name)) = content_name(name)
        {
            self.names.push((schema, name.value.clone()));
        }
        ControlFlow::Continue(())
    }
}

struct Renaming<'a> {
    schema: &'a str,
    name: &'a str,
    by: &'a str,
}

impl VisitorMut for Renaming<'_> {
    type Break = ();

    fn pre_visit_table_factor(&mut self, table: &mut TableFactor) -> ControlFlow<()> {
        if let TableFactor::Table { name, alias, .. } = table
            && let Some((schema, content)) = content_name(name)
            && schema == self.schema
            && content.value == self.name
        {
            // Columns that were written with the table's name still find it.
            if alias.is_none() {
                *alias = Some(TableAlias { explicit: true, name: content.clone(), columns: Vec::new(), at: None });
            }
            self.by.clone_into(&mut content.value);
        }
        ControlFlow::Continue(())
    }
}

/// The part of a table's name that names content.
fn content_name(name: &mut ObjectName) -> Option<(&'static str, &mut Ident)> {
    let [.., ObjectNamePart::Identifier(schema), ObjectNamePart::Identifier(content)] = name.0.as_mut_slice() else { return None };
    let known = [SWEEP, SIGMA].into_iter().find(|known| schema.value.eq_ignore_ascii_case(known))?;
    Some((known, content))
}
