//! Answers that cannot be loaded: the error says where to look, and yesterday's content stays.

use progress::Context;
use serde_json::{Value, json};
use shared_steps::jobs::learning_content::{self, Error};
use wiremock::{MockServer, ResponseTemplate};

use crate::learning_content::support::{KEY, Log, Target, api, content, request, settings};

/// Everything that a reader sees, and whatever a failed load may have left.
const STATE: &str = "SELECT md5(string_agg(line, ',' ORDER BY line)) FROM (
    SELECT to_jsonb(c)::text FROM challenges c UNION ALL SELECT to_jsonb(s)::text FROM skills s
    UNION ALL SELECT to_jsonb(a)::text FROM areas a
    UNION ALL SELECT relname || oid FROM pg_class WHERE relnamespace = 'public'::regnamespace
) AS state (line)";

async fn with_yesterdays_content() -> (Target, String) {
    let target = Target::start();
    let api = api(&content()).await;
    learning_content::run(&settings(&api, &target), &Context::quiet()).await.unwrap();
    let state = target.sql(STATE);
    (target, state)
}

/// The error of a load of `content()` changed by `change`.
async fn error_of(target: &Target, change: impl FnOnce(&mut Value)) -> Error {
    let mut content = content();
    change(&mut content);
    let api = api(&content).await;
    learning_content::run(&settings(&api, target), &Context::quiet()).await.unwrap_err()
}

#[tokio::test]
async fn a_value_that_does_not_fit_is_named_with_table_item_and_column() {
    let (target, yesterday) = with_yesterdays_content().await;
    let cases: [(&str, Value, &[&str]); 13] = [
        (
            "/challenges/1/timer",
            json!("soon"),
            &[
                "table challenges, item \"recChallenge2\", column timer (smallint): found \"soon\": ",
                "invalid input syntax for type smallint",
            ],
        ),
        (
            "/challenges/0/timer",
            json!(40000),
            &["column timer (smallint): found \"40000\"", "range"],
        ),
        ("/challenges/0/timer", json!(1.5), &["item \"recChallenge1\", column timer", "\"1.5\""]),
        (
            "/skills/1/pixValue",
            json!(10),
            &[
                "table skills, item \"recSkill2\", column pixValue (numeric(6,5)): found \"10\"",
                "overflow",
            ],
        ),
        ("/attachments/0/size", json!("big"), &["item \"recAttachment1\", column size (numeric)"]),
        (
            "/challenges/0/validatedAt",
            json!("2020-13-45"),
            &["column validatedAt (timestamptz): found \"2020-13-45\""],
        ),
        (
            "/challenges/0/toRephrase",
            json!("maybe"),
            &["column toRephrase (boolean): found \"maybe\""],
        ),
        (
            "/challenges/1/autoReply",
            Value::Null,
            &[
                "item \"recChallenge2\", column autoReply (boolean): found no value: the column takes no NULL",
            ],
        ),
        (
            "/challenges/0/urlsToConsult",
            json!("https://a"),
            &["column urlsToConsult (text[]): found \"https://a\": must be a list"],
        ),
        (
            "/competences/0/name_i18n",
            json!("Mener"),
            &[
                "column name (text): found \"Mener\": must be an object with the key fr (name_i18n.fr)",
            ],
        ),
        (
            "/areas/1/name",
            json!("a\0b"),
            &["table areas, item \"recArea2\", column name (text): found \"a\\u0000b\"", "NUL"],
        ),
        ("/challenges/0/id", json!("rec\0"), &["table challenges, item 1 of 2: id: ", "NUL"]),
        ("/challenges/0/timer", json!("9".repeat(500)), &["99999…\": value", "range"]),
    ];
    for (pointer, value, expected) in cases {
        let error =
            error_of(&target, |content| *content.pointer_mut(pointer).unwrap() = value).await;
        let text = error.to_string();
        for part in expected {
            assert!(text.contains(part), "{pointer}: {part} in {text}");
        }
        assert!(text.len() < 400, "{text}");
        assert_eq!(target.sql(STATE), yesterday, "{pointer}");
    }
}

#[tokio::test]
async fn the_first_of_many_wrong_values_is_found() {
    let target = Target::start();
    let error = error_of(&target, |content| {
        let skills = (0..1000).map(|n| match n {
            637 | 638 | 999 => json!({"id": format!("s{n}"), "level": 1, "pixValue": "x"}),
            700 => json!({"id": format!("s{n}"), "level": "high"}),
            _ => json!({"id": format!("s{n}"), "level": n}),
        });
        content["skills"] = skills.collect();
    });
    let text = error.await.to_string();
    assert!(text.contains("item \"s700\", column level (smallint): found \"high\""), "{text}");

    let error = error_of(&target, |content| {
        let skills = (0..1000)
            .map(|n| json!({"id": format!("s{n}"), "pixValue": if n < 637 { 1 } else { 99 }}));
        content["skills"] = skills.collect();
    });
    let text = error.await.to_string();
    assert!(text.contains("item \"s637\", column pixValue (numeric(6,5)): found \"99\""), "{text}");
    assert_eq!(
        target.sql("SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace"),
        "0"
    );
}

#[tokio::test]
async fn items_that_are_none_are_named() {
    let (target, yesterday) = with_yesterdays_content().await;
    let no_property = "At least one item to insert in table skills has no property at all";
    let cases = [
        ("/skills/1", Value::Null, no_property),
        ("/skills/1", json!({}), no_property),
        (
            "/skills/1",
            json!({"name": "@x", "level": 2}),
            "table skills, item 2 of 3: it has no id; its keys begin with name, level",
        ),
        (
            "/skills/1/id",
            Value::Null,
            "table skills, item 2 of 3: it has no id; its keys begin with id",
        ),
        (
            "/skills/1",
            json!("recSkill2"),
            "table skills, item 2 of 3: must be an object; found a text",
        ),
        (
            "/skills/2/id",
            json!("recSkill1"),
            "table skills: items 1 and 3 both have the id \"recSkill1\"",
        ),
        (
            "/areas",
            json!({"recArea1": {"name": "a"}}),
            "table areas of the content API's answer is no list of items, but an object",
        ),
        (
            "/areas",
            Value::Null,
            "table areas of the content API's answer is no list of items, but null",
        ),
    ];
    for (pointer, value, expected) in cases {
        let log = Log::capture();
        let error =
            error_of(&target, |content| *content.pointer_mut(pointer).unwrap() = value).await;
        let text = error.to_string();
        if expected == no_property {
            assert_eq!(text, expected);
            assert!(log.text().contains("Item 2 of 3 has no property"), "{}", log.text());
        } else {
            assert!(text.starts_with(expected), "{text}");
        }
        assert_eq!(target.sql(STATE), yesterday, "{pointer}");
    }
}

#[tokio::test]
async fn missing_tables_are_named_beside_those_that_are_there() {
    let (target, yesterday) = with_yesterdays_content().await;
    let error = error_of(&target, |content| {
        let content = content.as_object_mut().unwrap();
        content.remove("tubes");
        content.remove("courses");
    });
    assert_eq!(
        error.await.to_string(),
        "the content API's answer lacks the tables tubes, courses; it has the tables areas, \
         attachments, challenges, competences, frameworks, skills, tutorials"
    );
    let error = error_of(&target, |content| *content = json!({})).await.to_string();
    assert!(error.ends_with("tutorials; it has no table at all"), "{error}");
    assert_eq!(target.sql(STATE), yesterday);
}

#[tokio::test]
async fn an_answer_that_is_no_json_object_is_shown_shortened() {
    let (target, yesterday) = with_yesterdays_content().await;
    let page = format!("<html>{KEY} {}", "x".repeat(1000));
    let cases = [
        (page.as_str(), "text/html; charset=utf-8", "\"<html>*** xxx"),
        ("[]", "application/json", "beginning with \"[]\""),
        ("{\"areas\": [{\"id\": \"a\"}", "application/json", "EOF while parsing"),
        ("", "application/json", "0 bytes"),
    ];
    for (body, content_type, expected) in cases {
        let api = MockServer::start().await;
        let answer = ResponseTemplate::new(200).set_body_raw(body, content_type);
        request().respond_with(answer).mount(&api).await;
        let error = learning_content::run(&settings(&api, &target), &Context::quiet()).await;
        let text = error.unwrap_err().to_string();
        assert!(
            text.contains("is no JSON object keyed by table") && text.contains(expected),
            "{text}"
        );
        assert!(text.contains(&format!("status 200, {content_type}")), "{text}");
        assert!(text.len() < 500 && !text.contains(KEY), "{text}");
        assert_eq!(target.sql(STATE), yesterday);
    }
}

#[tokio::test]
async fn what_the_database_refuses_is_named() {
    let (target, _) = with_yesterdays_content().await;
    target.sql_as_owner("DROP TABLE areas CASCADE; CREATE VIEW areas AS SELECT 1 AS id;");
    let text = error_of(&target, |_| ()).await.to_string();
    assert_eq!(
        text,
        "put the new table in the place of \"public\".\"areas\": relation \"areas\" already exists (42P07)"
    );
    assert_eq!(target.sql("SELECT count(*) FROM skills"), "3");

    target.sql("ALTER ROLE owner CONNECTION LIMIT 0");
    let error = error_of(&target, |_| ()).await;
    assert!(!error.to_string().contains(crate::learning_content::support::PASSWORD), "{error}");
}

/// `ERROR_VALUES=hide`: what is wrong and where, and no value, be it ours that is quoted or the server's.
#[tokio::test]
async fn no_value_is_quoted_where_values_are_hidden() {
    pg_replicate::hide_error_values();
    let target = Target::start();
    for (timer, place) in [
        (json!("5o0n"), "item \"recChallenge2\", column timer (smallint): found …: "),
        (json!(["5o0n"]), "item \"recChallenge2\", column timer (smallint): found …: "),
    ] {
        let mut content = content();
        content["challenges"][1]["timer"] = timer;
        let api = api(&content).await;
        let error =
            learning_content::run(&settings(&api, &target), &Context::quiet()).await.unwrap_err();
        let text = error.to_string();
        assert!(text.contains(place), "{text}");
        assert!(!text.contains("5o0n"), "{text}");
    }
}
