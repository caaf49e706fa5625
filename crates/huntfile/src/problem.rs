use std::fmt;

/// Where something stands in a text: both count from 1, columns in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
}

impl Place {
    /// The beginning of a text.
    pub const START: Self = Self { line: 1, column: 1 };
}

/// One thing that is wrong with a hunt file, or with the values of its parameters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// Where; none if it is about a value that was given from outside.
    pub place: Option<Place>,
    /// The key it is about, such as `queries[0].finding.title`; empty for the file as a whole.
    pub path: String,
    /// What is wrong, and how to put it right if that can be said.
    pub message: String,
}

/// Everything that is wrong with a hunt file, in the order of its lines. Never empty.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Problems {
    name: String,
    problems: Vec<Problem>,
}

impl Problems {
    pub(crate) fn new(name: &str, mut problems: Vec<Problem>) -> Self {
        problems.sort();
        problems.dedup();
        Self { name: name.to_owned(), problems }
    }

    pub(crate) fn one(name: &str, place: Option<Place>, path: &str, message: impl Into<String>) -> Self {
        Self::new(name, vec![Problem { place, path: path.to_owned(), message: message.into() }])
    }

    /// The name of the file, as it was given.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The problems in order.
    pub fn list(&self) -> &[Problem] {
        &self.problems
    }
}

/// One line a problem, as compilers write them: `hunt.yaml:12:5: severity: there is no severity "hihg"; did you mean "high"?`
impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            f.write_str(&self.name)?;
            if let Some(place) = problem.place {
                write!(f, ":{}:{}", place.line, place.column)?;
            }
            if !problem.path.is_empty() {
                write!(f, ": {}", problem.path)?;
            }
            write!(f, ": {}", problem.message)?;
        }
        Ok(())
    }
}

/// `; did you mean "high"?` if one of the names is near enough, else nothing.
pub(crate) fn did_you_mean<'a>(given: &str, names: impl IntoIterator<Item = &'a str>) -> String {
    let near = names.into_iter().map(|name| (strsim::damerau_levenshtein(given, name), name)).min();
    match near {
        Some((distance, name)) if distance <= 2.max(given.len() / 3) => format!("; did you mean {name:?}?"),
        _ => String::new(),
    }
}
