//! The timeline: play, pause, step, back, speed, and every moment of the run to go to.

use warren_sim::{input::Input, session::Session};
use web_sys::{Event, HtmlInputElement};
use yew::{Callback, Html, TargetCast};

use super::icon::{Icon, icon};
use crate::{
    action::Action,
    app::SPEEDS,
    markup::{On, Tag, chosen, tag, typed},
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
    let on = &props.on;
    let (play_name, play_icon) = if props.playing { (text.pause, Icon::Pause) } else { (text.play, Icon::Play) };
    let mut speeds = tag("select.speed").label(text.speed);
    speeds = speeds.on_event(On::Change, on, |event| Action::Speed(chosen(event)));
    for (index, speed) in SPEEDS.iter().enumerate() {
        let option = tag("option").nth(index).flag("selected", index == props.speed);
        speeds = speeds.put(option.text(&format!("{speed}x")));
    }
    let length = if props.busy { "…".to_string() } else { view.length.to_string() };
    let step_text = fill(text.step_of, &[&view.position.to_string(), &length]);
    let time = fill(text.at_time, &[&seconds(view.now_ms)]);
    let buttons = tag("div.transport-buttons")
        .put(button(text.back, Icon::Back, Action::Back, "back", on))
        .put(button(play_name, play_icon, Action::TogglePlay, "primary play", on))
        .put(button(text.step, Icon::Step, Action::Step, "step", on))
        .put(button(text.to_end, Icon::End, Action::SeekEnd, "end", on))
        .put(speeds);
    let facts = tag("div.transport-facts")
        .put(tag("span.chip.num.step-chip").text(&step_text))
        .put(tag("span.chip.num.time-chip").text(&time))
        .put(branches(props))
        .put(seed_form(props));
    tag("footer.transport")
        .label(text.timeline)
        .truth("aria-busy", props.busy)
        .put(buttons)
        .put(scrubber(props, &step_text, &time))
        .put(facts)
        .html()
}

fn button(name: &str, picture: Icon, action: Action, class: &str, on: &Callback<Action>) -> Tag {
    tag("button.button.square").class(class).label(name).title(name).on(On::Click, on, action).put(icon(picture))
}

fn scrubber(props: &Props, step_text: &str, time: &str) -> Tag {
    let text = &props.text.app;
    let view = &props.view;
    // In thousandths of a percent, as whole numbers: printing floats takes much code, and nothing else here needs it.
    let at = |step: u32| {
        let thousandths = u64::from(step) * 100_000 / u64::from(view.length.max(1));
        format!("{}.{:03}%", thousandths / 1000, thousandths % 1000)
    };
    let bar = |class: &str, width: &str| {
        tag("rect")
            .class(class)
            .attrs(&[("x", "0"), ("y", "21")])
            .attr("width", width)
            .attrs(&[("height", "4"), ("rx", "2")])
    };
    let line = |from: u32, to: u32| tag("line").attr("x1", &at(from)).attr("x2", &at(to));
    // The thumb's centre runs from half its width to the same distance from the end, so the drawing is inset by as much.
    let mut marks = tag("svg.marks")
        .attrs(&[("aria-hidden", "true"), ("width", "100%"), ("height", "40")])
        .put(bar("track", "100%"))
        .put(bar("past", &at(view.position)));
    for (step, number) in &view.chapters {
        let title = tag("title").text(&fill(text.chapter_begins, &[&number.to_string()]));
        let circle = tag("circle").attr("cx", &at(*step)).attrs(&[("cy", "23"), ("r", "3")]).put(title);
        marks = marks.put(tag("g.chapter-mark").key(&format!("c{number}")).put(circle));
    }
    for mark in &view.marks {
        let line = line(mark.step, mark.step).attrs(&[("y1", "6"), ("y2", "15")]).class("mark");
        let line = line.key(&format!("m{}", mark.step)).class_if(mark.fault, "fault");
        marks = marks.put(line.put(tag("title").text(&mark.label)));
    }
    for (id, from, to) in view.branches.iter().filter_map(|branch| left_behind(view, branch)) {
        let line = line(from, to).attrs(&[("y1", "34"), ("y2", "34")]).class("left-behind");
        marks = marks.put(line.key(&format!("b{id}")));
    }
    let input = tag("input")
        .attrs(&[("type", "range"), ("min", "0")])
        .number("max", view.length.into())
        .value(&view.position.to_string())
        .label(text.timeline)
        .attr("aria-valuetext", &format!("{step_text}, {time}"))
        .on_event(On::Input, &props.on, |event| {
            let input: HtmlInputElement = event.target_unchecked_into();
            Action::Seek(input.value_as_number().max(0.0) as u32)
        });
    tag("div.scrub").put(marks).put(input)
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

fn branches(props: &Props) -> Tag {
    let text = &props.text.app;
    let view = &props.view;
    let place = tag("span.branches");
    if view.branches.len() < 2 {
        return place.put_html(Html::default());
    }
    let ids: Vec<u32> = view.branches.iter().map(|(id, _, _)| *id).collect();
    let pick = props.on.reform(move |event: Event| Action::Branch(ids.get(chosen(&event)).copied().unwrap_or(1)));
    let mut select = tag("select.branch").label(text.branch).hear(On::Change, pick);
    for (id, forked, _) in &view.branches {
        let name = match forked {
            None => fill(text.branch_n, &[&id.to_string()]),
            Some((parent, step)) => fill(text.branch_of, &[&id.to_string(), &parent.to_string(), &step.to_string()]),
        };
        select = select.put(tag("option").nth(*id as usize).flag("selected", *id == view.branch).text(&name));
    }
    place.put(select)
}

/// The seed, and the button that begins again with it.
fn seed_form(props: &Props) -> Tag {
    let text = &props.text.app;
    let (seed, refused) = &props.seed;
    let input = tag("input.seed.num")
        .label(text.seed)
        .attrs(&[("inputmode", "numeric"), ("autocomplete", "off"), ("maxlength", "20"), ("size", "4")])
        .truth("aria-invalid", *refused)
        .value(seed)
        .on_event(On::Input, &props.on, |event| Action::Seed(typed(event)));
    let label = tag("label").put(tag("span.seed-label").text(text.seed)).put(input);
    let button = tag("button.button.square").label(text.restart).title(text.restart_hint).put(icon(Icon::Restart));
    let wrong = tag("span.seed-wrong").role("alert").text(if *refused { text.bad_seed } else { "" });
    tag("form.restart")
        .on_event(On::Submit, &props.on, |event| {
            event.prevent_default();
            Action::Restart
        })
        .put(label)
        .put(button)
        .put(wrong)
}

/// Seconds with one digit after the point.
pub fn seconds(ms: u64) -> String {
    format!("{}.{}", ms / 1000, ms % 1000 / 100)
}
