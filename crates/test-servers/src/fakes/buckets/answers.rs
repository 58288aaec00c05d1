//! XML answers of S3.

use axum::body::Body;
use axum::http::{Response, StatusCode, header};

/// An answer in XML.
pub(super) fn xml(text: &str) -> Response<Body> {
    with(200, format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>{text}"))
}

/// An error in S3's format.
pub(super) fn error(status: u16, code: &str) -> Response<Body> {
    with(status, format!("<Error><Code>{code}</Code><Message>{code}</Message></Error>"))
}

pub(super) fn denied() -> Response<Body> {
    error(403, "AccessDenied")
}

pub(super) fn empty(status: u16) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or_default();
    response
}

fn with(status: u16, text: String) -> Response<Body> {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or_default();
    let kind = header::HeaderValue::from_static("application/xml");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// The texts of all elements of this name.
pub(super) fn elements(xml: &str, name: &str) -> Vec<String> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    xml.split(open.as_str())
        .skip(1)
        .filter_map(|rest| rest.split(close.as_str()).next())
        .map(|text| {
            text.replace("&lt;", "<")
                .replace("&gt;", ">")
                .replace("&quot;", "\"")
                .replace("&apos;", "'")
                .replace("&amp;", "&")
        })
        .collect()
}
