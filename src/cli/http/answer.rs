//! What a call answers.

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::HeaderValue;
use hyper::{Response, StatusCode};
use serde_json::{Value, json};

/// A status, a body, and where something new is.
#[derive(Clone, Debug)]
pub struct Answer {
    status: u16,
    body: Option<String>,
    location: Option<String>,
    /// The methods of the path, where the call had another one.
    methods: Option<&'static str>,
    is_challenge: bool,
    /// Whether the body is a page, and not JSON.
    is_page: bool,
}

impl Answer {
    fn new(status: u16, body: Option<String>) -> Self {
        Answer { status, body, location: None, methods: None, is_challenge: false, is_page: false }
    }

    /// What was asked for.
    pub fn json(value: Value) -> Self {
        Answer::new(200, Some(value.to_string()))
    }

    /// What was asked for, as JSON that is written already.
    pub fn text(json: String) -> Self {
        Answer::new(200, Some(json))
    }

    /// It was not there and is made.
    pub fn created() -> Self {
        Answer::new(201, None)
    }

    /// It was not there and is made; this is where.
    pub fn created_at(location: String) -> Self {
        Answer { location: Some(location), ..Answer::created() }
    }

    /// Done, nothing to say.
    pub fn done() -> Self {
        Answer::new(204, None)
    }

    fn error(status: u16, error: &str, reason: Value) -> Self {
        Answer::new(status, Some(json!({"error": error, "reason": reason}).to_string()))
    }

    /// The call is wrong.
    pub fn bad_request(reason: impl Into<Value>) -> Self {
        Answer::error(400, "bad_request", reason.into())
    }

    /// What the path names is not there.
    pub fn not_found() -> Self {
        Answer::error(404, "Object Not Found", "Not Found".into())
    }

    /// Something that is needed is not there.
    pub fn missing(reason: impl Into<Value>) -> Self {
        Answer::error(404, "not_found", reason.into())
    }

    /// What a browser sees, and whoever looks whether somebody is there.
    pub fn welcome() -> Self {
        let page = "<!DOCTYPE html>\n<title>Warren</title>\n<p>Management calls as RabbitMQ answers them: <a href=\"api/overview\">api/overview</a>\n";
        Answer { is_page: true, ..Answer::text(page.to_string()) }
    }

    /// There is no such path. RabbitMQ looks for a file there: it takes no other method, and no name with a slash in it.
    pub fn no_file(method: &str, has_slash: bool) -> Self {
        const READ: &str = "HEAD, GET, OPTIONS";
        match method {
            "OPTIONS" => Answer::methods(READ),
            "GET" | "HEAD" if has_slash => Answer::new(400, None),
            "GET" | "HEAD" => Answer::not_found(),
            _ => Answer::not_allowed(READ),
        }
    }

    /// The head of the call cannot be read.
    pub fn malformed() -> Self {
        Answer::new(400, None)
    }

    /// The body is of a type that the path does not take.
    pub fn unsupported() -> Self {
        Answer::new(415, None)
    }

    /// The caller takes no JSON.
    pub fn not_acceptable() -> Self {
        Answer::new(406, None)
    }

    /// The broker refuses it to everybody.
    pub fn refused() -> Self {
        Answer::error(401, "not_authorised", "Access refused.".into())
    }

    /// It is not for this user.
    pub fn refused_because(reason: &str) -> Self {
        Answer::error(401, "not_authorised", reason.into())
    }

    /// Nobody is logged in.
    pub fn unauthorised(is_tried: bool) -> Self {
        let answer = Answer::error(401, "not_authorized", "Login failed".into());
        let body = answer.body.filter(|_| is_tried);
        Answer { body, is_challenge: true, ..Answer::new(401, None) }
    }

    /// The broker is stopped.
    pub fn unavailable() -> Self {
        Answer::error(503, "unavailable", "the broker is stopped: PUT /api/warren/broker {\"running\":true}".into())
    }

    /// A health check that failed, with more that it says.
    pub fn failed<const N: usize>(reason: &str, more: [(&str, Value); N]) -> Self {
        let mut body = json!({"status": "failed", "reason": reason});
        for (name, value) in more {
            body[name] = value;
        }
        Answer::new(503, Some(body.to_string()))
    }

    /// Something that the query asks for is not there to be had, with a name of its own for that.
    pub fn no_such_page(error: &str, reason: String) -> Self {
        Answer::error(400, error, reason.into())
    }

    /// The path knows other methods.
    pub fn not_allowed(methods: &'static str) -> Self {
        Answer { methods: Some(methods), ..Answer::new(405, None) }
    }

    /// The methods of a path, for who asks.
    pub fn methods(methods: &'static str) -> Self {
        Answer { methods: Some(methods), ..Answer::new(200, None) }
    }

    /// As it goes over the wire.
    pub fn response(self) -> Response<Full<Bytes>> {
        let mut response = Response::new(Full::default());
        // Every status above is one; none is read from outside.
        *response.status_mut() = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        let letters = |text: &'static str| HeaderValue::from_static(text);
        headers.insert("cache-control", letters("no-cache"));
        headers.insert("vary", letters("accept, accept-encoding, origin"));
        if self.is_challenge {
            headers.insert("www-authenticate", letters("Basic realm=\"RabbitMQ Management\""));
        }
        if let Some(methods) = self.methods {
            headers.insert("allow", letters(methods));
        }
        if let Some(location) = self.location.and_then(|location| location.parse().ok()) {
            headers.insert("location", location);
        }
        if let Some(body) = self.body {
            headers.insert("content-type", letters(if self.is_page { "text/html" } else { "application/json" }));
            *response.body_mut() = Full::from(body);
        }
        response
    }
}
