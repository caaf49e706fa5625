use yaml_serde::Value;

/// A step from a YAML node to one inside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// The value of a member.
    Member(String),
    /// The key of a member.
    Key(String),
    /// An element of a list.
    Element(usize),
}

/// Something wrong in one document, and the way to it from the document's root.
#[derive(Debug, Clone)]
pub(crate) struct Fault {
    pub(crate) path: Vec<Step>,
    pub(crate) message: String,
}

impl Fault {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { path: Vec::new(), message: message.into() }
    }

    /// The same fault, seen from one step further out.
    pub(crate) fn under(mut self, step: Step) -> Self {
        self.path.insert(0, step);
        self
    }

    /// The same fault, seen from outside of a member.
    pub(crate) fn member(self, key: &str) -> Self {
        self.under(Step::Member(key.to_owned()))
    }
}

/// What a node is, for messages.
pub(crate) fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Sequence(_) => "a list",
        Value::Mapping(_) => "a map",
        Value::Tagged(_) => "a tagged value",
    }
}
