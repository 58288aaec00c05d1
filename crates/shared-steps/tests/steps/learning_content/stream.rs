//! The content API of today: documents one after another.

use progress::Context;
use serde_json::{Value, json};
use shared_steps::jobs::learning_content::{self, ContentFormat, LearningContentSettings};
use wiremock::matchers::{header, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::learning_content::support::{KEY, Log, Target, api, content, settings_for};

fn stream_request() -> wiremock::MockBuilder {
    Mock::given(method("GET"))
        .and(path("/api/replication-stream"))
        .and(header("x-api-key", KEY))
        .and(header("client", "test-app"))
}

/// A content API that answers `body`.
async fn stream_of(body: String) -> MockServer {
    let server = MockServer::start().await;
    let answer = ResponseTemplate::new(200).set_body_raw(body, "application/octet-stream");
    stream_request().respond_with(answer).mount(&server).await;
    server
}

fn settings(api: &MockServer, target: &Target, format: ContentFormat) -> LearningContentSettings {
    let mut settings = settings_for(&format!("{}/api/", api.uri()), target);
    settings.format = format;
    settings
}

fn document(name: &str, value: &Value) -> String {
    json!({ "type": name, "value": value }).to_string()
}

async fn load(target: &Target, body: String) -> Result<(), learning_content::Error> {
    let api = stream_of(body).await;
    let settings = settings(&api, target, ContentFormat::Stream);
    learning_content::run(&settings, &Context::quiet()).await.map(drop)
}

#[tokio::test]
async fn documents_in_any_order_fill_the_tables_of_the_stream() {
    let target = Target::start();
    let documents = [
        json!({"type": "skills", "value": {"id": "s1", "level": 3, "version": 2,
            "createdAt": "2024-05-06T07:08:09Z", "tutorialIds": ["t,1", "{t2}"]}}),
        // The key first or last is the API's affair.
        json!({"value": {"id": "c1", "locales": ["fr", "fr-fr"], "geography": "France", "skillId": "s1",
            "embedUrl": "https://e", "isQualityOk": null, "translationMaintenanceTags": ["a"],
            "solutionToDisplay": "42", "delta": 1.5}, "type": "challenges"}),
        json!({"type": "skills", "value": {"id": "s2", "hint_i18n": {"fr": "Voilà", "en": "There"}}}),
        json!({"type": "unheard-of", "value": {"id": "x"}}),
        json!({"type": "translations", "value": {"key": "challenge.c1.solutionToDisplay", "locale": "nl",
            "value": "tweeënveertig", "model": "challenge", "entityId": "c1"}}),
        json!({"type": "translations", "value": {"id": "own", "key": "skill.s1.solutionToDisplay",
            "locale": "nl"}}),
        json!({"type": "modules", "value": {"id": "m1", "grains": [{"a": null}]}}),
        json!({"type": "missions", "value": {"id": 7, "content": {"steps": []}, "thematicIds": ["th1"],
            "introductionMediaAlt_i18n": {"fr": "Image"}}}),
        json!({"type": "thematics", "value": {"id": "th1", "tubeIds": ["a", "b"]}}),
        json!({"type": "unheard-of", "value": 1}),
    ];
    let texts: Vec<String> = documents.iter().map(Value::to_string).collect();
    for separator in ["", "\n", " \r\n\t"] {
        let log = Log::capture();
        load(&target, texts.join(separator)).await.unwrap();
        assert!(log.text().contains("a type that is not known, \"unheard-of\""), "{}", log.text());
        assert!(log.text().contains("documents=2"), "{}", log.text());
        let text = |sql: &str| target.sql(sql);
        assert_eq!(text("SELECT count(*), min(hint), max(version) FROM skills"), "2|Voilà|2");
        assert_eq!(
            text("SELECT \"tutorialIds\" = '{\"t,1\",\"{t2}\"}' FROM skills WHERE id = 's1'"),
            "t"
        );
        assert_eq!(
            text("SELECT area, languages, \"hasEmbedUrl\", focus, \"skillIds\", \"explicativeResponse\",
                         \"isQualityOk\" IS NULL FROM challenges"),
            "France|{fr,fr-fr}|t|f|{s1}|42|t"
        );
        assert_eq!(
            text(
                "SELECT string_agg(id || '=' || key, ' ' ORDER BY id) FROM \"learning-content-translations\""
            ),
            "challenge.c1.solutionToDisplay.nl=challenge.c1.explicativeResponse own=skill.s1.solutionToDisplay"
        );
        assert_eq!(
            text("SELECT content->'grains'->0->>'a' IS NULL, content->>'id' FROM modules"),
            "t|m1"
        );
        assert_eq!(
            text("SELECT id, content, \"introductionMediaAlt\", \"thematicIds\" FROM missions"),
            "7|{\"steps\": []}|Image|{th1}"
        );
        assert_eq!(text("SELECT index, \"tubeIds\" FROM thematics"), "th1|{a,b}");
        assert_eq!(text("SELECT count(*) FROM frameworks"), "0");
    }
}

#[tokio::test]
async fn the_stream_is_asked_first_and_the_older_route_where_there_is_none() {
    let target = Target::start();
    let older = api(&content()).await;
    let auto = settings(&older, &target, ContentFormat::Auto);
    let checked = learning_content::check(&auto).await.unwrap();
    assert!(checked.contains("/api/databases/airtable answers 200"), "{checked}");
    learning_content::run(&auto, &Context::quiet()).await.unwrap();
    let older_columns = "SELECT count(*) FROM pg_attribute WHERE attname = 'delta'
        AND attrelid = 'challenges'::regclass";
    assert_eq!(target.sql(older_columns), "1");

    let body = document("areas", &json!({"id": "a1", "name": "new"}));
    let newer = stream_of(body).await;
    let auto = settings(&newer, &target, ContentFormat::Auto);
    let checked = learning_content::check(&auto).await.unwrap();
    assert!(checked.contains("/api/replication-stream answers 200"), "{checked}");
    learning_content::run(&auto, &Context::quiet()).await.unwrap();
    assert_eq!(target.sql("SELECT name FROM areas"), "new");

    // Whatever else is wrong with the stream is no reason to look elsewhere.
    let refusing = api(&content()).await;
    stream_request().respond_with(ResponseTemplate::new(403)).mount(&refusing).await;
    let auto = settings(&refusing, &target, ContentFormat::Auto);
    let error = learning_content::run(&auto, &Context::quiet()).await.unwrap_err().to_string();
    assert!(error.contains("answered 403") && error.contains("replication-stream"), "{error}");
    assert_eq!(target.sql("SELECT name FROM areas"), "new");
}

#[tokio::test]
async fn what_cannot_be_loaded_is_named_and_changes_nothing() {
    let target = Target::start();
    load(&target, document("areas", &json!({"id": "old"}))).await.unwrap();
    let area = |id: &str| document("areas", &json!({"id": id}));
    let skill = |id: &str, level: Value| document("skills", &json!({"id": id, "level": level}));
    let cases = [
        (String::new(), "no document of a known type"),
        (document("unheard-of", &json!({"id": "x"})), "no document of a known type"),
        (format!("{}{{\"type\": \"are", area("a")), "EOF while parsing"),
        (format!("{}<html>", area("a")), "expected value"),
        ("[{}]".into(), "is no stream of JSON documents with type and value"),
        (json!({"areas": [{"id": "a"}]}).to_string(), "missing field `type`"),
        (format!("{}{}", area("a"), document("areas", &json!({}))), "has no property at all"),
        (
            format!("{}{}{}", area("a"), area("b"), area("a")),
            "areas: items 1 and 3 both have the id \"a\"",
        ),
        (
            format!("{}{}{}", area("a"), skill("s1", json!(1)), skill("s2", json!("high"))),
            "table skills, item \"s2\", column level (smallint): found \"high\"",
        ),
    ];
    for (body, expected) in cases {
        let error = load(&target, body.clone()).await.unwrap_err().to_string();
        assert!(error.contains(expected), "{body}: {error}");
        assert_eq!(target.sql("SELECT string_agg(id, ',') FROM areas"), "old", "{body}");
    }
}

/// More of each table than one COPY takes, in turns.
#[tokio::test]
async fn types_that_take_turns_are_loaded_whole_and_their_last_item_is_found() {
    let target = Target::start();
    let text = "é".repeat(200);
    let mut body = String::new();
    for n in 0..2_000 {
        body += &document(
            "translations",
            &json!({"key": format!("k{n}"), "locale": "fr", "value": text}),
        );
        body += &document(
            "skills",
            &json!({"id": format!("s{n}"), "description": text, "level": n % 8}),
        );
    }
    load(&target, body.clone()).await.unwrap();
    let counts = "SELECT (SELECT count(*) FROM skills), (SELECT count(*) FROM \"learning-content-translations\")";
    assert_eq!(target.sql(counts), "2000|2000");
    body += &document("skills", &json!({"id": "last", "level": 70_000}));
    let error = load(&target, body).await.unwrap_err().to_string();
    assert!(error.contains("item \"last\", column level"), "{error}");
    assert_eq!(target.sql(counts), "2000|2000");
}
