//! What stands in the tables afterwards.

use progress::Context;
use serde_json::{Value, json};
use shared_steps::jobs::learning_content::{self, ContentFormat, LearningContentSettings};
use test_servers::fakes::ContentApi;
use tokio_postgres::NoTls;

use crate::learning_content::support::{Log, Target, api, content, settings};

#[tokio::test]
async fn a_realistic_answer_fills_every_table() {
    let target = Target::start();
    let api = api(&content()).await;
    let log = Log::capture();
    let summary = learning_content::run(&settings(&api, &target), &Context::quiet()).await.unwrap();

    let counts = target.sql(
        "SELECT string_agg(format('%s %s', relname, (xpath('//c/text()', query_to_xml(format(
             'SELECT count(*) AS c FROM %I', relname), false, false, '')))[1]), ', ' ORDER BY relname)
         FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace",
    );
    assert_eq!(
        counts,
        "areas 2, attachments 2, challenges 2, competences 2, courses 1, skills 3, tubes 2, tutorials 2"
    );
    let phases: Vec<_> = summary.phases.iter().map(|phase| phase.name.as_str()).collect();
    assert_eq!(
        phases,
        ["fetch learning content", "load learning content", "replace learning content"]
    );
    assert_eq!((summary.phases[1].objects, summary.phases[1].rows), (8, 16));
    assert!(summary.phases[0].bytes > 1000 && summary.phases[1].bytes > 1000);

    let text = log.text();
    let position =
        |message: &str| text.find(message).unwrap_or_else(|| panic!("{message}: {text}"));
    assert!(position("learningContent.run - Started") < position("learningContent.run - Ended"));
}

#[tokio::test]
async fn values_are_what_the_answer_says() {
    let target = Target::start();
    let api = api(&content()).await;
    learning_content::run(&settings(&api, &target), &Context::quiet()).await.unwrap();
    let row = |table: &str, id: &str| -> Value {
        let sql = format!("SELECT to_jsonb(t) FROM \"{table}\" t WHERE id = '{id}'");
        serde_json::from_str(&target.sql(&sql)).unwrap()
    };

    insta::assert_json_snapshot!(
        "challenges",
        [row("challenges", "recChallenge1"), row("challenges", "recChallenge2")]
    );
    insta::assert_json_snapshot!(
        "the_other_tables",
        [
            row("areas", "recArea1"),
            row("attachments", "recAttachment1"),
            row("attachments", "recAttachment2"),
            row("competences", "recCompetence1"),
            row("competences", "recCompetence2"),
            row("tubes", "recTube1"),
            row("tubes", "recTube2"),
            row("skills", "recSkill1"),
            row("skills", "recSkill2"),
            row("skills", "recSkill3"),
            row("courses", "recCourse1"),
            row("tutorials", "recTutorial1"),
            row("tutorials", "recTutorial2"),
        ]
    );
}

#[tokio::test]
async fn columns_keys_and_indexes_are_those_of_the_old_program_every_night() {
    let target = Target::start();
    let api = api(&content()).await;
    for _ in 0..2 {
        learning_content::run(&settings(&api, &target), &Context::quiet()).await.unwrap();
        let tables = target.sql(
            "SELECT format('%s: %s', c.relname, string_agg(format('%s %s%s', a.attname,
                        format_type(atttypid, atttypmod), CASE WHEN attnotnull THEN '!' END),
                        ', ' ORDER BY attnum))
             FROM pg_attribute a JOIN pg_class c ON c.oid = attrelid
             WHERE attnum > 0 AND relkind = 'r' AND relnamespace = 'public'::regnamespace
             GROUP BY c.relname ORDER BY c.relname",
        );
        let indexes = target.sql(
            "SELECT pg_get_indexdef(indexrelid) FROM pg_index JOIN pg_class c ON c.oid = indrelid
             WHERE relnamespace = 'public'::regnamespace ORDER BY 1",
        );
        let keys = target.sql(
            "SELECT conrelid::regclass || ' ' || conname FROM pg_constraint WHERE contype = 'p'
             AND connamespace = 'public'::regnamespace ORDER BY 1",
        );
        insta::assert_snapshot!("tables_and_indexes", format!("{tables}\n\n{indexes}\n\n{keys}"));
    }
}

#[tokio::test]
async fn many_items_pass_and_the_next_night_replaces_them() {
    let target = Target::start();
    let mut many = content();
    let skills =
        (0..6000).map(|n| json!({"id": format!("s{n}"), "description": "é\\\t".repeat(50)}));
    many["skills"] = skills.collect();
    let api_of_many = api(&many).await;
    learning_content::run(&settings(&api_of_many, &target), &Context::quiet()).await.unwrap();
    let found = target.sql("SELECT count(*), sum(length(description)) FROM skills");
    assert_eq!(found, "6000|900000");

    let api_of_few = api(&content()).await;
    learning_content::run(&settings(&api_of_few, &target), &Context::quiet()).await.unwrap();
    assert_eq!(target.sql("SELECT count(*) FROM skills"), "3");
}

#[tokio::test]
async fn every_character_survives_in_text_and_in_lists() {
    let target = Target::start();
    let all: String = (1..=0x1_F9FF).filter_map(char::from_u32).collect();
    let special =
        ["\\", "\"", "{", "}", ",", " ", "\t", "\n", "\r", "\\N", "\\.", "NULL", "'", "a"];
    let pairs = special.iter().flat_map(|a| special.iter().map(move |b| format!("{a}{b}")));
    let list: Vec<_> = (1..128_u8).map(|c| char::from(c).to_string()).chain(pairs).collect();
    let mut content = content();
    content["tutorials"] = json!([
        {"id": "list", "link": all, "tutorialForSkills": list, "furtherInformation": [""]},
        {"id": "\\.", "title": "\\.", "tutorialForSkills": [["a", "b"], {"c": [1]}, 2, false]},
    ]);
    let api = api(&content).await;
    learning_content::run(&settings(&api, &target), &Context::quiet()).await.unwrap();

    let (client, connection) = tokio_postgres::connect(&target.url(), NoTls).await.unwrap();
    tokio::spawn(connection);
    let rows = client.query("SELECT * FROM tutorials ORDER BY id DESC", &[]).await.unwrap();
    assert_eq!(rows[0].get::<_, String>("link"), all);
    assert_eq!(rows[0].get::<_, Vec<String>>("tutorialForSkills"), list);
    assert_eq!(rows[0].get::<_, Vec<String>>("furtherInformation"), [""]);
    assert_eq!((rows[1].get::<_, &str>("id"), rows[1].get::<_, &str>("title")), ("\\.", "\\."));
    let mixed = rows[1].get::<_, Vec<String>>("tutorialForSkills");
    assert_eq!(mixed, ["[\"a\",\"b\"]", "{\"c\":[1]}", "2", "f"]);
}

#[tokio::test]
async fn what_stands_on_the_old_tables_is_named_and_stands_on_the_new_ones() {
    let target = Target::start();
    let api = api(&content()).await;
    learning_content::run(&settings(&api, &target), &Context::quiet()).await.unwrap();
    target.sql_as_owner(
        "CREATE VIEW active_skills AS SELECT * FROM skills WHERE status = 'actif';
         CREATE VIEW names_of_skills AS SELECT name FROM active_skills;
         CREATE MATERIALIZED VIEW tube_count AS SELECT count(*) FROM tubes;
         CREATE TABLE favourites (id int PRIMARY KEY, area text REFERENCES areas, since date DEFAULT now());
         CREATE VIEW favourite_days AS SELECT since FROM favourites; GRANT SELECT ON skills TO PUBLIC;",
    );
    let log = Log::capture();
    learning_content::run(&settings(&api, &target), &Context::quiet()).await.unwrap();

    let text = log.text();
    let named = text.lines().filter_map(|line| line.split_once(" (of role owner) depends on"));
    let names: Vec<_> =
        named.map(|(before, _)| before.rsplit("dependents: ").next().unwrap()).collect();
    assert_eq!(
        names,
        [
            "view public.active_skills",
            "view public.names_of_skills",
            "materialized view public.tube_count",
            "constraint favourites_area_fkey on table public.favourites"
        ]
    );
    let views = "SELECT string_agg(viewname, ',' ORDER BY viewname) FROM pg_views WHERE schemaname = 'public'";
    assert_eq!(target.sql(views), "active_skills,favourite_days,names_of_skills");
    assert_eq!(
        target.sql("SELECT count FROM tube_count"),
        target.sql("SELECT count(*) FROM tubes")
    );
    let key =
        "SELECT confrelid::regclass FROM pg_constraint WHERE conname = 'favourites_area_fkey'";
    assert_eq!(target.sql(key), "areas");
    let grant = "SELECT count(*) FROM information_schema.role_table_grants
                 WHERE grantee = 'PUBLIC' AND table_name = 'skills'";
    assert_eq!(target.sql(grant), "1");
}

#[tokio::test]
async fn another_schema_can_be_filled() {
    let target = Target::start();
    target.sql_as_owner("CREATE SCHEMA \"next \"\"night\"\"\"; CREATE TABLE areas (mine int);");
    let api = api(&content()).await;
    let mut settings = settings(&api, &target);
    settings.schema = "next \"night\"".into();
    for _ in 0..2 {
        learning_content::run(&settings, &Context::quiet()).await.unwrap();
    }
    assert_eq!(target.sql("SELECT count(*) FROM \"next \"\"night\"\"\".areas"), "2");
    assert_eq!(target.sql("SELECT count(mine) FROM public.areas"), "0");
}

#[tokio::test]
async fn without_an_api_the_step_is_skipped() {
    let target = Target::start();
    let log = Log::capture();
    let url = target.url().parse().unwrap();
    let settings = LearningContentSettings::new(None, "", "test-app", url);
    let summary = learning_content::run(&settings, &Context::quiet()).await.unwrap();
    assert!(summary.phases.is_empty());
    assert!(log.text().contains("Learning content is skipped: LCMS_API_URL is empty"));
    let checked = learning_content::check(&settings).await.unwrap();
    assert_eq!(checked, "LCMS_API_URL is empty: learning content will be skipped");
}

/// The demo's content is made by other hands than this crate's fixture.
#[tokio::test]
async fn the_content_of_the_demo_fills_every_table() {
    let target = Target::start();
    let api = ContentApi::start().unwrap();
    let url = Some(api.url().parse().unwrap());
    let (key, database) = (ContentApi::KEY, target.url().parse().unwrap());
    let mut settings = LearningContentSettings::new(url, key, "test-app", database);
    let sizes = api.table_sizes();
    for (format, tables) in [(ContentFormat::Airtable, 8), (ContentFormat::Auto, 13)] {
        settings.format = format;
        learning_content::run(&settings, &Context::quiet()).await.unwrap();
        let mut found = 0;
        for (table, size) in &sizes {
            if target.sql(&format!("SELECT to_regclass('\"{table}\"') IS NULL")) == "f" {
                found += 1;
                let count = target.sql(&format!("SELECT count(*) FROM \"{table}\""));
                assert_eq!(count, size.to_string(), "{table}");
            }
        }
        assert_eq!(found, tables, "{format:?}");
    }
    assert_eq!(api.clients(), ["test-app", "test-app"]);
}
