//! The ids of Azure's resources: `/subscriptions/{subscription}/resourceGroups/{group}/providers/{namespace}/{type}/{name}…`.

/// What a resource id says, in any case.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct ResourceId<'t> {
    /// The subscription.
    pub(super) subscription: Option<&'t str>,
    /// The resource group.
    pub(super) group: Option<&'t str>,
    /// The type with its namespace: `Microsoft.KeyVault/vaults/keys`.
    pub(super) kind: Option<String>,
    /// The name of the innermost resource.
    pub(super) name: Option<&'t str>,
}

impl<'t> ResourceId<'t> {
    /// Reads an id; what is not there is nothing. An extension of a resource is named by its own provider, the last.
    pub(super) fn parse(id: &'t str) -> Self {
        let parts: Vec<&str> = id.split('/').filter(|part| !part.is_empty()).collect();
        let after = |key: &str| {
            let place = parts.iter().position(|part| part.eq_ignore_ascii_case(key))?;
            parts.get(place + 1).copied()
        };
        let mut found = Self { subscription: after("subscriptions"), group: after("resourceGroups"), kind: None, name: None };
        let provider = parts.iter().rposition(|part| part.eq_ignore_ascii_case("providers"));
        match provider.and_then(|place| parts.get(place + 1..)).and_then(<[&str]>::split_first) {
            Some((namespace, rest)) => {
                let kinds = rest.iter().step_by(2).copied();
                found.kind = Some([*namespace].into_iter().chain(kinds).collect::<Vec<_>>().join("/"));
                found.name = rest.iter().skip(1).step_by(2).next_back().copied();
            }
            None if found.group.is_some() => {
                found.kind = Some("Microsoft.Resources/resourceGroups".to_owned());
                found.name = found.group;
            }
            None if found.subscription.is_some() => {
                found.kind = Some("Microsoft.Resources/subscriptions".to_owned());
                found.name = found.subscription;
            }
            None => {}
        }
        found
    }
}

/// The provider in an operation, `Microsoft.KeyVault` of `Microsoft.KeyVault/vaults/write`.
pub(super) fn provider_of(operation: &str) -> Option<&str> {
    operation.split_once('/').map(|(provider, _)| provider).filter(|provider| provider.contains('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_names_subscription_group_type_and_name_in_any_case() {
        let id = ResourceId::parse("/SUBSCRIPTIONS/s/RESOURCEGROUPS/g/providers/Microsoft.KeyVault/vaults/v/keys/k");
        let expected = ResourceId {
            subscription: Some("s"),
            group: Some("g"),
            kind: Some("Microsoft.KeyVault/vaults/keys".to_owned()),
            name: Some("k"),
        };
        assert_eq!(id, expected);
    }

    #[test]
    fn an_extension_is_named_by_its_own_provider() {
        let id = ResourceId::parse("/subscriptions/s/providers/Microsoft.Sql/servers/a/providers/Microsoft.Insights/diagnosticSettings/d");
        assert_eq!((id.kind.as_deref(), id.name), (Some("Microsoft.Insights/diagnosticSettings"), Some("d")));
    }

    #[test]
    fn groups_subscriptions_and_odd_ids_are_read_as_far_as_they_go() {
        let kind_and_name = |id: &'static str| {
            let id = ResourceId::parse(id);
            (id.kind, id.name)
        };
        assert_eq!(kind_and_name("/subscriptions/s/resourceGroups/g"), (Some("Microsoft.Resources/resourceGroups".to_owned()), Some("g")));
        assert_eq!(kind_and_name("/subscriptions/s"), (Some("Microsoft.Resources/subscriptions".to_owned()), Some("s")));
        assert_eq!(kind_and_name("/providers/Microsoft.Authorization"), (Some("Microsoft.Authorization".to_owned()), None));
        assert_eq!(kind_and_name("/subscriptions"), (None, None));
        assert_eq!(kind_and_name("//providers//"), (None, None));
    }
}
