//! The timeline: play, pause, step, back, speed, and every moment of the run to go to.

use warren_sim::{input::Input, session::Session};
use web_sys::{HtmlInputElement, HtmlSelectElement};
use yew::prelude::*;

use super::icon::{Icon, icon};
use crate::{
    action::Action,
    app::SPEEDS,
    text::{Text, fill},
};

/// A mark on the timeline.
#[derive(Clone, Debug, PartialEq)]
pub struct Mark {
    /// The step.
    pub step: u32,
    /// What it was.
    pub label: String,
    /// Whether something was broken.
    pub fault: bool,
}

/// A branch: its number, which branch it left at which step, its length.
pub type BranchMark = (u32, Option<(u32, u32)>, u32);

/// What the timeline shows.
#[derive(Clone, Debug, PartialEq)]
pub struct TransportView {
    /// The step that is looked at.
    pub position: u32,
    /// How many steps there are.
    pub length: u32,
    /// The clock, in virtual ms.
    pub now_ms: u64,
    /// What was done, by the lesson or the learner.
    pub marks: Vec<Mark>,
    /// Where chapters begin: step and number.
    pub chapters: Vec<(u32, usize)>,
    /// The branches.
    pub branches: Vec<BranchMark>,
    /// The one that is looked at.
    pub branch: u32,
}

/// What the timeline shows of a session.
pub fn view(session: &Session) -> TransportView {
    let timeline = session.timeline();
    let branch = timeline.branch();
    TransportView {
        position: timeline.position(),
        length: timeline.length(),
        now_ms: session.world().now_ms(),
        // At first nothing has been done, and the page is cut here.
        marks: if branch.inputs().is_empty() { Vec::new() } else { branch.inputs().iter().map(mark).collect() },
        // On a timeline of no length there are no places.
        chapters: (0..session.lesson().chapters.len())
            .filter(|_| timeline.length() > 0)
            .map(|k| (session.span(k).0, k + 1))
            .collect(),
        branches: timeline.branches().iter().map(|branch| (branch.id, branch.forked, branch.length())).collect(),
        branch: branch.id,
    }
}

#[inline(never)]
fn mark((step, input): &(u32, Input)) -> Mark {
    let fault = matches!(input, Input::Kill { .. } | Input::BrokerKill | Input::BrokerStop);
    Mark { step: *step, label: input.to_string(), fault }
}

/// What it is given. A function and no component: it keeps nothing, and a component type costs the bundle ten kilobytes.
pub struct Props {
    /// What to show.
    pub view: TransportView,
    /// Whether time runs.
    pub playing: bool,
    /// The chosen speed.
    pub speed: usize,
    /// Whether the run is still to be carried out: then the timeline is not what it will be.
    pub busy: bool,
    /// The seed as it is typed, and whether it was refused.
    pub seed: (String, bool),
    /// The words.
    pub text: &'static Text,
    /// Where actions go.
    pub on: Callback<Action>,
}

/// The timeline.
pub fn show(props: &Props) -> Html {
    let text = &props.text.app;
    let view = &props.view;
    let button = |name: &'static str, picture: Icon, action: Action, class: &'static str| {
        let on = props.on.clone();
        html! {
            <button class={classes!("button", "square", class)} aria-label={name} title={name}
                onclick={move |_| on.emit(action.clone())}>{ icon(picture) }</button>
        }
    };
    let (play_name, play_icon) = if props.playing { (text.pause, Icon::Pause) } else { (text.play, Icon::Play) };
    let pick_speed = props.on.reform(|event: Event| {
        let select: HtmlSelectElement = event.target_unchecked_into();
        Action::Speed(select.selected_index().max(0) as usize)
    });
    let length = if props.busy { "…".to_string() } else { view.length.to_string() };
    let step_text = fill(text.step_of, &[&view.position.to_string(), &length]);
    let time = fill(text.at_time, &[&seconds(view.now_ms)]);
    html! {
        <footer class="transport" aria-label={text.timeline} aria-busy={props.busy.to_string()}>
            <div class="transport-buttons">
                { button(text.back, Icon::Back, Action::Back, "back") }
                { button(play_name, play_icon, Action::TogglePlay, "primary play") }
                { button(text.step, Icon::Step, Action::Step, "step") }
                { button(text.to_end, Icon::End, Action::SeekEnd, "end") }
                <select class="speed" aria-label={text.speed} onchange={pick_speed}>
                    { for SPEEDS.iter().enumerate().map(|(index, speed)| html! {
                        <option key={index} selected={index == props.speed}>{ format!("{speed}x") }</option>
                    }) }
                </select>
            </div>
            <div class="scrub">{ scrubber(props, &step_text, &time) }</div>
            <div class="transport-facts">
                <span class="chip num step-chip">{ step_text.clone() }</span>
                <span class="chip num time-chip">{ time.clone() }</span>
                { branches(props) }
                { seed_form(props) }
            </div>
        </footer>
    }
}

fn scrubber(props: &Props, step_text: &str, time: &str) -> Html {
    let text = &props.text.app;
    let view = &props.view;
    let seek = props.on.reform(|event: InputEvent| {
        let input: HtmlInputElement = event.target_unchecked_into();
        Action::Seek(input.value_as_number().max(0.0) as u32)
    });
    // In thousandths of a percent, as whole numbers: printing floats takes much code, and nothing else here needs it.
    let at = |step: u32| {
        let thousandths = u64::from(step) * 100_000 / u64::from(view.length.max(1));
        format!("{}.{:03}%", thousandths / 1000, thousandths % 1000)
    };
    // The thumb's centre runs from half its width to the same distance from the end, so the drawing is inset by as much.
    html! {
        <>
            <svg class="marks" aria-hidden="true" width="100%" height="40">
                <rect class="track" x="0" y="21" width="100%" height="4" rx="2" />
                <rect class="past" x="0" y="21" width={at(view.position)} height="4" rx="2" />
                { for view.chapters.iter().map(|(step, number)| html! {
                    <g key={format!("c{number}")} class="chapter-mark">
                        <circle cx={at(*step)} cy="23" r="3"><title>{ fill(text.chapter_begins, &[&number.to_string()]) }</title></circle>
                    </g>
                }) }
                { for view.marks.iter().map(|mark| html! {
                    <line key={format!("m{}", mark.step)} class={classes!("mark", mark.fault.then_some("fault"))}
                        x1={at(mark.step)} x2={at(mark.step)} y1="6" y2="15"><title>{ &mark.label }</title></line>
                }) }
                { for view.branches.iter().filter_map(|branch| left_behind(view, branch)).map(|(id, from, to)| html! {
                    <line key={format!("b{id}")} class="left-behind" x1={at(from)} x2={at(to)} y1="34" y2="34" />
                }) }
            </svg>
            <input type="range" min="0" max={view.length.to_string()} value={view.position.to_string()}
                aria-label={text.timeline} aria-valuetext={format!("{step_text}, {time}")} oninput={seek} />
        </>
    }
}

/// The stretch of another branch that lies beside this one.
fn left_behind(view: &TransportView, branch: &BranchMark) -> Option<(u32, u32, u32)> {
    let (id, forked, length) = *branch;
    if id == view.branch {
        return None;
    }
    let own = view.branches.iter().find(|(id, _, _)| *id == view.branch).and_then(|(_, forked, _)| *forked);
    let from = match (own, forked) {
        (Some((parent, step)), _) if parent == id => step,
        (_, Some((parent, step))) if parent == view.branch => step,
        _ => return None,
    };
    Some((id, from.min(view.length), length.min(view.length)))
}

fn branches(props: &Props) -> Html {
    let text = &props.text.app;
    let view = &props.view;
    let ids: Vec<u32> = view.branches.iter().map(|(id, _, _)| *id).collect();
    let pick = props.on.reform(move |event: Event| {
        let select: HtmlSelectElement = event.target_unchecked_into();
        Action::Branch(ids.get(select.selected_index().max(0) as usize).copied().unwrap_or(1))
    });
    html! {
        <span class="branches">
            if view.branches.len() > 1 {
                <select class="branch" aria-label={text.branch} onchange={pick}>
                    { for view.branches.iter().map(|(id, forked, _)| {
                        let name = match forked {
                            None => fill(text.branch_n, &[&id.to_string()]),
                            Some((parent, step)) => fill(text.branch_of, &[&id.to_string(), &parent.to_string(), &step.to_string()]),
                        };
                        html! { <option key={*id} selected={*id == view.branch}>{ name }</option> }
                    }) }
                </select>
            }
        </span>
    }
}

/// The seed, and the button that begins again with it.
fn seed_form(props: &Props) -> Html {
    let text = &props.text.app;
    let (typed, refused) = &props.seed;
    let begin = props.on.reform(|event: SubmitEvent| {
        event.prevent_default();
        Action::Restart
    });
    let note = props.on.reform(|event: InputEvent| {
        let input: HtmlInputElement = event.target_unchecked_into();
        Action::Seed(input.value())
    });
    html! {
        <form class="restart" onsubmit={begin}>
            <label><span class="seed-label">{ text.seed }</span>
                <input class="seed num" aria-label={text.seed} inputmode="numeric" autocomplete="off" maxlength="20" size="4"
                    aria-invalid={refused.to_string()} value={typed.clone()} oninput={note} />
            </label>
            <button class="button square" aria-label={text.restart} title={text.restart_hint}>{ icon(Icon::Restart) }</button>
            <span class="seed-wrong" role="alert">{ if *refused { text.bad_seed } else { "" } }</span>
        </form>
    }
}

/// Seconds with one digit after the point.
pub fn seconds(ms: u64) -> String {
    format!("{}.{}", ms / 1000, ms % 1000 / 100)
}
