//! The console: redis-cli's look and manners.

use warren_sim::{
    console::{Entry, Terminal},
    event::What,
    input::MAX_CONSOLES,
    redis::{
        ClientId, Console, Event, Language, completions,
        console::{INTERRUPT, Wire},
        find_command,
        view::{key_count, keys},
    },
    session::Session,
    world::EPOCH_MS,
};
use web_sys::{Element, HtmlInputElement};
use yew::prelude::*;

use super::look;
use crate::{
    action::Action,
    text::{Text, fill},
};

/// The prompt of a console that nobody has typed in yet.
const FIRST_PROMPT: &str = "127.0.0.1:6379> ";
/// What an empty console offers: the lesson's "foo becomes goo".
const EXAMPLES: [&str; 3] = ["SET foo foo", "SETBIT foo 7 1", "GET foo"];
/// The most keys that completion looks at.
const MAX_KEYS: usize = 1_000;
/// The most words that completion knows.
const MAX_WORDS: usize = 5_000;

/// The most bytes of a key's name beside a line that changed it.
const MAX_KEY_SHOWN: usize = 40;
/// The most keys that are named beside a line.
const MAX_CHANGED: usize = 8;

/// What the console shows.
#[derive(Clone, Debug, PartialEq)]
pub struct ConsoleView {
    /// What was typed and printed, oldest first.
    pub entries: Vec<EntryRow>,
    /// The prompt that waits.
    pub prompt: String,
    /// Whether hints are on: `:set nohints` takes them away.
    pub hints: bool,
    /// What a word can be completed to beside commands: the keys of the selected database, and the fields and members in them.
    pub words: Vec<String>,
    /// How many keys the selected database has.
    pub key_count: u64,
    /// Which console it is, from 1.
    pub number: u32,
    /// How many there are.
    pub consoles: u32,
    /// Whether it waits for an answer or reads messages.
    pub busy: bool,
}

/// One line that was typed.
#[derive(Clone, Debug, PartialEq)]
pub struct EntryRow {
    /// The prompt it was typed at.
    pub prompt: String,
    /// The line.
    pub line: String,
    /// What was printed, line by line.
    pub output: Vec<String>,
    /// The keys it changed.
    pub changed: Vec<String>,
    /// The bytes of its requests and replies.
    pub wires: Vec<Wire>,
}

/// What a console shows, by its number.
pub fn view(session: &Session, number: u32) -> ConsoleView {
    let world = session.world();
    let terminal = world.consoles().get(number.saturating_sub(1) as usize);
    let entries: Vec<&Entry> = terminal.iter().flat_map(|terminal| terminal.entries()).collect();
    let mut changes = changes(session, number, &entries);
    let entries = entries.into_iter().enumerate().map(|(at, entry)| EntryRow {
        prompt: entry.prompt.to_string(),
        line: entry.line.to_string(),
        output: entry.output.text().lines().map(str::to_string).collect(),
        changed: std::mem::take(&mut changes[at]),
        wires: entry.wires.clone(),
    });
    let db = world.store().selected_db(ClientId(number)).unwrap_or(0);
    let now_ms = EPOCH_MS + world.now_ms();
    let rows = keys(world.store(), db, now_ms, MAX_KEYS, 0);
    let members = rows.iter().flat_map(|row| &row.elements).map(|element| element.name.to_string());
    let mut words: Vec<String> = rows.iter().map(|row| row.key.to_string()).chain(members).collect();
    words.truncate(MAX_WORDS);
    ConsoleView {
        entries: entries.collect(),
        prompt: terminal.map_or_else(|| FIRST_PROMPT.to_string(), |terminal| terminal.prompt()),
        hints: terminal.is_none_or(|terminal| terminal.hint("get").is_some()),
        words,
        key_count: key_count(world.store(), db, now_ms),
        number,
        consoles: world.consoles().len().max(1) as u32,
        busy: terminal.is_some_and(Terminal::is_busy),
    }
}

/// The keys that each line of a console changed: what its own step says. Keys of other databases have the number of theirs.
fn changes(session: &Session, number: u32, entries: &[&Entry]) -> Vec<Vec<String>> {
    let timeline = session.timeline();
    let events = timeline.events(0, timeline.position());
    let mut found = vec![Vec::new(); entries.len()];
    let mut left = entries.len();
    for (at, event) in events.iter().enumerate().rev() {
        let What::Console { client, line } = &event.what else { continue };
        // What is not among the entries is a Ctrl-C, which belongs to the line before.
        if *client != number || left == 0 || entries[left - 1].line != *line {
            continue;
        }
        left -= 1;
        for after in events[at + 1..].iter().take_while(|after| after.cause == Some(event.id)) {
            if let What::Redis(Event::KeyChanged { db, key, .. }) = &after.what {
                let db = if *db == 0 { String::new() } else { format!("[{db}]") };
                let name = format!("{}{db}", look::shown(key, MAX_KEY_SHOWN).text);
                if !found[left].contains(&name) && found[left].len() < MAX_CHANGED {
                    found[left].push(name);
                }
            }
        }
    }
    found
}

/// With more keys than this, KEYS is asked about first.
const MANY_KEYS: u64 = 1_000;

/// Why a line should be thought over before it is sent; none for most.
pub fn warning(line: &str, key_count: u64, text: &Text) -> Option<String> {
    let t = &text.language.closed().console;
    match line.split_ascii_whitespace().next().map(str::to_ascii_lowercase).as_deref() {
        Some("flushall" | "flushdb") if key_count > 0 => Some(fill(t.warn_flush, &[&key_count.to_string()])),
        Some("keys") if key_count > MANY_KEYS => Some(fill(t.warn_keys, &[&key_count.to_string()])),
        _ => None,
    }
}

/// What stands in grey behind a line that is being typed.
pub fn hint(line: &str) -> String {
    Console::new(ClientId(1), Language::English).hint(line).unwrap_or_default()
}

/// The subcommands of a command, and the words in capitals that its syntax knows.
fn options_of(command: &str) -> Vec<String> {
    let Some(command) = find_command(command.as_bytes()) else { return Vec::new() };
    let own = |name: &'static str| name.rsplit('|').next().unwrap_or(name).to_ascii_uppercase();
    let subcommands = command.subcommands().map(|sub| own(sub.name));
    let is_option = |word: &&str| word.len() > 1 && word.chars().all(|c| c.is_ascii_uppercase() || c == '-');
    let syntax = command.syntax();
    let words = syntax.split(|c: char| !(c.is_ascii_alphabetic() || c == '-')).filter(is_option);
    subcommands.chain(words.map(str::to_string)).collect()
}

/// The line with its last word completed: a command's name first, and behind `help`, as redis-cli completes them; subcommands, options, keys,
/// fields and members after it. None when nothing or more than one thing fits and they share nothing more than is typed.
pub fn complete(line: &str, known: &[String]) -> Option<String> {
    let start = line.rfind(' ').map_or(0, |place| place + 1);
    let word = &line[start..];
    if word.is_empty() {
        return None;
    }
    let is_help = line.get(..5).is_some_and(|begin| begin.eq_ignore_ascii_case("help "));
    let names: Vec<String> = if is_help || start == 0 {
        let upper = word.starts_with(|c: char| c.is_ascii_uppercase());
        let case = |name: &str| if upper { name.to_ascii_uppercase() } else { name.to_ascii_lowercase() };
        let offered = completions(line);
        offered.iter().map(|name| case(&name[start..])).filter(|name| is_help || !name.contains(' ')).collect()
    } else {
        let command = line.split_ascii_whitespace().next().unwrap_or_default();
        let options = options_of(command)
            .into_iter()
            .filter(|option| option.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word)));
        let plain = known.iter().filter(|name| name.starts_with(word) && !name.contains(char::is_whitespace));
        options.chain(plain.cloned()).collect()
    };
    let shared = names
        .iter()
        .cloned()
        .reduce(|a, b| a.chars().zip(b.chars()).take_while(|(a, b)| a == b).map(|(a, _)| a).collect())?;
    if shared.len() < word.len() || (shared == word && names.len() > 1) {
        return None;
    }
    let end = if names.len() == 1 { " " } else { "" };
    Some(format!("{}{shared}{end}", &line[..start]))
}

/// What the component is given.
#[derive(Properties, PartialEq)]
pub struct Props {
    /// What to show.
    pub view: ConsoleView,
    /// The words.
    pub text: &'static Text,
    /// Who hears what the learner does.
    pub on: Callback<Action>,
}

/// The console.
#[component]
pub fn ConsolePanel(props: &Props) -> Html {
    let Props { view, text, on } = props;
    let t = &text.language.closed().console;
    let line = use_state(String::new);
    // How many lines back in what was typed; 0 is the line being written.
    let back = use_state(|| 0_usize);
    let scroll = use_node_ref();
    let input = use_node_ref();
    {
        let scroll = scroll.clone();
        use_effect_with(view.entries.len(), move |_| {
            if let Some(scroll) = scroll.cast::<Element>() {
                scroll.set_scroll_top(scroll.scroll_height());
            }
        });
    }
    // A line that is to be sent once more before it is carried out, or what is searched for in the history.
    let held = use_state(|| None::<String>);
    let raw = use_state(|| false);
    let typing = Typing { line: line.clone(), back, held: held.clone() };
    let onkeydown = keys_of(view, &typing, text, on);
    let oninput = {
        let line = line.clone();
        Callback::from(move |event: InputEvent| {
            line.set(event.target_dyn_into::<HtmlInputElement>().map(|input| input.value()).unwrap_or_default());
        })
    };
    let hint = if view.hints { hint(&line) } else { String::new() };
    html! {
        <div class="console">
            { tabs(view, text, on, &raw) }
            <div class="console-scroll" ref={scroll}>
                { if view.entries.is_empty() { examples(text, on) } else { html! { <div key="started"></div> } } }
                <div class="console-history" role="log" aria-label={t.history}>
                    { for view.entries.iter().enumerate().map(|(at, entry)| print_entry(at, entry, *raw, text)) }
                </div>
                <p class="console-warning" role="alert">{ (*held).clone().unwrap_or_default() }</p>
                <div class="console-busy" hidden={!view.busy}>
                    <button class="button" onclick={on.reform(|_| Action::Type(INTERRUPT.to_string()))}>{ t.interrupt }</button>
                </div>
                <label class="console-line" hidden={view.busy}>
                    <span class="sr">{ t.input }</span>
                    <span class="console-prompt" aria-hidden="true">{ view.prompt.replace(' ', "\u{a0}") }</span>
                    <span class="console-field">
                        <span class="console-ghost" aria-hidden="true">
                            <span class="console-typed">{ &*line }</span><span class="console-hint">{ hint }</span>
                        </span>
                        <input ref={input} class="console-input" type="text" value={(*line).clone()} {oninput} {onkeydown}
                            autocomplete="off" autocapitalize="off" spellcheck="false" enterkeyhint="send" />
                    </span>
                </label>
            </div>
        </div>
    }
}

/// The consoles, each a client of the store, and one more.
fn tabs(view: &ConsoleView, text: &'static Text, on: &Callback<Action>, raw: &UseStateHandle<bool>) -> Html {
    let (t, s) = (&text.language.closed().console, text.language.store());
    let toggle = {
        let raw = raw.clone();
        Callback::from(move |_: MouseEvent| raw.set(!*raw))
    };
    let tab = |number: u32, name: String, label: String| {
        let chosen = number == view.number;
        html! {
            <button key={number} class={classes!("console-tab", chosen.then_some("chosen"))} aria-pressed={chosen.to_string()}
                aria-label={label} onclick={on.reform(move |_| Action::Console(number))}>{ name }</button>
        }
    };
    let last = view.consoles.max(view.number);
    html! {
        <div class="console-tabs" role="group" aria-label={t.clients}>
            { for (1..=last).map(|number| tab(number, number.to_string(), fill(t.client, &[&number.to_string()]))) }
            { if last < MAX_CONSOLES { tab(last + 1, "+".to_string(), t.another.to_string()) } else { html! { <span key="full"></span> } } }
            <button key="raw" class={classes!("console-tab", "console-raw", raw.then_some("chosen"))} aria-pressed={raw.to_string()}
                title={s.raw_hint} aria-label={s.raw_hint} onclick={toggle}>{ s.raw_bytes }</button>
        </div>
    }
}

/// What the line that is being typed is made of.
struct Typing {
    line: UseStateHandle<String>,
    /// How many lines back in what was typed; 0 is the line being written.
    back: UseStateHandle<usize>,
    /// What is said about the line before it is sent once more.
    held: UseStateHandle<Option<String>>,
}

/// Enter sends, up and down walk through what was typed, Ctrl-R searches it, TAB completes, Ctrl-L clears, Ctrl-C gives up.
fn keys_of(view: &ConsoleView, typing: &Typing, text: &'static Text, on: &Callback<Action>) -> Callback<KeyboardEvent> {
    let Typing { line, back, held } = typing;
    let (line, back, held, on) = (line.clone(), back.clone(), held.clone(), on.clone());
    let typed: Vec<String> =
        view.entries.iter().map(|entry| entry.line.clone()).filter(|line| !line.is_empty()).collect();
    let (words, key_count) = (view.words.clone(), view.key_count);
    Callback::from(move |event: KeyboardEvent| {
        let written = event.target_dyn_into::<HtmlInputElement>().map(|input| input.value()).unwrap_or_default();
        let show = |steps: usize| {
            back.set(steps);
            let at = typed.len().checked_sub(steps).filter(|at| *at < typed.len());
            line.set(at.map(|at| typed[at].clone()).unwrap_or_default());
        };
        let was_held = held.is_some();
        match event.key().as_str() {
            // While Chinese is being composed, Enter only ends the composition.
            "Enter" if !event.is_composing() => {
                let warned = warning(&written, key_count, text).filter(|_| !was_held);
                if warned.is_none() {
                    on.emit(Action::Type(written));
                    line.set(String::new());
                    back.set(0);
                }
                held.set(warned);
                event.prevent_default();
                return;
            }
            "ArrowUp" if *back < typed.len() => show(*back + 1),
            "ArrowUp" => {}
            "ArrowDown" if *back > 0 => show(*back - 1),
            "ArrowDown" => {}
            // With nothing to complete, TAB goes on to the next control as everywhere.
            "Tab" if !event.shift_key() => match complete(&written, &words) {
                Some(completed) => line.set(completed),
                None => return,
            },
            // The newest line before the one shown that holds what is written; once more, and it goes on to older ones.
            "r" if event.ctrl_key() => {
                let older = typed.len().saturating_sub(*back);
                let found = typed[..older].iter().rposition(|line| line.contains(written.as_str()));
                if let Some(at) = found {
                    show(typed.len() - at);
                }
            }
            "l" if event.ctrl_key() => on.emit(Action::Type("clear".to_string())),
            "c" if event.ctrl_key() => line.set(String::new()),
            _ => {
                if was_held {
                    held.set(None);
                }
                return;
            }
        }
        if was_held {
            held.set(None);
        }
        event.prevent_default();
    })
}

fn examples(text: &'static Text, on: &Callback<Action>) -> Html {
    html! {
        <div key="examples" class="console-examples">
            <p>{ text.language.closed().console.empty }</p>
            <div class="console-buttons">
                { for EXAMPLES.iter().map(|example| html! {
                    <button key={*example} class="button mono" onclick={on.reform(|_| Action::Type((*example).to_string()))}>{ *example }</button>
                }) }
            </div>
        </div>
    }
}

fn print_entry(at: usize, entry: &EntryRow, raw: bool, text: &'static Text) -> Html {
    let s = text.language.store();
    let changed =
        if entry.changed.is_empty() { String::new() } else { fill(s.line_changed, &[&entry.changed.join(", ")]) };
    html! {
        <div key={at} class="console-entry">
            <p class="console-typed-line">
                <span class="console-prompt">{ &entry.prompt }</span>{ &entry.line }<span class="console-changed">{ changed }</span>
            </p>
            { for entry.output.iter().enumerate().map(|(line, printed)| html! {
                <p key={line} class={classes!("console-output", printed.trim_start().starts_with("(error)").then_some("error"))}>{ printed }</p>
            }) }
            { if raw { html! { <ul class="wires">{ for entry.wires.iter().enumerate().map(|(at, wire)| print_wire(at, wire, text)) }</ul> } }
              else { html! { <span></span> } } }
        </div>
    }
}

/// The bytes of a request or a reply, its line ends visible.
fn print_wire(at: usize, wire: &Wire, text: &'static Text) -> Html {
    let s = text.language.store();
    let (lines, ends) = wire.lines();
    let last = lines.len();
    let more = if wire.more > 0 { fill(s.more_raw, &[&wire.more.to_string()]) } else { String::new() };
    html! {
        <li key={at} class={classes!("wire", wire.to_store.then_some("sent"))}>
            <span class="wire-way" aria-hidden="true">{ if wire.to_store { "→" } else { "←" } }</span>
            <span class="sr">{ if wire.to_store { s.sent } else { s.received } }{ " " }</span>
            <code>
                { for lines.iter().enumerate().map(|(place, line)| html! {
                    <span key={place}>
                        { line }<span class="wire-end">{ if place + 1 < last || ends { "\\r\\n" } else { "" } }</span><wbr />
                    </span>
                }) }
                <span key="more" class="wire-more">{ more }</span>
            </code>
        </li>
    }
}
