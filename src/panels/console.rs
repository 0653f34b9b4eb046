//! The console: redis-cli's look and manners.

use warren_sim::{
    redis::{ClientId, Console, Language, commands, view::keys},
    session::Session,
    world::EPOCH_MS,
};
use web_sys::{Element, HtmlInputElement};
use yew::prelude::*;

use crate::{action::Action, text::Text};

/// The prompt of a console that nobody has typed in yet.
const FIRST_PROMPT: &str = "127.0.0.1:6379> ";
/// What an empty console offers: the lesson's "foo becomes goo".
const EXAMPLES: [&str; 3] = ["SET foo foo", "SETBIT foo 7 1", "GET foo"];
/// The most keys that completion looks at.
const MAX_KEYS: usize = 1_000;

/// What the console shows.
#[derive(Clone, Debug, PartialEq)]
pub struct ConsoleView {
    /// What was typed and printed, oldest first.
    pub entries: Vec<EntryRow>,
    /// The prompt that waits.
    pub prompt: String,
    /// Whether hints are on: `:set nohints` takes them away.
    pub hints: bool,
    /// The keys of the selected database, for completion.
    pub keys: Vec<String>,
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
}

/// What the first console shows.
pub fn view(session: &Session) -> ConsoleView {
    let world = session.world();
    let terminal = world.consoles().first();
    let entries = terminal.iter().flat_map(|terminal| terminal.entries()).map(|entry| EntryRow {
        prompt: entry.prompt.to_string(),
        line: entry.line.to_string(),
        output: entry.output.text().lines().map(str::to_string).collect(),
    });
    let db = world.store().selected_db(ClientId(1)).unwrap_or(0);
    let keys = keys(world.store(), db, EPOCH_MS + world.now_ms(), MAX_KEYS, 0);
    ConsoleView {
        entries: entries.collect(),
        prompt: terminal.map_or_else(|| FIRST_PROMPT.to_string(), |terminal| terminal.prompt()),
        hints: terminal.is_none_or(|terminal| terminal.hint("get").is_some()),
        keys: keys.iter().map(|row| row.key.to_string()).collect(),
    }
}

/// What stands in grey behind a line that is being typed.
pub fn hint(line: &str) -> String {
    Console::new(ClientId(1), Language::English).hint(line).unwrap_or_default()
}

/// The line with its last word completed: a command's name first, keys after it. None when nothing or more than one thing fits and
/// they share nothing more than is typed.
pub fn complete(line: &str, keys: &[String]) -> Option<String> {
    let (before, word) = line.rsplit_once(' ').map_or(("", line), |(before, word)| (before, word));
    if word.is_empty() {
        return None;
    }
    let first = !line.contains(' ');
    let names: Vec<String> = match first {
        true => {
            let plain = commands().iter().filter(|command| !command.name.contains('|'));
            let upper = word.starts_with(|c: char| c.is_ascii_uppercase());
            let case = |name: &str| if upper { name.to_ascii_uppercase() } else { name.to_string() };
            let word = case(&word.to_ascii_lowercase());
            plain.map(|command| case(command.name)).filter(|name| name.starts_with(&word)).collect()
        }
        false => {
            keys.iter().filter(|key| key.starts_with(word) && !key.contains(char::is_whitespace)).cloned().collect()
        }
    };
    let shared = names
        .iter()
        .cloned()
        .reduce(|a, b| a.chars().zip(b.chars()).take_while(|(a, b)| a == b).map(|(a, _)| a).collect())?;
    if shared.len() < word.len() || (shared == word && names.len() > 1) {
        return None;
    }
    let end = if names.len() == 1 { " " } else { "" };
    Some(if first { format!("{shared}{end}") } else { format!("{before} {shared}{end}") })
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
    let t = &text.panels.console;
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
    let onkeydown = keys_of(view, &line, &back, on);
    let oninput = {
        let line = line.clone();
        Callback::from(move |event: InputEvent| {
            line.set(event.target_dyn_into::<HtmlInputElement>().map(|input| input.value()).unwrap_or_default());
        })
    };
    let hint = if view.hints { hint(&line) } else { String::new() };
    html! {
        <div class="console">
            <div class="console-scroll" ref={scroll}>
                { if view.entries.is_empty() { examples(text, on) } else { html! { <div key="started"></div> } } }
                <div class="console-history" role="log" aria-label={t.history}>
                    { for view.entries.iter().enumerate().map(|(at, entry)| print_entry(at, entry)) }
                </div>
                <label class="console-line">
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

/// Enter sends, up and down walk through what was typed, TAB completes, Ctrl-L clears.
fn keys_of(
    view: &ConsoleView,
    line: &UseStateHandle<String>,
    back: &UseStateHandle<usize>,
    on: &Callback<Action>,
) -> Callback<KeyboardEvent> {
    let (line, back, on) = (line.clone(), back.clone(), on.clone());
    let typed: Vec<String> =
        view.entries.iter().map(|entry| entry.line.clone()).filter(|line| !line.is_empty()).collect();
    let keys = view.keys.clone();
    Callback::from(move |event: KeyboardEvent| {
        let written = event.target_dyn_into::<HtmlInputElement>().map(|input| input.value()).unwrap_or_default();
        let show = |steps: usize| {
            back.set(steps);
            let at = typed.len().checked_sub(steps).filter(|at| *at < typed.len());
            line.set(at.map(|at| typed[at].clone()).unwrap_or_default());
        };
        match event.key().as_str() {
            // While Chinese is being composed, Enter only ends the composition.
            "Enter" if !event.is_composing() => {
                on.emit(Action::Type(written));
                line.set(String::new());
                back.set(0);
            }
            "ArrowUp" if *back < typed.len() => show(*back + 1),
            "ArrowUp" => {}
            "ArrowDown" if *back > 0 => show(*back - 1),
            "ArrowDown" => {}
            // With nothing to complete, TAB goes on to the next control as everywhere.
            "Tab" if !event.shift_key() => match complete(&written, &keys) {
                Some(completed) => line.set(completed),
                None => return,
            },
            "l" if event.ctrl_key() => on.emit(Action::Type("clear".to_string())),
            _ => return,
        }
        event.prevent_default();
    })
}

fn examples(text: &'static Text, on: &Callback<Action>) -> Html {
    html! {
        <div key="examples" class="console-examples">
            <p>{ text.panels.console.empty }</p>
            <div class="console-buttons">
                { for EXAMPLES.iter().map(|example| html! {
                    <button key={*example} class="button mono" onclick={on.reform(|_| Action::Type((*example).to_string()))}>{ *example }</button>
                }) }
            </div>
        </div>
    }
}

fn print_entry(at: usize, entry: &EntryRow) -> Html {
    html! {
        <div key={at} class="console-entry">
            <p class="console-typed-line"><span class="console-prompt">{ &entry.prompt }</span>{ &entry.line }</p>
            { for entry.output.iter().enumerate().map(|(line, printed)| html! {
                <p key={line} class={classes!("console-output", printed.trim_start().starts_with("(error)").then_some("error"))}>{ printed }</p>
            }) }
        </div>
    }
}
