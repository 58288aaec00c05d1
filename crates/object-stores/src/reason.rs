//! Error messages of stores.

/// The address at which a cloud's virtual machine obtains its credentials.
const METADATA: [&str; 2] = ["169.254.169.254", "metadata.google.internal"];

/// Advice if there are no credentials.
const NO_CREDENTIALS: &str = "there are no credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (for Azure \
     AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY, for Google GOOGLE_SERVICE_ACCOUNT); this machine \
     has no role of a cloud either";

/// The store's error with its causes, of which `object_store` shows only the outermost.
#[must_use]
pub fn reason(error: &object_store::Error) -> String {
    let text = http_requests::with_causes(error);
    if METADATA.iter().any(|address| text.contains(address)) {
        return NO_CREDENTIALS.into();
    }
    in_words(&text)
}

/// The text with code and message instead of the XML of S3 and Azure. The rest of it (request ids, the
/// signed text) is of no use here.
fn in_words(text: &str) -> String {
    let Some(start) = text.find("<Error>") else { return text.into() };
    let (xml, rest) = match text[start..].split_once("</Error>") {
        Some((xml, rest)) => (xml, rest),
        None => (&text[start..], ""),
    };
    let words: Vec<String> =
        ["Code", "Message"].iter().filter_map(|name| element(xml, name)).collect();
    if words.is_empty() {
        return text.into();
    }
    let before = text[..start].trim_end();
    let before = match before.rfind("<?xml") {
        Some(declaration) if before.ends_with("?>") => &before[..declaration],
        _ => before,
    };
    let before = before.trim_end_matches('\u{feff}').trim_end();
    format!("{before} {}{}", words.join(": "), rest.trim_end())
}

fn element(xml: &str, name: &str) -> Option<String> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    let (text, _) = rest.split_once(&format!("</{name}>"))?;
    let text = ["&lt;", "<", "&gt;", ">", "&quot;", "\"", "&apos;", "'", "&amp;", "&"]
        .chunks(2)
        .fold(text.to_owned(), |text, pair| text.replace(pair[0], pair[1]));
    // Azure's message is followed by lines about the request.
    Some(text.lines().next().unwrap_or_default().trim().to_owned())
}

/// Whether the store could not be reached, as far as the error tells.
#[must_use]
pub fn is_unreachable(error: &object_store::Error) -> bool {
    let reason = reason(error);
    let is_network = ["error sending request", "operation timed out", "Connect"];
    is_network.iter().any(|text| reason.contains(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn xml_is_told_in_words() {
        let error = "Server returned non-2xx status code: 404 Not Found: <?xml version=\"1.0\"?>\n<Error>\
                     <Code>NoSuchBucket</Code><Message>The bucket &quot;a&amp;b&quot; does not exist</Message>\
                     <RequestId>0A49CE4060975EAC</RequestId></Error>";
        assert_eq!(
            in_words(error),
            "Server returned non-2xx status code: 404 Not Found: NoSuchBucket: The bucket \"a&b\" does not exist"
        );
        let azure = "403: \u{feff}<?xml version=\"1.0\" encoding=\"utf-8\"?><Error><Code>AuthenticationFailed</Code>\
                     <Message>Server failed to authenticate.\nRequestId:7</Message></Error> (once)";
        assert_eq!(
            in_words(azure),
            "403: AuthenticationFailed: Server failed to authenticate. (once)"
        );
        for other in ["no XML", "<Error>", "<html><Error>x</Error></html>"] {
            assert_eq!(in_words(other), other);
        }
    }

    #[test]
    fn missing_credentials_are_told_by_their_variables() {
        let source =
            "Error performing PUT http://169.254.169.254/latest/api/token: error sending request"
                .into();
        let error = object_store::Error::Generic { store: "S3", source };
        assert!(reason(&error).contains("set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"));
        assert!(!is_unreachable(&error));
    }
}
