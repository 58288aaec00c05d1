//! What stands in Redis, key by key, with times and tokens replaced by what they mean.

use std::collections::BTreeMap;

use redis::aio::ConnectionManager;
use serde_json::{Value, json};

/// Fields that ours alone writes; Bull ignores them.
const OUR_FIELDS: &[&str] = &["owner", "runId", "successor"];

/// The whole content of a queue, from the keys to their content.
pub async fn content(connection: &mut ConnectionManager, queue: &str) -> BTreeMap<String, Value> {
    let base = format!("bull:{queue}:");
    let keys: Vec<String> =
        redis::cmd("KEYS").arg(format!("{base}*")).query_async(connection).await.unwrap();
    let now = now_ms();
    let mut content = BTreeMap::new();
    for key in keys {
        let part = key.strip_prefix(&base).unwrap().to_owned();
        // Ours, and gone within minutes; and the gate of a timer of Bull's workers.
        if part.starts_with("receipt:") || part.starts_with("receipts:") || part == "stalled-check"
        {
            continue;
        }
        let kind: String = redis::cmd("TYPE").arg(&key).query_async(connection).await.unwrap();
        let lives: i64 = redis::cmd("PTTL").arg(&key).query_async(connection).await.unwrap();
        let value = match kind.as_str() {
            "string" => text(connection, &key, &part).await,
            "hash" => hash(connection, &key, &part).await,
            "list" => {
                let range: Vec<String> = command(connection, "LRANGE", &[&key, "0", "-1"]).await;
                json!(range)
            }
            "set" => {
                let mut members: Vec<String> = command(connection, "SMEMBERS", &[&key]).await;
                members.sort();
                json!(members)
            }
            "zset" => sorted_set(connection, &base, &key, &part, now).await,
            // Expired between two commands.
            "none" => continue,
            other => panic!("{key} is a {other}"),
        };
        content.insert(part, json!({ "type": kind, "expires": lives >= 0, "is": value }));
    }
    content
}

pub fn now_ms() -> f64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs_f64()
        * 1000.0
}

pub async fn command<T: redis::FromRedisValue>(
    connection: &mut ConnectionManager,
    command: &str,
    words: &[&str],
) -> T {
    redis::cmd(command).arg(words).query_async(connection).await.unwrap()
}

async fn text(connection: &mut ConnectionManager, key: &str, part: &str) -> Value {
    if part.ends_with(":lock") {
        return json!("<token>");
    }
    json!(command::<String>(connection, "GET", &[key]).await)
}

async fn hash(connection: &mut ConnectionManager, key: &str, part: &str) -> Value {
    let fields: BTreeMap<String, String> = command(connection, "HGETALL", &[key]).await;
    let is_occurrence = part.starts_with("repeat:");
    let fields = fields.into_iter().filter(|(name, _)| !OUR_FIELDS.contains(&name.as_str()));
    let plain = fields.map(|(name, value)| {
        let value = match name.as_str() {
            "timestamp" | "processedOn" | "finishedOn" | "retriedOn" => time(&value),
            "delay" if is_occurrence => time_span(&value),
            "opts" => opts(&value, is_occurrence),
            // The lines after the first are places in the code.
            "stacktrace" => {
                let stacks: Vec<String> = serde_json::from_str(&value).unwrap();
                json!(stacks.iter().map(|stack| stack.lines().next()).collect::<Vec<_>>())
            }
            _ => json!(value),
        };
        (name, value)
    });
    json!(plain.collect::<BTreeMap<_, _>>())
}

fn time(text: &str) -> Value {
    let time: f64 = text.parse().unwrap_or_else(|_| panic!("{text:?} is no time"));
    assert!((now_ms() - time).abs() < 172_800_000.0, "{text} is no time of these days");
    json!("<ms>")
}

fn time_span(text: &str) -> Value {
    assert!(text.parse::<u64>().is_ok(), "{text:?} is no time span");
    json!("<span>")
}

fn opts(text: &str, is_occurrence: bool) -> Value {
    let mut opts: Value = serde_json::from_str(text).unwrap();
    opts["timestamp"] = time(&opts["timestamp"].to_string());
    let fields = opts.as_object_mut().unwrap();
    // Two ways to write one thing.
    fields.retain(|name, value| {
        !matches!(name.as_str(), "lifo" | "priority") || (*value != false && *value != 0)
    });
    for name in ["removeOnComplete", "removeOnFail"] {
        let Some(keep) = fields.get_mut(name) else { continue };
        if *keep == -1 {
            *keep = json!(false);
        } else if let Some(count) = keep.get("count").filter(|_| keep.get("age").is_none()) {
            *keep = count.clone();
        }
    }
    if is_occurrence {
        opts["delay"] = time_span(&opts["delay"].to_string());
    }
    opts
}

async fn sorted_set(
    connection: &mut ConnectionManager,
    base: &str,
    key: &str,
    part: &str,
    now: f64,
) -> Value {
    let range: Vec<(String, f64)> = redis::cmd("ZRANGE")
        .arg(key)
        .arg(0)
        .arg(-1)
        .arg("WITHSCORES")
        .query_async(connection)
        .await
        .unwrap();
    let mut members = Vec::new();
    for (id, score) in range {
        let job = format!("{base}{id}");
        let mut field = async |name: &str| -> Option<f64> {
            let text: Option<String> = command(connection, "HGET", &[&job, name]).await;
            text.and_then(|text| text.parse().ok())
        };
        let means = match part {
            "completed" | "failed" if field("finishedOn").await == Some(score) => {
                json!("finishedOn")
            }
            "delayed" => {
                let (due, low) = ((score / 4096.0).floor(), score % 4096.0);
                let added = field("timestamp").await.unwrap_or(0.0);
                let delay = field("delay").await.unwrap_or(0.0);
                let when = if id.starts_with("repeat:") {
                    json!(due)
                } else if delay > 0.0 && due - added - delay == 0.0 {
                    json!("timestamp + delay")
                } else {
                    json!(format!("in {} min", ((due - now) / 60_000.0).round()))
                };
                json!({ "due": when, "low": low })
            }
            _ => json!(score),
        };
        members.push(json!([id, means]));
    }
    if matches!(part, "completed" | "failed") {
        // Two that end within a millisecond stand in the order of their ids; the events tell.
        members.sort_by_key(Value::to_string);
    }
    json!(members)
}
