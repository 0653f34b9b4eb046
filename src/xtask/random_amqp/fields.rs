//! Draws what is in tables: the arguments of queues, headers, properties, policies.

use super::draw::{Draw, NOTHING};

/// Arguments that quorum queues refuse.
const CLASSIC_ONLY: &[&str] = &["x-max-priority", "x-queue-mode", "x-queue-type"];

impl Draw {
    pub(super) fn table(&mut self) -> String {
        let mut fields: Vec<String> = Vec::new();
        for name in ["h", "k", "x-h"] {
            let value = self.one(&["1", "2", "\"1\"", "true", "void", "1L", "1.5", "{n=1}"]);
            if self.chance(45) {
                fields.push(format!("{name}={value}"));
            }
        }
        if self.chance(45) {
            let how = self.one(&["all", "any", "all-with-x", "any-with-x", "any"]);
            fields.push(format!("x-match={how}"));
        }
        if self.about("errors") && self.chance(3) {
            fields.retain(|field| !field.starts_with("x-match"));
            let wrong = self.one(&["x-match=some", "x-match=1"]);
            fields.push(wrong.to_string());
        }
        format!("{{{}}}", fields.join(", "))
    }

    pub(super) fn queue_flags(&mut self) -> String {
        if self.is_quorum || self.is_stream {
            return " durable".to_string();
        }
        let exclusive = if self.about("exclusive") { self.maybe(25, " exclusive") } else { String::new() };
        let auto_delete = if self.about("auto-delete") { self.maybe(30, " auto_delete") } else { String::new() };
        self.maybe(if self.kind.restarts { 60 } else { 15 }, " durable")
            + &exclusive
            + &auto_delete
            + &self.maybe(3, " nowait")
    }

    pub(super) fn queue_arguments(&mut self) -> String {
        let mut fields: Vec<String> = Vec::new();
        if std::mem::take(&mut self.is_stream) {
            let age = self.maybe(20, ", x-max-age=\"1h\"");
            return format!(" arguments={{x-queue-type=stream{age}}}");
        }
        let is_quorum = std::mem::take(&mut self.is_quorum);
        let mut add = |draw: &mut Draw, theme: &str, percent, name: &str, values: &[&str]| {
            let fits = !is_quorum || !CLASSIC_ONLY.contains(&name);
            if fits && draw.about(theme) && draw.chance(percent) {
                let value = draw.one(values);
                fields.push(format!("{name}={value}"));
            }
        };
        add(self, "limits", 45, "x-max-length", &["1", "2", "3", "3", "0", "2L"]);
        add(self, "limits", 20, "x-max-length-bytes", &["10", "4", "30"]);
        add(self, "limits", 45, "x-overflow", &["reject-publish", "drop-head", "reject-publish-dlx"]);
        add(
            self,
            "dead letters",
            55,
            "x-dead-letter-exchange",
            &["\"\"", "\"\"", "amq.fanout", "x1", "x2", "amq.topic", "nope"],
        );
        add(self, "dead letters", 40, "x-dead-letter-routing-key", &["q1", "q2", "q3", "a.b"]);
        add(self, "priority", 45, "x-max-priority", &["3", "5", "1", "0", "255"]);
        add(self, "sac", 55, "x-single-active-consumer", &["true", "true", "false"]);
        let ttl: &[&str] = if self.kind.timed { &["400", "1400", "0", "400"] } else { &["3600000", "0"] };
        add(self, "ttl", 40, "x-message-ttl", ttl);
        add(self, "ttl", 12, "x-expires", if self.kind.timed { &["600", "3600000"] } else { &["3600000"] });
        add(self, "errors", 4, "x-max-length", &["-1", "many", "true"]);
        add(self, "errors", 3, "x-queue-mode", &["lazy", "default", "other"]);
        add(self, "errors", 2, "x-queue-type", &["classic", "other", "1"]);
        add(self, "errors", 2, "x-unknown", &["1", "void"]);
        if is_quorum {
            add(self, "quorum", 35, "x-delivery-limit", &["1", "2", "0", "5"]);
        }
        fields.dedup_by_key(|field| field.split('=').next().map(str::to_string));
        if self.chance(35) {
            // Declarations that say the same are wanted too.
            fields.clear();
        }
        if is_quorum && self.about("letters at least once") && self.chance(70) {
            let beside = ["x-overflow", "x-dead-letter-exchange", "x-dead-letter-strategy"];
            fields.retain(|field| !beside.iter().any(|name| field.starts_with(name)));
            let exchange = self.one(&["\"\"", "\"\"", "amq.fanout", "x1", "amq.topic", "nope"]);
            fields.push("x-overflow=reject-publish".to_string());
            fields.push(format!("x-dead-letter-exchange={exchange}"));
            fields.push("x-dead-letter-strategy=at-least-once".to_string());
        }
        if is_quorum {
            fields.push("x-queue-type=quorum".to_string());
        }
        if fields.is_empty() { String::new() } else { format!(" arguments={{{}}}", fields.join(", ")) }
    }

    /// Definitions with one policy.
    pub(super) fn policy(&mut self) -> String {
        let mut fields: Vec<String> = Vec::new();
        let rows: &[(u64, &str, &[&str])] = &[
            (40, "max-length", &["1", "2", "3", "5"]),
            (15, "max-length-bytes", &["4", "10", "30"]),
            (30, "overflow", &["\"reject-publish\"", "\"drop-head\""]),
            (35, "dead-letter-exchange", &["\"\"", "\"amq.fanout\"", "\"x1\"", "\"x2\""]),
            (25, "dead-letter-routing-key", &["\"q1\"", "\"q2\"", "\"a.b\""]),
            (25, "alternate-exchange", &["\"amq.fanout\"", "\"x2\"", "\"nope\""]),
            (15, "message-ttl", &["3600000"]),
            (8, "expires", &["3600000"]),
            (15, "delivery-limit", &["1", "2"]),
        ];
        for (percent, name, values) in rows {
            if self.chance(*percent) {
                fields.push(format!("\"{name}\": {}", self.one(values)));
            }
        }
        if fields.is_empty() {
            return NOTHING.to_string();
        }
        let name = self.one(&["p1", "p2"]);
        let pattern = self.one(&["^q", "q1", "^[qx][12]$", ".*", "^x", "3$"]);
        // Of two policies of one priority either may win.
        let priority = self.one(if name == "p1" { &["0", "2"] } else { &["1", "3"] });
        let applies = self.one(&["all", "queues", "queues", "exchanges"]);
        format!(
            "{{\"policies\": [{{\"vhost\": \"/\", \"name\": \"{name}\", \"pattern\": \"{pattern}\", \"definition\": {{{}}}, \
             \"priority\": {priority}, \"apply-to\": \"{applies}\"}}]}}",
            fields.join(", ")
        )
    }

    pub(super) fn properties(&mut self) -> String {
        let mut text = String::new();
        if self.kind.restarts || self.chance(10) {
            text += &self.maybe(60, " delivery_mode=2");
        }
        if self.about("priority") && self.chance(60) {
            text += &format!(" priority={}", self.one(&["0", "1", "2", "5", "9", "255"]));
        }
        if self.about("ttl") && self.chance(30) {
            let own: &[&str] = if self.kind.timed { &["400", "1400", "0", "100000"] } else { &["0", "100000"] };
            text += &format!(" expiration=\"{}\"", self.one(own));
        }
        if self.about("errors") && self.chance(2) {
            let wrong = [" expiration=abc", " user_id=guest", " user_id=other", " delivery_mode=3", " headers={CC=q1}"];
            return self.one(&wrong).to_string();
        }
        if self.about("cc") && self.chance(40) {
            let (cc, key) = (self.one(&["CC", "CC", "BCC"]), self.one(&["q1", "q2", "q3", "a.b"]));
            text += &format!(" headers={{{cc}=[{key}]}}");
        } else if self.chance(8) {
            text += &format!(" headers={}", self.table());
        }
        if self.chance(6) {
            text += self.one(&[
                " content_type=text/plain",
                " correlation_id=c1 reply_to=q1",
                " type=t app_id=x timestamp=5",
            ]);
        }
        text
    }
}
