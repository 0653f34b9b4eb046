//! The time line as a picture, and its numbers as a table.

use warren_sim::input::Input;
use web_sys::HtmlInputElement;
use yew::prelude::*;

use super::{Doing, Lane, Ray, Span, SpanKind, TripsView};
use crate::{
    action::{Action, Selection},
    say::seconds,
    text::{Text, fill},
};

/// Width of the picture, of the names at its left, and the room at its right, in px.
const WIDTH: f64 = 780.0;
const NAMES: f64 = 112.0;
const RIGHT: f64 = 20.0;
/// Height of the axis, of a program's lane, and where in it client and store lie.
const AXIS: f64 = 26.0;
const LANE: f64 = 78.0;
const CLIENT: f64 = 20.0;
const STORE: f64 = 60.0;
/// The distances between marks of the axis that may be chosen, in ms.
const STEPS_MS: [u64; 11] = [10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000];
/// About so many marks.
const MARKS: u64 = 9;
/// The most of what a form sends.
const MOST: u32 = 50;

/// What the component is given.
#[derive(Properties, PartialEq)]
pub struct Props {
    /// What to show.
    pub view: TripsView,
    /// The words.
    pub text: &'static Text,
    /// Who hears what the learner does.
    pub on: Callback<Action>,
}

/// The time line.
#[component]
pub fn Trips(props: &Props) -> Html {
    let Props { view, text, on } = props;
    let s = text.language.store();
    let legend = fill(s.trips_legend, &[&view.round_trip_ms.to_string(), &(view.round_trip_ms / 2).to_string()]);
    html! {
        <div class="trips">
            <Form processes={view.processes} {text} on={on.clone()} />
            <p class="muted trips-legend">{ legend }</p>
            { if view.lanes.is_empty() { html! { <p key="none" class="empty">{ s.trips_empty }</p> } } else { html! {
                <div key="some" class="trips-scroll" tabindex="0" role="group" aria-label={s.trips_picture}>{ picture(view, text) }</div>
            } } }
            { if view.lanes.is_empty() { html! { <div></div> } } else { table(view, text, on) } }
        </div>
    }
}

fn px(at: f64) -> String {
    format!("{}", (at * 10.0).round() / 10.0)
}

fn picture(view: &TripsView, text: &'static Text) -> Html {
    let s = text.language.store();
    let length = (view.to_ms - view.from_ms).max(1) as f64;
    let x = |ms: u64| NAMES + (ms.saturating_sub(view.from_ms)) as f64 / length * (WIDTH - NAMES - RIGHT);
    let step = STEPS_MS.into_iter().find(|step| (view.to_ms - view.from_ms) / step <= MARKS).unwrap_or(50_000);
    let marks = (view.from_ms.div_ceil(step)..=view.to_ms / step).map(|n| n * step);
    let height = AXIS + LANE * view.lanes.len() as f64 + 4.0;
    let now = x(view.now_ms.clamp(view.from_ms, view.to_ms));
    let label = fill(s.trips_picture, &[]);
    html! {
        <svg class="trips-picture" viewBox={format!("0 0 {WIDTH} {height}")} role="img" aria-label={label}>
            <defs>
                <pattern id="trips-waits" width="6" height="6" patternUnits="userSpaceOnUse">
                    <path class="trips-hatch" d="M0 6 L6 0" />
                </pattern>
            </defs>
            { for marks.map(|at| html! {
                <g key={at}>
                    <line class="trips-mark" x1={px(x(at))} x2={px(x(at))} y1={px(AXIS - 6.0)} y2={px(height)} />
                    <text class="trips-at" x={px(x(at))} y="14" text-anchor="middle">{ fill(text.language.say().seconds, &[&moment(at)]) }</text>
                </g>
            }) }
            <line class="trips-now" x1={px(now)} x2={px(now)} y1={px(AXIS - 6.0)} y2={px(height)} />
            { for view.lanes.iter().enumerate().map(|(at, lane)| {
                let top = AXIS + LANE * at as f64;
                print_lane(lane, top, view, &x, text)
            }) }
        </svg>
    }
}

/// A moment in seconds with as many places as it has.
fn moment(ms: u64) -> String {
    let text = format!("{}.{:03}", ms / 1_000, ms % 1_000);
    text.trim_end_matches('0').trim_end_matches('.').to_string()
}

fn print_lane(lane: &Lane, top: f64, view: &TripsView, x: &dyn Fn(u64) -> f64, text: &'static Text) -> Html {
    let s = text.language.store();
    let (client, store) = (top + CLIENT, top + STORE);
    let shown = |until_ms: u64| until_ms >= view.from_ms;
    let right = px(WIDTH - RIGHT);
    html! {
        <g key={lane.name.clone()} class={classes!("trips-lane", matches!(lane.doing, Doing::Died(_) | Doing::Killed).then_some("broken"))}>
            <line class="trips-border" x1="0" x2={px(WIDTH)} y1={px(top)} y2={px(top)} />
            <text class="trips-name" x="8" y={px(client + 4.5)}>{ short(&lane.name) }</text>
            <text class="trips-store" x="8" y={px(store + 4.5)}>{ "Redis" }</text>
            <line class="trips-rail" x1={px(NAMES)} x2={right.clone()} y1={px(client)} y2={px(client)} />
            <line class="trips-rail" x1={px(NAMES)} x2={right} y1={px(store)} y2={px(store)} />
            { for lane.spans.iter().enumerate().filter(|(_, span)| shown(span.to_ms.unwrap_or(view.now_ms)))
                .map(|(at, span)| print_span(at, span, client, view, x, s)) }
            { for lane.rays.iter().enumerate().filter(|(_, ray)| shown(ray.to_ms))
                .map(|(at, ray)| print_ray(at, ray, (client, store), view.now_ms, x)) }
        </g>
    }
}

fn short(name: &str) -> String {
    match name.char_indices().nth(14) {
        Some((cut, _)) => format!("{}…", &name[..cut]),
        None => name.to_string(),
    }
}

fn print_span(
    at: usize,
    span: &Span,
    y: f64,
    view: &TripsView,
    x: &dyn Fn(u64) -> f64,
    s: &'static crate::text::StoreText,
) -> Html {
    let (from, to) = (x(span.from_ms.max(view.from_ms)), x(span.to_ms.unwrap_or(view.now_ms)));
    let width = (to - from).max(1.0);
    let bar = |class: &'static str, label: String| {
        // A label that has no room is left to the picture's own words, which a pointer shows.
        let fits = label.chars().count() as f64 * 7.0 + 8.0 < width;
        html! {
            <>
                <rect {class} x={px(from)} y={px(y - 4.0)} width={px(width)} height="8"><title>{ &label }</title></rect>
                { if fits { html! { <text class="trips-label" x={px(from + 2.0)} y={px(y - 8.0)}>{ label }</text> } } else { html! {} } }
            </>
        }
    };
    html! {
        <g key={format!("s{at}")}>
            { match span.what {
                SpanKind::Has(number) => bar("trips-has", fill(s.connection, &[&number.to_string()])),
                SpanKind::Waits => bar("trips-waits", s.waits.to_string()),
                SpanKind::WentWithout => html! {
                    <>
                        { bar("trips-waits", s.waits.to_string()) }
                        <path class="trips-cross" d={format!("M{} {} l10 10 m0 -10 l-10 10", px(to - 5.0), px(y - 5.0))} />
                        <text class="trips-none" x={px(to + if to > WIDTH - 200.0 { -10.0 } else { 10.0 })} y={px(y + 18.0)}
                            text-anchor={if to > WIDTH - 200.0 { "end" } else { "start" }}>{ s.went_without }</text>
                    </>
                },
            } }
        </g>
    }
}

/// From the client down to the store, or up again; what is still on its way, as far as it has come.
fn print_ray(at: usize, ray: &Ray, (client, store): (f64, f64), now_ms: u64, x: &dyn Fn(u64) -> f64) -> Html {
    let (from, to) = if ray.to_store { (client, store) } else { (store, client) };
    let until_ms = if ray.arrived { ray.to_ms } else { ray.to_ms.min(now_ms.max(ray.from_ms)) };
    let share = (until_ms - ray.from_ms) as f64 / (ray.to_ms - ray.from_ms).max(1) as f64;
    let end = (x(until_ms), from + (to - from) * share);
    let class = classes!(
        "trips-ray",
        (!ray.to_store).then_some("reply"),
        (ray.commands == 0).then_some("handshake"),
        (ray.commands > 1).then_some("many"),
    );
    let told = if ray.commands > 1 { format!("{} … ×{}", ray.label, ray.commands) } else { ray.label.clone() };
    let middle = ((x(ray.from_ms) + x(ray.to_ms)) / 2.0, (from + to) / 2.0);
    html! {
        <g key={format!("r{at}")}>
            <line {class} x1={px(x(ray.from_ms))} y1={px(from)} x2={px(end.0)} y2={px(end.1)}><title>{ told }</title></line>
            { if ray.arrived { html! {} } else { html! { <circle class="trips-tip" cx={px(end.0)} cy={px(end.1)} r="4" /> } } }
            { if ray.commands > 1 { html! {
                <text class="trips-many" x={px(middle.0 + if ray.to_store { -8.0 } else { 8.0 })} y={px(middle.1 + 4.5)}
                    text-anchor={if ray.to_store { "end" } else { "start" }}>{ format!("×{}", ray.commands) }</text>
            } } else { html! {} } }
        </g>
    }
}

fn table(view: &TripsView, text: &'static Text, on: &Callback<Action>) -> Html {
    let s = text.language.store();
    let time = |ms: u64| fill(text.language.say().seconds, &[&seconds_of(ms)]);
    let row = |lane: &Lane| {
        let process = lane.process;
        let (doing, bad) = match &lane.doing {
            Doing::Running => (s.doing_running.to_string(), false),
            Doing::Awaiting => (s.doing_awaiting.to_string(), false),
            Doing::WaitingForConnection => (s.waits.to_string(), false),
            Doing::Done => (s.doing_done.to_string(), false),
            Doing::Died(error) => (error.clone(), true),
            Doing::Killed => (s.doing_killed.to_string(), true),
        };
        html! {
            <tr key={lane.name.clone()}>
                <th scope="row">
                    <button class="panel-link" onclick={on.reform(move |_| Action::Select(Selection::Process(process)))}>{ &lane.name }</button>
                </th>
                <td class="n">{ lane.commands }</td>
                <td class="n">{ lane.round_trips }</td>
                <td class="n">{ time(lane.took_ms) }</td>
                <td class="n">{ fill(s.bytes_both, &[&lane.bytes.0.to_string(), &lane.bytes.1.to_string()]) }</td>
                <td class={classes!(bad.then_some("trips-bad"))}>{ doing }</td>
            </tr>
        }
    };
    html! {
        <table class="table trips-table">
            <caption class="sr">{ s.trips_table }</caption>
            <thead><tr>
                <th scope="col">{ s.program }</th><th scope="col" class="n">{ s.commands }</th><th scope="col" class="n">{ s.round_trips }</th>
                <th scope="col" class="n">{ s.took }</th><th scope="col" class="n">{ s.bytes_head }</th><th scope="col">{ s.state }</th>
            </tr></thead>
            <tbody>{ for view.lanes.iter().map(row) }</tbody>
        </table>
    }
}

fn seconds_of(ms: u64) -> String {
    if ms.is_multiple_of(100) { seconds(ms) } else { moment(ms) }
}

/// What the form is given.
#[derive(Properties, PartialEq)]
pub struct FormProps {
    /// How many processes there are.
    pub processes: usize,
    /// The words.
    pub text: &'static Text,
    /// Who hears what the learner does.
    pub on: Callback<Action>,
}

/// The lines that start what the form asks for: `count` commands, in a pipeline or not; or `count` clients of a pool.
pub fn lines(processes: usize, count: u32, how: How) -> Vec<String> {
    let number = processes + 1;
    match how {
        How::OneByOne => vec![format!("start client_{number} redis count={count} command=\"INCR visits\"")],
        How::Pipeline => vec![format!("start client_{number} redis count={count} pipeline command=\"INCR visits\"")],
        How::Pool { size, wait_ms } => (0..count as usize)
            .map(|n| {
                let (number, pool) = (number + n, number);
                format!("start client_{number} redis pool=pool_{pool} size={size} timeout={wait_ms}ms hold=300ms")
            })
            .collect(),
    }
}

/// How commands are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// Each when the one before is answered.
    OneByOne,
    /// All at once.
    Pipeline,
    /// Each by a client of its own, over a pool.
    Pool {
        /// How many connections it has.
        size: u32,
        /// How long a client waits for one, in virtual ms.
        wait_ms: u32,
    },
}

#[component]
fn Form(props: &FormProps) -> Html {
    let s = props.text.language.store();
    let (count, clients, size, wait) = (use_node_ref(), use_node_ref(), use_node_ref(), use_node_ref());
    let number = |field: &NodeRef, most: u32| {
        let field = field.clone();
        move || {
            let value = field.cast::<HtmlInputElement>().and_then(|field| field.value().parse().ok()).unwrap_or(1);
            u32::clamp(value, 1, most)
        }
    };
    let send = |how: How| {
        let (on, processes, count) = (props.on.clone(), props.processes, number(&count, MOST));
        Callback::from(move |_: MouseEvent| start(&on, &lines(processes, count(), how)))
    };
    let pool = {
        let (on, processes) = (props.on.clone(), props.processes);
        let (clients, size, wait_ms) = (number(&clients, 10), number(&size, 10), number(&wait, 10_000));
        Callback::from(move |_: MouseEvent| {
            start(&on, &lines(processes, clients(), How::Pool { size: size(), wait_ms: wait_ms() }));
        })
    };
    let field = |field: &NodeRef, value: &'static str, most: &'static str, label: &'static str| {
        html! { <input ref={field.clone()} class="field" type="number" min="1" max={most} {value} aria-label={label} /> }
    };
    html! {
        <div class="trips-forms">
            <div class="trips-form" role="group" aria-label={s.form_commands}>
                <span>{ s.form_send }</span>{ field(&count, "8", "50", s.form_commands) }<span>{ s.commands_in_form }</span>
                <button class="button" onclick={send(How::OneByOne)}>{ s.form_one_by_one }</button>
                <button class="button" onclick={send(How::Pipeline)}>{ s.form_pipeline }</button>
            </div>
            <div class="trips-form" role="group" aria-label={s.form_pool}>
                { field(&clients, "5", "10", s.form_clients) }<span>{ s.form_clients_share }</span>
                { field(&size, "2", "10", s.form_size) }<span>{ s.form_wait_up_to }</span>
                { field(&wait, "600", "10000", s.form_wait) }<span>{ "ms" }</span>
                <button class="button" onclick={pool}>{ s.form_start }</button>
            </div>
        </div>
    }
}

/// Starts what these lines say; each is a step of the timeline. Then it is seen.
fn start(on: &Callback<Action>, lines: &[String]) {
    for line in lines {
        if let Ok(input) = Input::parse(line) {
            on.emit(Action::Submit(input));
        }
    }
    on.emit(Action::TogglePlay);
}
