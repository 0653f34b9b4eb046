//! The panels as HTML, without a browser, in both languages. `UPDATE_EXPECT=1 cargo test --test panels` rewrites the snapshots; the diff
//! is read before it is committed.

#[path = "panels/store.rs"]
mod store;

use std::{fs, path::PathBuf, rc::Rc};

use tokio::task::LocalSet;
use warren::{
    action::{Action, Selection},
    panels::{
        self, code, console, consumers, contents, events, inspector,
        keys::{self, ElementRow, Mark},
        queues, trips,
    },
    say::Teller,
    text::{Language, Text, fill},
};
use warren_sim::{
    amqp::event::MessageId,
    bytes::Bytes,
    event::{ProcessId, What},
    input::Input,
    lesson::Lesson,
    lessons::{self, Entry},
    session::Session,
};
use yew::{BaseComponent, Callback, LocalServerRenderer};

const LANGUAGES: [Language; 2] = [Language::English, Language::Chinese];

/// Two workers; the first one is killed while it works on message 1, the second one stays.
const WORK: &str = "start worker_1 receive queue=tasks durable work=1s prefetch=1
start worker_2 receive queue=tasks durable work=2s prefetch=1
start new_task send queue=tasks durable persistent \"body=task {n}\" count=4 every=100ms
run until working worker_1 1 and ready tasks 2
kill worker_1";
/// The broker notices.
const REQUEUED: &str = "run until unacked tasks 1";

/// Two queues that hear of different things, and one message that only the first wants.
const TOPICS: &str = "start all receive exchange=logs type=topic key=*.critical,kern.#
start few receive exchange=logs type=topic key=cron.*.late
run idle
start emit send exchange=logs type=topic key=kern.critical \"body=A kernel error\"
run idle";

/// Somebody tries to be clever.
const SCRIPTED: &str = "amqp eve queue.declare queue=\"<script>alert(0)</script>\"
amqp eve basic.publish routing_key=\"<script>alert(0)</script>\" body=\"<script>alert(1)</script>\" correlation_id=\"<script>\"
run idle
redis SET \"<script>alert(2)</script>\" \"<script>alert(3)</script>\"
redis <script>alert(4)</script>
start \"<img src=x>\" send queue=q \"body=<b>bold</b>\"
run idle";

/// Bindings that ask for headers: one with another value, one that is missing, one that is there whatever its value, and one that matches.
const HEADERS: &str = "amqp you exchange.declare exchange=docs type=headers
amqp you queue.declare queue=pdf
amqp you queue.declare queue=big
amqp you queue.declare queue=signed
amqp you queue.declare queue=all
amqp you queue.bind queue=pdf exchange=docs arguments={x-match=\"all\", type=\"report\", format=\"pdf\"}
amqp you queue.bind queue=big exchange=docs arguments={size=3}
amqp you queue.bind queue=signed exchange=docs arguments={signature=void}
amqp you queue.bind queue=all exchange=docs arguments={type=\"report\"}
amqp you basic.publish exchange=docs headers={type=\"report\", format=\"zip\"} body=x
run idle";

/// A session after a script, at the moment the script ends.
fn session(script: &str) -> Session {
    let lesson = Lesson::parse("# Test\nid: test\n\n## Chapter\nNothing.\n").expect("a lesson");
    let mut session = Session::new(Rc::new(lesson), 1);
    session.run(script).expect("a script");
    session
}

/// What a component prints, one tag a line.
fn html<C: BaseComponent>(props: C::Properties) -> String
where
    C::Properties: 'static,
{
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let render = LocalServerRenderer::<C>::with_props(props).hydratable(false).render();
    indent(&LocalSet::new().block_on(&runtime, render))
}

/// One element a line, indented by its depth; an element that holds only text stays on one line.
fn indent(html: &str) -> String {
    let mut out = String::new();
    let mut depth = 0_usize;
    let mut rest = html;
    while !rest.is_empty() {
        let end = if rest.starts_with('<') {
            rest.find('>').map_or(rest.len(), |at| at + 1)
        } else {
            rest.find('<').unwrap_or(rest.len())
        };
        let (piece, after) = rest.split_at(end);
        rest = after;
        if piece.starts_with("</") {
            depth = depth.saturating_sub(1);
        }
        let is_open = piece.starts_with('<')
            && !piece.starts_with("</")
            && !piece.starts_with("<input")
            && !piece.ends_with("/>");
        out.push_str(&"  ".repeat(depth));
        out.push_str(piece);
        if is_open {
            // <td>text</td> reads best in one line.
            let text = rest.find('<').unwrap_or(0);
            if rest[text..].starts_with("</") {
                let close = rest[text..].find('>').map_or(rest.len(), |at| text + at + 1);
                out.push_str(&rest[..close]);
                rest = &rest[close..];
            } else {
                depth += 1;
            }
        }
        out.push('\n');
    }
    out
}

fn check(name: &str, language: Language, found: &str) {
    let path =
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("tests/snapshots/{name}.{}.txt", language.code()));
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        fs::write(&path, found).expect("a snapshot can be written");
        return;
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    assert!(expected == found, "{} has changed; UPDATE_EXPECT=1 rewrites it. Now it is:\n{found}", path.display());
}

fn on() -> Callback<Action> {
    Callback::noop()
}

fn queue_room(session: &Session, selection: &Selection, text: &'static Text) -> String {
    let queues = queues::view(session, selection, text);
    let consumers = consumers::view(session, text);
    let contents = contents::view(session, selection, text);
    html::<queues::Queues>(queues::Props { view: queues, text, on: on() })
        + &html::<consumers::Consumers>(consumers::Props { view: consumers, text, on: on() })
        + &html::<contents::Contents>(contents::Props { view: contents, text, on: on(), pointed: Some(MessageId(2)) })
}

fn inspect(session: &Session, selection: Selection, text: &'static Text) -> String {
    let view = inspector::view(session, &selection, text);
    html::<inspector::Inspector>(inspector::Props { view, text, on: on(), pointed: None })
}

fn log(session: &Session, text: &'static Text) -> String {
    html::<events::Events>(events::Props { view: events::view(session, text), text, on: on(), pointed: None })
}

fn console_of(session: &Session, text: &'static Text) -> String {
    html::<console::ConsolePanel>(console::Props { view: console::view(session, 1), text, on: on() })
}

fn keys_of(session: &Session, text: &'static Text) -> String {
    html::<keys::Keys>(keys::Props { view: keys::view(session, 1), text, on: on() })
}

fn code_of(session: &Session, process: u32, text: &'static Text) -> String {
    html::<code::Code>(code::Props { view: code::view(session, Some(ProcessId(process))), text, on: on() })
}

#[test]
fn queues_consumers_and_contents() {
    let session = session(WORK);
    for language in LANGUAGES {
        let (text, message) = (language.text(), Selection::Message(MessageId(1)));
        check(
            "queues",
            language,
            &(queue_room(&session, &Selection::Nothing, text) + &inspect(&session, message, text)),
        );
    }
}

#[test]
fn empty_panels_say_what_would_fill_them() {
    let session = session("");
    for language in LANGUAGES {
        let text = language.text();
        let all = queue_room(&session, &Selection::Nothing, text)
            + &log(&session, text)
            + &console_of(&session, text)
            + &keys_of(&session, text)
            + &code_of(&session, 0, text)
            + &inspect(&session, Selection::Nothing, text);
        check("empty", language, &all);
    }
}

#[test]
fn the_log() {
    let session = session(WORK);
    for language in LANGUAGES {
        check("events", language, &log(&session, language.text()));
    }
}

#[test]
fn the_code() {
    let session = session(WORK);
    for language in LANGUAGES {
        let text = language.text();
        check("code", language, &(code_of(&session, 0, text) + &code_of(&session, 1, text)));
    }
}

#[test]
fn the_inspector() {
    let mut session = session(WORK);
    session.run(REQUEUED).expect("a script");
    for language in LANGUAGES {
        let text = language.text();
        let all: Vec<String> = [
            Selection::Nothing,
            Selection::Message(MessageId(1)),
            Selection::Message(MessageId(2)),
            Selection::Message(MessageId(99)),
            Selection::Queue("tasks".into()),
            Selection::Queue("nobody".into()),
            Selection::Exchange("".into()),
            Selection::Exchange("amq.topic".into()),
            Selection::Process(ProcessId(0)),
            Selection::Process(ProcessId(1)),
        ]
        .into_iter()
        .map(|selection| inspect(&session, selection, text))
        .collect();
        check("inspector", language, &all.join("\n"));
    }
}

#[test]
fn why_a_message_is_not_elsewhere() {
    let session = session(TOPICS);
    for language in LANGUAGES {
        let view = inspector::view(&session, &Selection::Message(MessageId(1)), language.text());
        check("elsewhere", language, &format!("{view:#?}\n"));
    }
}

#[test]
fn the_header_that_keeps_a_message_away_is_named() {
    let session = session(HEADERS);
    for language in LANGUAGES {
        let view = inspector::view(&session, &Selection::Message(MessageId(1)), language.text());
        check("elsewhere_headers", language, &format!("{view:#?}\n"));
    }
}

#[test]
fn the_console() {
    let session =
        session("redis SET foo bar\nredis GET\nredis LRANGE foo\nredis SELECT 3\nredis MGET a b\nredis help getbit");
    for language in LANGUAGES {
        check("console", language, &console_of(&session, language.text()));
    }
}

#[test]
fn hints_shrink_with_each_argument() {
    assert_eq!(console::hint("setrange"), " key offset value");
    assert_eq!(console::hint("SETRANGE k "), "offset value");
    assert_eq!(console::hint("nosuch "), "");
}

#[test]
fn tab_completes_commands_and_keys() {
    let keys = ["foo".to_string(), "fool".to_string(), "武沛齐".to_string()];
    assert_eq!(console::complete("setr", &keys).as_deref(), Some("setrange "));
    assert_eq!(console::complete("SETR", &keys).as_deref(), Some("SETRANGE "));
    assert_eq!(console::complete("bitf", &keys).as_deref(), Some("bitfield"));
    assert_eq!(console::complete("GET fo", &keys).as_deref(), Some("GET foo"));
    assert_eq!(console::complete("GET foo", &keys), None);
    assert_eq!(console::complete("GET 武", &keys).as_deref(), Some("GET 武沛齐 "));
    assert_eq!(console::complete("GET ", &keys), None);
    assert_eq!(console::complete("SET k v KEEP", &keys).as_deref(), Some("SET k v KEEPTTL "));
    assert_eq!(console::complete("object enc", &keys).as_deref(), Some("object ENCODING "));
    assert_eq!(console::warning("get k", 9, Language::English.text()), None);
    assert!(console::warning(" FlushAll", 9, Language::English.text()).is_some_and(|text| text.contains('9')));
    assert!(
        console::warning("keys *", 9, Language::English.text()).is_none()
            && console::warning("keys *", 5_000, Language::English.text()).is_some()
    );
    assert_eq!(console::complete("zzz", &keys), None);
    assert_eq!(console::complete("", &keys), None);
}

#[test]
fn the_console_completes_what_redis_cli_offers() {
    let path = format!("{}/tests/console/completions.txt", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).expect("cargo xtask record redis --console wrote it");
    for line in text.lines() {
        let (typed, offered) = line.strip_prefix('[').and_then(|line| line.split_once(']')).expect("brackets");
        // redis-cli shows one after the other; the page goes as far as all of them go.
        let shared = offered.split('|').map(str::to_ascii_lowercase).reduce(|a, b| {
            let same = a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count();
            a[..same].to_string()
        });
        let ours = console::complete(typed, &[]).map(|line| line.trim_end().to_ascii_lowercase());
        let expected = shared.filter(|shared| !shared.is_empty()).unwrap_or_default();
        assert_eq!(
            ours.unwrap_or_else(|| typed.trim_end().to_ascii_lowercase()),
            match expected.is_empty() {
                true => typed.to_ascii_lowercase(),
                false => expected.trim_end().to_string(),
            },
            "{line}"
        );
    }
}

#[test]
fn keys_and_their_bits() {
    let session = session("redis SET name 武沛齐 EX 90\nredis SET foo foo\nwait 500ms\nredis SETBIT foo 7 1");
    for language in LANGUAGES {
        check("keys", language, &keys_of(&session, language.text()));
    }
    let rows = keys::view(&session, 1).rows;
    let foo = &rows[0];
    assert_eq!((&*foo.value.text, foo.bytes[0].changed, foo.bytes[1].changed), ("goo", 1, 0));
    assert_eq!((rows[1].bytes.len(), rows[1].ttl.as_deref()), (9, Some("89.5")));
}

#[test]
fn script_in_bodies_and_keys_is_plain_text() {
    let session = session(SCRIPTED);
    let text = Language::English.text();
    let mut all = queue_room(&session, &Selection::Nothing, text)
        + &log(&session, text)
        + &console_of(&session, text)
        + &keys_of(&session, text)
        + &code_of(&session, 0, text);
    for selection in [
        Selection::Message(MessageId(1)),
        Selection::Queue("<script>alert(0)</script>".into()),
        Selection::Exchange("<script>".into()),
        Selection::Process(ProcessId(0)),
    ] {
        all += &inspect(&session, selection, text);
    }
    check("script", Language::English, &all);
    for tag in ["<script", "<img", "<b>"] {
        assert!(!all.contains(tag), "{tag} became a tag");
    }
    for number in 0..=4 {
        assert!(
            all.contains(&format!("&lt;script&gt;alert({number})&lt;/script&gt;")),
            "alert({number}) is shown as text"
        );
    }
}

/// Each mode does what RabbitMQ's management UI does with it.
#[test]
fn getting_messages_by_hand() {
    // Mode, and then what is left: ready copies, and whether the head is marked redelivered.
    let modes = [(0, 1, true), (1, 0, false), (2, 1, true), (3, 0, false)];
    for (mode, ready, redelivered) in modes {
        let mut session = session("start send send queue=q\nrun idle");
        let view = contents::view(&session, &Selection::Nothing, Language::English.text());
        for input in contents::get(&Bytes::from("q"), mode, view.next_tag) {
            assert!(session.submit(input));
        }
        session.run("run idle").expect("a script");
        let view = contents::view(&session, &Selection::Nothing, Language::English.text());
        assert_eq!(view.rows.len(), ready, "mode {mode}");
        assert!(view.rows.iter().all(|row| row.redelivered == redelivered && row.holder.is_none()), "mode {mode}");
        assert!(view.answers.iter().any(|answer| answer.contains("basic.get-ok")), "mode {mode}: {:?}", view.answers);
    }
}

/// A second get, sent while the first is still on its way, refuses the right message; an empty queue is no error.
#[test]
fn getting_twice_at_once_and_from_an_empty_queue() {
    let text = Language::English.text();
    let mut session = session("start send send queue=q count=2 every=10ms\nrun idle");
    for _ in 0..2 {
        let tag = contents::view(&session, &Selection::Nothing, text).next_tag;
        for input in contents::get(&Bytes::from("q"), 3, tag) {
            assert!(session.submit(input));
        }
    }
    for input in contents::get(&Bytes::from("q"), 0, 3) {
        assert!(session.submit(input));
    }
    session.run("run idle").expect("a script");
    let view = contents::view(&session, &Selection::Nothing, text);
    assert_eq!(view.rows.len(), 0);
    let world = session.world();
    assert!(world.clients().iter().all(|client| client.channel_open), "{:?}", view.answers);
}

#[test]
fn only_so_many_rows_are_printed() {
    let session = session("start send send queue=q count=130 every=1ms\nrun idle");
    let view = contents::view(&session, &Selection::Nothing, Language::English.text());
    assert_eq!((view.rows.len(), view.more), (100, 30));
    let view = events::view(&session, Language::English.text());
    assert_eq!(view.everything.rows.len(), 200);
    let all = session.timeline().events(0, session.timeline().position()).len();
    assert_eq!(view.everything.earlier, all - 200);
}

#[test]
fn what_the_learner_did_is_marked() {
    let lesson =
        Lesson::parse("# Test\nid: test\n\n## Chapter\nNothing.\n```do\nstart send send queue=q\nrun idle\n```\n")
            .expect("a lesson");
    let mut session = Session::new(Rc::new(lesson), 1);
    session.seek_end();
    assert!(session.submit(Input::BrokerStop));
    let rows = events::view(&session, Language::English.text()).everything.rows;
    let own: Vec<&str> = rows.iter().filter(|row| row.own).map(|row| &*row.sentence).collect();
    assert_eq!(own, ["The broker was stopped"]);
}

/// Every event of every lesson, and every selection at its end, is told in words of its language and leaves no place unfilled.
#[test]
fn every_lesson_can_be_told() {
    for (Entry { id, .. }, [english, chinese]) in lessons::all() {
        for (language, markdown) in [(Language::English, english), (Language::Chinese, chinese)] {
            let lesson = Lesson::parse(markdown).unwrap_or_else(|fault| panic!("{id}: {fault}"));
            let seed = lesson.seed;
            let mut session = Session::new(Rc::new(lesson), seed);
            session.seek_end();
            let text = language.text();
            let teller = Teller::new(&session, text);
            for event in session.timeline().events(0, session.timeline().length()) {
                let sentence = teller.event(event);
                let printed = matches!(event.what, What::LineRan { .. } | What::Answered { .. } | What::Amqp(_));
                // A connection to the store has no name, only its number.
                let numbered = matches!(event.what, What::Trip(_));
                assert!(!sentence.is_empty() && (printed || !sentence.contains("{")), "{id}: {sentence}");
                let nameless =
                    |digit: u32| sentence.contains(&fill(text.language.say().somebody, &[&digit.to_string()]));
                assert!(numbered || !(0..10).any(nameless), "{id}: who is that? {sentence}");
            }
            for message in 1..=session.world().published() {
                let view = inspector::view(&session, &Selection::Message(MessageId(message)), text);
                assert!(view.sections.len() >= 3, "{id}: message {message} has a way, a body and a place: {view:#?}");
            }
            assert_eq!(panels::tabs(text).len(), 5);
        }
    }
}
