//! jq filters, evaluated by jaq.

use anyhow::{Context as _, anyhow};
use jaq_core::load::{Arena, File, Loader};
use jaq_core::{Compiler, Ctx, Vars, data, unwrap_valr};
use jaq_json::{Val, read};
use serde_json::Value;

use crate::failure::Failure;

/// The result of `filter` for `input`.
///
/// # Errors
/// If the filter is invalid, or fails on this input.
pub(crate) fn run(filter: &str, input: &Value) -> anyhow::Result<Vec<Value>> {
    let wrong = |why: String| Failure::Usage(format!("the jq filter {filter:?} {why}"));
    let arena = Arena::default();
    let definitions = jaq_core::defs().chain(jaq_std::defs()).chain(jaq_json::defs());
    let modules =
        Loader::new(definitions).load(&arena, File { code: filter, path: () }).map_err(|_| {
            wrong("cannot be read: wanted as '[.root[] | select(.progress > 70)]'".into())
        })?;
    let functions = jaq_core::funs().chain(jaq_std::funs()).chain(jaq_json::funs());
    let compiled = Compiler::default().with_funs(functions).compile(modules).map_err(|errors| {
        let unknown: Vec<_> = errors
            .iter()
            .flat_map(|(_, unknown)| unknown)
            .map(|(name, kind)| format!("the unknown {} {name}", kind.as_str()))
            .collect();
        wrong(format!("has {}", unknown.join(", ")))
    })?;
    let input = read::parse_single(input.to_string().as_bytes())
        .map_err(|error| anyhow!("the jobs could not be handed to jq: {error}"))?;
    let context = Ctx::<data::JustLut<Val>>::new(&compiled.lut, Vars::new([]));
    compiled
        .id
        .run((context, input))
        .map(unwrap_valr)
        .map(|value| {
            let value = value.map_err(|error| wrong(format!("failed: {error}")))?;
            serde_json::from_str(&value.to_string())
                .with_context(|| wrong("made something that is no JSON".into()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn filters_do_what_jq_does() {
        let input = json!({ "root": [{ "id": "1", "n": 1 }, { "id": "2", "n": 90.5 }] });
        assert_eq!(
            run("[.root[] | select(.n > 70)]", &input).unwrap(),
            [json!([{ "id": "2", "n": 90.5 }])]
        );
        assert_eq!(run(".root[].id", &input).unwrap(), [json!("1"), json!("2")]);
        let times = json!({ "t": "2026-11-20T05:10:00.123Z" });
        assert_eq!(
            run(r#".t | strptime("%Y-%m-%dT%H:%M:%S.%fZ") | mktime | floor"#, &times).unwrap(),
            [json!(1_795_151_400)]
        );
        assert_eq!(run(".t | test(\"^2026\")", &times).unwrap(), [json!(true)]);
    }

    #[test]
    fn what_is_wrong_with_a_filter_is_said() {
        let error = |filter| format!("{:#}", run(filter, &json!({ "root": 1 })).unwrap_err());
        assert!(error("[.root[").contains("cannot be read"), "{}", error("[.root["));
        assert!(error("nothing_such").contains("nothing_such"), "{}", error("nothing_such"));
        assert!(error(".root[]").contains("failed"), "{}", error(".root[]"));
    }
}
