//! Where ours is not Bull on purpose: what Bull does, and what ours does, side by side.

use serde_json::{Value, json};

use crate::interop::scenario::Stage;

/// Does the steps by Bull and by ours, each on a queue of its own; answers what both read then.
async fn both(stage: &mut Stage, name: &str, steps: &[Value]) -> [Value; 2] {
    let queues = [format!("{name} by Bull"), format!("{name} by ours")];
    for step in steps {
        // Some of these are refused.
        let _ = stage.node.does(&queues[0], step).await;
        let _ = stage.ours.does(&queues[1], step).await;
    }
    let read = json!({ "op": "read" });
    let [bulls, ours] = queues;
    [stage.node.does(&bulls, &read).await.unwrap(), stage.ours.does(&ours, &read).await.unwrap()]
}

/// How many of the hashes of jobs there are.
async fn hashes(stage: &mut Stage, queue: &str) -> usize {
    let mut connection = stage.ours.queue(queue).await.connection().manager();
    let content = crate::interop::content::content(&mut connection, queue).await;
    content.keys().filter(|part| part.chars().all(|c| c.is_ascii_digit())).count()
}

#[tokio::test]
async fn what_is_refused_changes_nothing() {
    let mut stage = Stage::set();
    let add = json!({ "op": "add" });
    let fail = json!({ "op": "failByHand", "id": "1", "reason": "x" });
    let retry = json!({ "op": "retry", "id": "1" });
    let [bulls, ours] = both(&mut stage, "refused", &[add.clone(), fail, retry]).await;
    assert_eq!(
        (&bulls["jobs"]["1"]["attemptsMade"], &ours["jobs"]["1"]["attemptsMade"]),
        (&json!(1), &json!(0))
    );
    assert!(!bulls["jobs"]["1"]["retriedOn"].is_null());
    assert!(ours["jobs"]["1"]["retriedOn"].is_null());

    let obliterate = json!({ "op": "obliterate", "force": false });
    let [bulls, ours] = both(&mut stage, "kept", &[add, json!({ "op": "take" }), obliterate]).await;
    assert_eq!((&bulls["paused"], &ours["paused"]), (&json!(true), &json!(false)));
}

#[tokio::test]
async fn what_is_in_line_is_removed_whole_and_the_schedule_stays() {
    let mut stage = Stage::set();
    let steps = [
        json!({ "op": "add", "opts": { "delay": 600_000 } }),
        json!({ "op": "add" }),
        json!({ "op": "add", "opts": { "repeat": { "every": 86_400_000 } } }),
        json!({ "op": "pause" }),
        json!({ "op": "empty" }),
    ];
    let [bulls, ours] = both(&mut stage, "emptied", &steps).await;
    assert_eq!((&bulls["counts"]["delayed"], &ours["counts"]["delayed"]), (&json!(0), &json!(1)));
    assert_eq!(hashes(&mut stage, "emptied by Bull").await, 1, "of a job that stands nowhere");
    assert_eq!(hashes(&mut stage, "emptied by ours").await, 0);
    assert_eq!(ours["paused"], true);
}

#[tokio::test]
async fn a_limit_finds_delayed_jobs() {
    let mut stage = Stage::set();
    let old = json!({ "op": "add", "opts": { "delay": 864_000_000, "timestamp": crate::interop::content::now_ms() - 7_200_000.0 } });
    let clean = json!({ "op": "clean", "grace": 3_600_000, "state": "delayed", "limit": 5 });
    let [bulls, ours] = both(&mut stage, "cleaned", &[old, clean]).await;
    assert_eq!((&bulls["counts"]["delayed"], &ours["counts"]["delayed"]), (&json!(1), &json!(0)));
}

#[tokio::test]
async fn completing_by_hand_takes_no_other_job() {
    let mut stage = Stage::set();
    let add = json!({ "op": "add" });
    let complete = json!({ "op": "completeByHand", "id": "1", "value": 1, "fetch": true });
    let steps = [add.clone(), json!({ "op": "take" }), add, complete];
    let [bulls, ours] = both(&mut stage, "completed", &steps).await;
    assert_eq!(bulls["ranges"]["active"], json!(["2"]), "nobody runs it");
    assert_eq!(ours["ranges"]["waiting"], json!(["2"]));
}
