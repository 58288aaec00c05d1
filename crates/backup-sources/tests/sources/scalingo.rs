//! Tokens, add-ons and statuses of backups.

use std::sync::Arc;
use std::time::Duration;

use backup_sources::{BackupQuery, BackupSource, Error, Fetcher, MaxAge};
use chrono::Utc;
use progress::Context;
use test_servers::fakes::{DownloadFault, ScalingoApi};

use crate::stages::{Stage, scalingo};
use crate::support::{Fetching, dump, tar_gz};

const HOUR: Duration = Duration::from_secs(3_600);

fn fetching(api: &ScalingoApi) -> Fetching {
    let mut fetching = Fetching::from(Arc::new(scalingo(api, ScalingoApi::TOKEN)));
    // An hour, not a day: a test may run at midnight.
    fetching.fetcher.max_age = MaxAge::Within(HOUR);
    fetching
}

fn ago(age: Duration) -> String {
    (Utc::now() - age).to_rfc3339()
}

fn exchanges(api: &ScalingoApi) -> usize {
    api.requests().iter().filter(|request| *request == "POST /v1/tokens/exchange").count()
}

#[tokio::test]
async fn the_way_to_a_backup_is_the_documented_one() {
    let api = ScalingoApi::start().unwrap();
    api.add("b1", &ago(HOUR / 2), "done", tar_gz(&dump(10_000)).await);
    assert!(fetching(&api).bytes().await == dump(10_000));
    assert_eq!(
        api.requests(),
        [
            "POST /v1/tokens/exchange",
            "GET /v1/apps/pix-api-production/addons",
            "POST /v1/apps/pix-api-production/addons/ad-1234/token",
            "GET /api/databases/ad-1234/backups",
            "GET /api/databases/ad-1234/backups/b1/archive",
        ]
    );
}

#[tokio::test]
async fn expired_tokens_are_renewed_once() {
    let api = ScalingoApi::start().unwrap();
    api.add("b1", &ago(HOUR / 2), "done", dump(10_000));
    let fetching = fetching(&api);
    fetching.run().await.unwrap();
    api.expire_tokens();
    assert!(fetching.bytes().await == dump(10_000));
    assert_eq!(exchanges(&api), 2);
    fetching.run().await.unwrap();
    assert_eq!(exchanges(&api), 2, "a token is good for many requests");
}

#[tokio::test]
async fn a_token_that_is_refused_for_good_is_not_tried_for_ever() {
    let api = ScalingoApi::start().unwrap();
    let error = Fetching::from(Arc::new(scalingo(&api, "tk-wrong"))).error().await;
    let text = error.to_string();
    assert!(text.contains("answered 401") && text.ends_with("see SCALINGO_API_TOKEN"), "{text}");
    assert!(!text.contains("tk-wrong"), "{text}");
    assert_eq!(api.requests().len(), 1);

    let api = ScalingoApi::start().unwrap();
    api.fail([200]);
    let error = fetching(&api).error().await;
    assert!(matches!(error, Error::Answer { .. }), "no JSON: {error:?}");
    api.add("b1", &ago(HOUR / 2), "done", dump(100));
    let fetching = fetching(&api);
    fetching.run().await.unwrap();
    // The database's API refuses whatever token it is given.
    api.fail([401, 200, 401]);
    assert!(fetching.run().await.is_err());
}

#[tokio::test]
async fn a_url_that_has_expired_is_asked_for_anew() {
    let api = ScalingoApi::start().unwrap();
    api.add("b1", &ago(HOUR / 2), "done", dump(300_000));
    let fetching = fetching(&api);
    api.downloads().fail([DownloadFault::CutAfter(100_000), DownloadFault::Status(403)]);
    assert!(fetching.bytes().await == dump(300_000));
    let queries: Vec<String> =
        api.downloads().requests().into_iter().map(|request| request.query).collect();
    assert_eq!(queries.len(), 3);
    assert_eq!(queries[0], queries[1], "one URL serves until it is refused");
    assert_ne!(queries[1], queries[2]);
}

#[tokio::test]
async fn the_apis_errors_are_tried_again() {
    let api = ScalingoApi::start().unwrap();
    api.add("b1", &ago(HOUR / 2), "done", dump(1_000));
    for statuses in [vec![503, 500, 502], vec![429]] {
        api.fail(statuses);
        assert!(fetching(&api).bytes().await == dump(1_000));
    }
    let before = api.requests().len();
    api.fail(vec![500; 100]);
    let error = fetching(&api).error().await;
    assert!(error.to_string().contains("exchange Scalingo's API token"), "{error}");
    assert_eq!(api.requests().len() - before, 4);
}

#[tokio::test]
async fn without_a_backup_of_today_it_says_what_is_there() {
    let api = ScalingoApi::start().unwrap();
    api.add("old", &ago(30 * HOUR), "done", dump(1_000));
    api.add("bad", &ago(HOUR / 2), "error", Vec::new());
    let error = fetching(&api).error().await;
    let text = error.to_string();
    for part in [
        "Scalingo's application pix-api-production",
        "backup bad has status error",
        "the newest one that is done is backup old",
        "30 h old",
        "BACKUP_CREATE=true",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
}

#[tokio::test]
async fn a_running_backup_is_waited_for() {
    let api = ScalingoApi::start().unwrap();
    api.add("b1", &ago(HOUR / 2), "running", Vec::new());
    api.set_course(&["running", "running", "done"], dump(2_000));
    assert!(fetching(&api).bytes().await == dump(2_000));

    let api = ScalingoApi::start().unwrap();
    api.add("b1", &ago(HOUR / 2), "scheduled", Vec::new());
    api.set_course(&["running", "error"], Vec::new());
    let error = fetching(&api).error().await;
    assert!(error.to_string().contains("ended with status error"), "{error}");
}

#[tokio::test]
async fn a_backup_that_never_ends_is_given_up() {
    let api = ScalingoApi::start().unwrap();
    api.add("b1", &ago(HOUR / 2), "running", Vec::new());
    api.set_course(&["running"], Vec::new());
    let mut limits = crate::support::limits();
    limits.making = Duration::ZERO;
    let url: url::Url = api.url().parse().unwrap();
    let hosts =
        backup_sources::ScalingoHosts { auth: url.clone(), api: url.clone(), database_api: url };
    let source = backup_sources::ScalingoSource::new(
        ScalingoApi::APP,
        ScalingoApi::TOKEN.into(),
        hosts,
        &limits,
    );
    let error = Fetching::from(Arc::new(source.unwrap())).error().await;
    assert!(error.to_string().contains("is still running after"), "{error}");
}

#[tokio::test]
async fn one_is_started_when_asked_for_and_only_then() {
    let api = ScalingoApi::start().unwrap();
    api.add("old", &ago(30 * HOUR), "done", dump(1_000));
    api.set_course(&["scheduled", "running", "done"], dump(3_000));
    let mut fetching = fetching(&api);
    fetching.fetcher.create = true;
    let cancel = Context::quiet().cancel;
    assert!(fetching.fetcher.check(&cancel).await.is_err(), "a check starts nothing");
    let started = |api: &ScalingoApi| {
        api.requests().iter().any(|one| one == "POST /api/databases/ad-1234/backups")
    };
    assert!(!started(&api));
    assert!(fetching.bytes().await == dump(3_000));
    assert!(started(&api));
}

#[tokio::test]
async fn waiting_ends_when_it_is_cancelled() {
    let api = ScalingoApi::start().unwrap();
    api.add("b1", &ago(HOUR / 2), "running", Vec::new());
    api.set_course(&["running"], Vec::new());
    let context = Context::quiet();
    let fetching = fetching(&api);
    let cancel = async {
        let looked = async || api.requests().iter().any(|one| one == "GET /api/backups/b1");
        assert!(test_servers::wait_for_async(Duration::from_secs(20), looked).await);
        context.cancel.cancel();
    };
    let (result, ()) = tokio::join!(fetching.run_in(&context), cancel);
    assert!(result.unwrap_err().is_cancelled());
}

#[tokio::test]
async fn the_add_on_must_be_there_alone_and_running() {
    let suspended = {
        let mut addon = ScalingoApi::addon("ad-1234", "postgresql");
        addon["status"] = "suspended".into();
        addon
    };
    let two = ["a", "b"].map(|id| ScalingoApi::addon(id, "postgresql")).to_vec();
    for (addons, part) in [
        (vec![ScalingoApi::addon("r", "redis")], "no PostgreSQL add-on; check SCALINGO_APP"),
        (vec![suspended], "ad-1234 is suspended"),
        (two, "2 PostgreSQL add-ons"),
    ] {
        let api = ScalingoApi::start().unwrap();
        api.set_addons(addons);
        let error = fetching(&api).error().await;
        assert!(error.to_string().contains(part), "{error}");
    }
}

#[tokio::test]
async fn an_unknown_application_is_named() {
    let api = ScalingoApi::start().unwrap();
    api.fail([200, 404].into_iter().skip(1));
    let error = fetching(&api).error().await;
    assert!(error.to_string().contains("answered 404"), "{error}");
    assert!(!error.is_unreachable());
}

#[tokio::test]
async fn a_source_that_is_away_is_unreachable() {
    let url: url::Url =
        format!("http://127.0.0.1:{}", test_servers::free_port().unwrap()).parse().unwrap();
    let hosts =
        backup_sources::ScalingoHosts { auth: url.clone(), api: url.clone(), database_api: url };
    let limits = crate::support::limits();
    let source = backup_sources::ScalingoSource::new("app", "token".into(), hosts, &limits);
    let source: Arc<dyn BackupSource> = Arc::new(source.unwrap());
    let error = Fetching::from(Arc::clone(&source)).error().await;
    assert!(error.is_unreachable(), "{error:?}");
    let query = BackupQuery { max_age: MaxAge::Any, create: false, now: Utc::now() };
    assert!(source.find(&query, &Context::quiet().cancel).await.is_err());
    let fetcher = Fetcher { source, max_age: MaxAge::Any, create: false, limits };
    assert!(fetcher.check(&Context::quiet().cancel).await.unwrap_err().is_unreachable());
}

#[tokio::test]
async fn today_begins_at_midnight() {
    let api = <ScalingoApi as Stage>::start();
    api.add("b1", &(Utc::now() - 25 * HOUR).to_rfc3339(), "done", dump(100));
    let mut fetching = fetching(&api);
    fetching.fetcher.max_age = MaxAge::Today;
    assert!(matches!(fetching.error().await, Error::NoBackup { .. }));
    api.add("b2", &Utc::now().to_rfc3339(), "done", dump(200));
    assert!(fetching.bytes().await == dump(200));
}
