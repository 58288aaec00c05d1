//! Transfers, and the one that is a backup.

use std::sync::Arc;

use backup_sources::Error;
use serde_json::json;
use test_servers::fakes::{DownloadFault, HerokuApi};

use crate::captured_log::Log;
use crate::stages::heroku;
use crate::support::{Fetching, dump};

fn fetching(api: &HerokuApi) -> Fetching {
    Fetching::from(Arc::new(heroku(api, HerokuApi::APP, HerokuApi::KEY)))
}

#[tokio::test]
async fn the_newest_backup_that_succeeded_is_taken() {
    let log = Log::capture();
    let api = HerokuApi::start().unwrap();
    api.add(7, "2026-11-20 01:00:00 +0000", dump(700));
    api.add(9, "2026-11-21 01:00:00 +0000", dump(900));
    let at = "2026-11-21 02:00:00 +0000";
    api.add_transfer(json!({ "num": 10, "to_type": "pg_restore", "succeeded": true,
        "created_at": at, "finished_at": at }));
    api.add_transfer(json!({ "num": 11, "to_type": "gof3r", "succeeded": false,
        "created_at": at, "finished_at": at, "processed_bytes": 0 }));
    api.add_transfer(json!({ "num": 12, "to_type": "gof3r", "succeeded": null,
        "created_at": at, "finished_at": null }));
    assert!(fetching(&api).bytes().await == dump(900));
    assert!(log.text().contains("Heroku's backup 11 failed; 9 is the newest that did not"));
}

#[tokio::test]
async fn without_one_that_succeeded_it_says_so() {
    let api = HerokuApi::start().unwrap();
    let error = fetching(&api).error().await.to_string();
    assert!(error.contains("heroku pg:backups:capture creates one"), "{error}");
    let at = "2026-11-21 02:00:00 +0000";
    api.add_transfer(json!({ "num": 11, "to_type": "gof3r", "succeeded": false,
        "created_at": at, "finished_at": at }));
    let error = fetching(&api).error().await.to_string();
    assert!(error.contains("the newest, 11, failed"), "{error}");
}

#[tokio::test]
async fn a_wrong_key_or_application_is_named() {
    let api = HerokuApi::start().unwrap();
    for (app, key, status) in [("shop", "HRKU-wrong", "401"), ("nobody", HerokuApi::KEY, "404")] {
        let error = Fetching::from(Arc::new(heroku(&api, app, key))).error().await;
        let text = error.to_string();
        assert!(text.contains(status) && text.contains("check HEROKU_APP"), "{text}");
        assert!(!text.contains(key), "{text}");
    }
}

#[tokio::test]
async fn the_apis_errors_are_tried_again_and_a_refused_url_asked_for_anew() {
    let api = HerokuApi::start().unwrap();
    api.add(9, "2026-11-21 01:00:00 +0000", dump(300_000));
    api.fail([503, 500]);
    api.downloads().fail([DownloadFault::CutAfter(100_000), DownloadFault::Status(403)]);
    assert!(fetching(&api).bytes().await == dump(300_000));
}

#[tokio::test]
async fn an_answer_that_is_not_as_documented_is_named() {
    let api = HerokuApi::start().unwrap();
    api.add(9, "some day", dump(100));
    let error = fetching(&api).error().await;
    assert!(matches!(error, Error::Answer { .. }), "{error:?}");
    assert!(error.to_string().contains("\"some day\""), "{error}");
    api.fail([200]);
    let error = fetching(&api).error().await;
    assert!(error.to_string().contains("not the documented JSON"), "{error}");
}
