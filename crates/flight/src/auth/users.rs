use std::collections::HashSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::password::{check_hash, hash_password};
use crate::Error;

/// The content of the users file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Users {
    /// Everybody who may sign in.
    #[serde(default)]
    pub users: Vec<User>,
}

/// Somebody who may sign in.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct User {
    /// The name to sign in with; without a colon.
    pub name: String,
    /// Made by [`hash_password`]; the password itself is kept nowhere.
    pub password_hash: String,
}

impl Users {
    /// Names the first user that cannot be used.
    pub fn validate(&self) -> Result<(), Error> {
        let mut seen = HashSet::new();
        for user in &self.users {
            let wrong = |problem: String| Err(Error::User { name: user.name.clone(), problem });
            if user.name.is_empty() || user.name.contains(':') || user.name.chars().any(char::is_control) {
                return wrong("must have a name without colons and control characters".into());
            }
            if !seen.insert(&user.name) {
                return wrong("is listed twice".into());
            }
            if let Err(problem) = check_hash(&user.password_hash) {
                return wrong(problem);
            }
        }
        Ok(())
    }

    /// The user of that name.
    pub fn find(&self, name: &str) -> Option<&User> {
        self.users.iter().find(|user| user.name == name)
    }

    /// Adds a user or replaces a user's password.
    pub fn set_password(&mut self, name: &str, password: &str) -> Result<(), Error> {
        let password_hash = hash_password(password)?;
        match self.users.iter_mut().find(|user| user.name == name) {
            Some(user) => user.password_hash = password_hash,
            None => self.users.push(User { name: name.to_owned(), password_hash }),
        }
        self.validate()
    }
}

impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("User").field("name", &self.name).finish_non_exhaustive()
    }
}
