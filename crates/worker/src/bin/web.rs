//! Program `web`: a small health server on `$PORT`.

use std::process::ExitCode;

use clap::Parser;
use pipeline::config::{self, RedisOptions, RedisUrl};
use pipeline::exit;
use shared_steps::signals;
use tokio::net::TcpListener;
use worker::health;

/// Responds on a port, for platforms that require a container of type web.
///
/// `/` shows that the process is running; `/health` responds with 503 while Redis does not answer.
#[derive(Parser, Debug)]
#[command(name = "web", version, max_term_width = 100)]
struct Cli {
    /// The port to listen on, set by the platform
    #[arg(long, env, default_value_t = 8080)]
    port: u16,

    #[command(flatten)]
    redis: RedisOptions,
}

#[tokio::main]
async fn main() -> ExitCode {
    let cli = match config::parse::<Cli>() {
        Ok(cli) => cli,
        Err(code) => return code,
    };
    let redis_url = match config::checked(RedisUrl::try_from(&cli.redis)) {
        Ok(url) => url,
        Err(code) => return code,
    };
    let listener = match TcpListener::bind(("0.0.0.0", cli.port)).await {
        Ok(listener) => listener,
        Err(error) => {
            config::print_error(&format!("port {}: {error}", cli.port));
            return ExitCode::from(exit::FAILED);
        }
    };
    health::serve(listener, redis_url, signals::shutdown_token().cancelled_owned()).await;
    ExitCode::from(exit::DONE)
}
