//! definitions.json in and out: the topology of a real broker is tried here, and one that was built here goes to a real broker.

use warren_sim::amqp::definitions::{Counts, ImportReport, LeftOut};
use warren_sim::session::Session;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{HtmlElement, HtmlInputElement};
use yew::prelude::*;

use super::toolbar::close_button;
use crate::{
    action::Action,
    text::{Text, fill},
};

/// The most rows of a report that are shown.
const MAX_ROWS: usize = 200;

/// What came of the last import.
#[derive(Clone, Debug, PartialEq)]
pub struct ImportView {
    /// In a sentence.
    pub summary: String,
    /// Whether nothing was taken over.
    pub failed: bool,
    /// What was left out, each with its place in the file and the reason.
    pub left_out: Vec<(String, String)>,
    /// What behaves otherwise here.
    pub notes: Vec<(String, String)>,
}

impl ImportView {
    /// A file that was taken over.
    pub fn taken(report: &ImportReport, text: &Text) -> ImportView {
        let rows = |list: &[LeftOut]| {
            let row = |row: &LeftOut| (row.path.clone(), row.reason.to_string());
            let mut rows: Vec<_> = list.iter().take(MAX_ROWS).map(row).collect();
            if list.len() > MAX_ROWS {
                rows.push((format!("+{}", list.len() - MAX_ROWS), String::new()));
            }
            rows
        };
        let numbers = |counts: &Counts| {
            let Counts { exchanges, queues, bindings, policies, vhosts } = counts;
            [exchanges, queues, bindings, policies, vhosts].map(ToString::to_string)
        };
        let made = numbers(&report.created);
        let made: Vec<&str> = made.iter().map(String::as_str).collect();
        let mut summary = fill(text.language.closed().forms.import_made, &made);
        if report.existing.total() > 0 {
            summary += " ";
            summary += &fill(text.language.closed().forms.import_existing, &[&report.existing.total().to_string()]);
        }
        ImportView { summary, failed: false, left_out: rows(&report.left_out), notes: rows(&report.notes) }
    }

    /// A file that could not be taken over, and why.
    pub fn refused(why: String) -> ImportView {
        ImportView { summary: why, failed: true, left_out: Vec::new(), notes: Vec::new() }
    }
}

/// What the component is given.
#[derive(Properties, PartialEq)]
pub struct Props {
    /// What came of the last import.
    pub imported: Option<ImportView>,
    /// The words.
    pub text: &'static Text,
    /// Where actions go.
    pub on: Callback<Action>,
    /// What closes it.
    pub close: Callback<()>,
}

/// Hands the definitions of this moment to the browser as a file.
pub fn save(session: &Session) {
    let file = js_sys::encode_uri_component(&session.world().broker().export_definitions());
    let link = gloo::utils::document().create_element("a").ok().and_then(|link| link.dyn_into::<HtmlElement>().ok());
    // A browser without links has no way to keep a file either.
    let Some(link) = link else { return };
    let attributes =
        [("href", format!("data:application/json;charset=utf-8,{file}")), ("download", "definitions.json".to_string())];
    if attributes.iter().all(|(name, value)| link.set_attribute(name, value).is_ok()) {
        link.click();
    }
}

/// The form.
#[component]
pub fn Definitions(props: &Props) -> Html {
    let text = &props.text.language.closed().forms;
    let on = props.on.clone();
    let read = Callback::from(move |event: Event| {
        let input: HtmlInputElement = event.target_unchecked_into();
        let Some(file) = input.files().and_then(|files| files.get(0)) else { return };
        // The same file may be chosen again after it was changed.
        input.set_value("");
        let on = on.clone();
        spawn_local(async move {
            // A file that went away in the meantime is an empty one, and the import says that that is no JSON.
            let text = JsFuture::from(file.text()).await.ok().and_then(|text| text.as_string());
            on.emit(Action::Import(text.unwrap_or_default()));
        });
    });
    html! {
        <div class="form method-form">
            { close_button(props.text, &props.close) }
            <p class="muted form-intro">{ text.definitions_intro }</p>
            <label class="field"><span>{ text.import_file }</span>
                <input type="file" accept=".json,application/json" onchange={read} />
            </label>
            <button type="button" class="button" onclick={props.on.reform(|_| Action::Export)}>{ text.export_file }</button>
            <div role="status">{ props.imported.as_ref().map(|imported| report(imported, props.text)).unwrap_or_default() }</div>
        </div>
    }
}

fn report(imported: &ImportView, text: &'static Text) -> Html {
    let list = |title: &'static str, rows: &[(String, String)]| {
        html! {
            <div hidden={rows.is_empty()}>
                <h3>{ title }</h3>
                <ul class="left-out">
                    { for rows.iter().enumerate().map(|(at, (path, reason))| html! {
                        <li key={at}><span class="mono">{ path }</span><span class="muted">{ reason }</span></li>
                    }) }
                </ul>
            </div>
        }
    };
    html! {
        <>
            <p key="summary" class={if imported.failed { "fault" } else { "" }}>{ &imported.summary }</p>
            <div key="left-out">{ list(text.language.closed().forms.import_left_out, &imported.left_out) }</div>
            <div key="notes">{ list(text.language.closed().forms.import_notes, &imported.notes) }</div>
        </>
    }
}
