//! The `.env` file.

/// Loads `.env` from this directory or one above, unless `NODE_ENV` is `production` or `test`.
/// Variables that are set already stay as they are.
///
/// # Errors
/// A sentence that names the file and the line that cannot be read.
pub fn load() -> Result<(), String> {
    if matches!(std::env::var("NODE_ENV").as_deref(), Ok("production" | "test")) {
        return Ok(());
    }
    match dotenvy::dotenv() {
        Ok(_) => Ok(()),
        Err(error) if error.not_found() => Ok(()),
        // The line may hold a secret: it is not repeated.
        Err(dotenvy::Error::LineParse(_, at)) => Err(format!(
            ".env: a line cannot be read (at character {at}); expected NAME=value, with quotes \
             around a value that holds spaces or JSON"
        )),
        Err(error) => Err(format!(".env: {error}")),
    }
}
