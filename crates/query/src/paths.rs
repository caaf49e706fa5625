//! OCSF paths in SQL: `src_endpoint.ip` becomes the column `src_endpoint_ip` before planning, so that both spellings give the same plan.
//!
//! The rules, in order:
//!
//! 1. A relation of the statement wins: where `process` is a table or an alias, `process.name` is its column `name`.
//! 2. After a relation the rest may be a path: `e.src_endpoint.ip`, `api_activity.src_endpoint.ip`, `ocsf.api_activity.src_endpoint.ip`.
//! 3. What is left and is the OCSF path of a column is that column. `"src_endpoint"."ip"` and `"src_endpoint.ip"` are paths too.
//!
//! The column of a result is named like the column that was read, unless it has an alias: `SELECT src_endpoint.ip` gives
//! `src_endpoint_ip`. So an outer query finds it under both spellings as well.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::LazyLock;

use coldtrail_model::Col;
use datafusion::sql::parser::Statement as SqlOrExtension;
use datafusion::sql::sqlparser::ast::{
    AccessExpr, Expr, FunctionArguments, Ident, ObjectName, Query, Select, SetExpr, Statement, TableAlias, TableFactor, TableWithJoins,
    VisitMut, VisitorMut, With,
};

/// Replaces every OCSF path of the statement by its column.
pub(crate) fn resolve_paths(statement: &mut SqlOrExtension) {
    match statement {
        SqlOrExtension::Statement(statement) => resolve(statement),
        SqlOrExtension::Explain(explain) => resolve_paths(&mut explain.statement),
        SqlOrExtension::CreateExternalTable(_) | SqlOrExtension::CopyTo(_) | SqlOrExtension::Reset(_) => {}
    }
}

/// The column whose OCSF path this is, brackets left out: `resources.uid`, `file.hashes.sha256`.
pub(crate) fn column_of_path(path: &str) -> Option<Col> {
    static BY_PATH: LazyLock<HashMap<String, Col>> = LazyLock::new(|| {
        let paths = Col::ALL.iter().map(|col| (col.column().sql_path(), *col));
        paths.filter(|(path, _)| path.contains('.')).collect()
    });
    BY_PATH.get(path).copied()
}

fn resolve(statement: &mut Statement) {
    let mut resolver = Resolver { scopes: Vec::new(), withs: Vec::new() };
    // The visitor never breaks off.
    let _: ControlFlow<()> = statement.visit(&mut resolver);
}

/// Which relations an expression can see.
enum Scope {
    /// Those of one FROM clause; what lies outside can be seen as well.
    Relations(Vec<String>),
    /// A query that sees nothing of what lies outside.
    Wall,
}

struct Resolver {
    scopes: Vec<Scope>,
    /// The WITH clauses of the queries that we are in, taken out because their queries do not see the FROM clause.
    withs: Vec<Option<With>>,
}

impl Resolver {
    fn is_relation(&self, name: &str) -> bool {
        for scope in self.scopes.iter().rev() {
            match scope {
                Scope::Wall => return false,
                Scope::Relations(relations) if relations.iter().any(|relation| relation == name) => return true,
                Scope::Relations(_) => {}
            }
        }
        false
    }

    /// How many parts at the front name a relation: `e` one, `ocsf.api_activity` two, `coldtrail.ocsf.api_activity` three.
    fn relation_parts(&self, names: &[String]) -> usize {
        let relation = |parts: &usize| names.len() > *parts && self.is_relation(&names[parts - 1]);
        match names.first().map(String::as_str) {
            Some(first) if self.is_relation(first) => 1,
            Some(crate::OCSF | crate::SYSTEM) => [2].into_iter().find(relation).unwrap_or(0),
            Some(crate::CATALOG) => [3].into_iter().find(relation).unwrap_or(0),
            _ => 0,
        }
    }

    fn column_of(&self, parts: &[Ident]) -> Option<Expr> {
        let names: Vec<String> = parts.iter().map(normal).collect();
        let relation = self.relation_parts(&names);
        let col = column_of_path(&names[relation..].join("."))?;
        let column = Ident::new(col.column().name);
        Some(match relation {
            0 => Expr::Identifier(column),
            _ => Expr::CompoundIdentifier(parts[..relation].iter().cloned().chain([column]).collect()),
        })
    }
}

fn normal(ident: &Ident) -> String {
    match ident.quote_style {
        Some(_) => ident.value.clone(),
        None => ident.value.to_lowercase(),
    }
}

impl VisitorMut for Resolver {
    type Break = ();

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<()> {
        let mut with = query.with.take();
        if let Some(with) = &mut with {
            self.scopes.push(Scope::Wall);
            for table in &mut with.cte_tables {
                table.query.visit(self)?;
            }
            self.scopes.pop();
        }
        self.withs.push(with);
        let mut relations = Vec::new();
        relations_of_body(&query.body, &mut relations);
        self.scopes.push(Scope::Relations(relations));
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, query: &mut Query) -> ControlFlow<()> {
        self.scopes.pop();
        query.with = self.withs.pop().flatten();
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<()> {
        let mut relations = Vec::new();
        relations_of_from(&select.from, &mut relations);
        self.scopes.push(Scope::Relations(relations));
        ControlFlow::Continue(())
    }

    fn post_visit_select(&mut self, _: &mut Select) -> ControlFlow<()> {
        self.scopes.pop();
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<()> {
        if is_walled(factor) {
            self.scopes.push(Scope::Wall);
        }
        ControlFlow::Continue(())
    }

    fn post_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<()> {
        if is_walled(factor) {
            self.scopes.pop();
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        let replacement = match expr {
            Expr::Identifier(ident) if ident.quote_style.is_some() && ident.value.contains('.') => {
                self.column_of(std::slice::from_ref(ident))
            }
            Expr::CompoundIdentifier(parts) => self.column_of(parts),
            Expr::CompoundFieldAccess { .. } => self.column_of_access(expr),
            _ => None,
        };
        if let Some(replacement) = replacement {
            *expr = replacement;
        }
        ControlFlow::Continue(())
    }
}

impl Resolver {
    /// A path that does not read as one: in `actor.user.name` the parser takes `user` for the function of that name, and in
    /// `user.groups.name[1]` an element of what the path names is taken.
    fn column_of_access(&self, expr: &Expr) -> Option<Expr> {
        let Expr::CompoundFieldAccess { root, access_chain } = expr else { return None };
        let mut parts = parts_of(root)?;
        let fields = access_chain.iter().map_while(|access| match access {
            AccessExpr::Dot(field) => parts_of(field),
            AccessExpr::Subscript(_) => None,
        });
        let fields: Vec<Vec<Ident>> = fields.collect();
        let rest = access_chain[fields.len()..].to_vec();
        parts.extend(fields.into_iter().flatten());
        let column = self.column_of(&parts).unwrap_or(Expr::CompoundIdentifier(parts));
        match rest.is_empty() {
            true => Some(column),
            false => Some(Expr::CompoundFieldAccess { root: Box::new(column), access_chain: rest }),
        }
    }
}

/// The names in an identifier, however the parser reads it.
fn parts_of(expr: &Expr) -> Option<Vec<Ident>> {
    match expr {
        Expr::Identifier(ident) => Some(vec![ident.clone()]),
        Expr::CompoundIdentifier(parts) => Some(parts.clone()),
        Expr::Function(function) if matches!(function.args, FunctionArguments::None) => {
            function.name.0.iter().map(|part| part.as_ident().cloned()).collect()
        }
        _ => None,
    }
}

/// A query in FROM sees nothing of its neighbours unless it is LATERAL.
fn is_walled(factor: &TableFactor) -> bool {
    matches!(factor, TableFactor::Derived { lateral: false, .. })
}

fn relations_of_body(body: &SetExpr, relations: &mut Vec<String>) {
    match body {
        SetExpr::Select(select) => relations_of_from(&select.from, relations),
        SetExpr::Query(query) => relations_of_body(&query.body, relations),
        SetExpr::SetOperation { left, right, .. } => {
            relations_of_body(left, relations);
            relations_of_body(right, relations);
        }
        _ => {}
    }
}

fn relations_of_from(from: &[TableWithJoins], relations: &mut Vec<String>) {
    for table in from {
        relations_of_factor(&table.relation, relations);
        table.joins.iter().for_each(|join| relations_of_factor(&join.relation, relations));
    }
}

fn relations_of_factor(factor: &TableFactor, relations: &mut Vec<String>) {
    match factor {
        TableFactor::Table { name, alias, .. } => relations.extend(alias_name(alias).or_else(|| last_name(name))),
        TableFactor::NestedJoin { table_with_joins, alias } => match alias_name(alias) {
            Some(name) => relations.push(name),
            None => relations_of_from(std::slice::from_ref(table_with_joins), relations),
        },
        TableFactor::Derived { alias, .. }
        | TableFactor::TableFunction { alias, .. }
        | TableFactor::Function { alias, .. }
        | TableFactor::UNNEST { alias, .. } => relations.extend(alias_name(alias)),
        _ => {}
    }
}

fn alias_name(alias: &Option<TableAlias>) -> Option<String> {
    alias.as_ref().map(|alias| normal(&alias.name))
}

fn last_name(name: &ObjectName) -> Option<String> {
    name.0.last()?.as_ident().map(normal)
}
