//! Which parts the page's code is in, and where it is cut.
//!
//! A cut is named by how a function's Rust name begins. The build says which of these fit nothing; a function at a cut needs `#[inline(never)]`.

/// A part of the page's code that is loaded after the first one.
pub struct Part {
    /// What its file's name ends in.
    pub name: &'static str,
    /// Where it begins.
    pub cuts: &'static [&'static str],
}

/// The parts that follow the first one, in the order in which they are loaded: each may call what is in those before it.
pub const LATER: [Part; 3] =
    [Part { name: "play", cuts: PLAY }, Part { name: "rest", cuts: REST }, Part { name: "scripts", cuts: SCRIPTS }];

/// The part, counted from the first one as 0, that gets what the first lesson was seen not to need.
pub const COLD: usize = 2;

/// What plays the first lesson. It is loaded as soon as the first picture stands.
const PLAY: &[&str] = &[
    // The run.
    "<warren_sim::session::Session>::carry_on",
    "<warren_sim::session::Session>::verdicts",
    "<warren_sim::world::World>::submit",
    "<warren_sim::world::World>::step",
    "<warren_sim::timeline::Timeline>::seek",
    // What is done, and what is shown once the world has begun.
    "<warren::app::App>::answer",
    "<warren::app::App>::show_frame",
    "<warren::app::App>::look_again",
    "<warren::app::App>::paint",
    "<warren::app::App>::finish",
    "<warren::app::App>::rooms",
    "warren::shell::transport::mark",
    "warren::shell::lesson::breaks",
    "warren::panels::inspector::print_more",
];

/// What is reached by doing more than that. It is loaded at the first touch of the page.
const REST: &[&str] = &[
    // The store, its console and what they print; methods by hand, definitions, the broker as a whole.
    "<warren_sim::timeline::Timeline>::hash",
    "<warren_sim::world::World>::by_hand",
    "<warren_sim::world::World>::hand_gets",
    "<warren_sim::world::World>::import_definitions",
    "<warren_sim::world::World>::type_line",
    "<warren_sim::world::World>::expire_keys",
    "<warren_sim::world::World>::switch_broker",
    "<warren_sim::amqp::broker::Broker>::any_method",
    "<warren_sim::amqp::broker::Broker>::dead_letter",
    "warren_sim::program::rpc::",
    "warren_sim::amqp::text::",
    "<warren_sim::amqp::text::",
    "<warren_sim::amqp::method::Method>::set",
    "<warren_sim::amqp::method::Method>::fields",
    "<warren_sim::amqp::value::Value>::",
    "warren_sim::amqp::error::",
    "<warren_sim::amqp::broker::Broker>::remove_queue",
    "<warren_sim::amqp::broker::Broker>::remove_bindings_to",
    "<warren_sim::amqp::broker::Broker>::consumed_queues",
    "<warren_sim::amqp::broker::Broker>::notify_cancelled",
    "<warren_sim::amqp::broker::Broker>::delete_exchange",
    "<warren_sim::amqp::broker::Broker>::deliver_reply",
    "<warren_sim::amqp::broker::Broker>::reply_consumer",
    "<warren_sim::amqp::broker::Broker>::lose_held",
    "<warren_sim::amqp::broker::Broker>::requeue",
    "<warren_sim::amqp::exchange::Exchange>::unbind",
    "warren_sim::amqp::exchange::topic::",
    "<warren_sim::amqp::policy::pattern::",
    "warren_sim::float::",
    "warren_sim::longdouble::",
    "<warren_sim::longdouble::",
    "<warren_sim::timeline::Branch>::truncate",
    "warren::panels::console_room",
    "warren::panels::keys_room",
    "warren::panels::trips_room",
    "<warren::say::Teller>::trip",
    "warren_sim::program::redis_py::build",
    "<warren_sim::world::World>::store_call",
    "<warren_sim::world::World>::store_task",
    "<warren_sim::world::World>::leave_store",
    // Tables, details and forms that are opened by hand.
    "warren::panels::events_room",
    "warren::panels::inspector::selected",
    "warren::shell::toolbar::form",
    // What is done by somebody who does more than look.
    "<warren::app::App>::import",
    "<warren_sim::amqp::broker::Broker>::export_definitions",
    "warren::shell::method_form::",
    "<warren::app::App>::restart",
    "<warren::app::App>::open_lesson",
    "<warren::app::App>::submit",
    "<warren::app::App>::tell_full",
    "<warren::app::App>::speak",
    "<warren::app::App>::share",
    "<warren::app::App>::open_link",
    // The other language, the other lessons.
    "warren::text::chinese",
    "warren::text::say::chinese",
    "warren_sim::lessons::texts",
    // What scripts call, and links.
    "warren::bridge::call",
    "<warren_sim::link::Link>::",
    // What the page's libraries can do, and the page does not do at first.
    "core::num::flt2dec::strategy::grisu::format_exact",
    "core::num::flt2dec::strategy::dragon::",
    "<yew::virtual_dom::vraw::VRaw as ",
    "<yew::virtual_dom::vportal::VPortal as ",
    "<yew::virtual_dom::vsuspense::VSuspense as ",
];

/// Lua, for the scripts of the store. It is loaded when the first of them runs.
const SCRIPTS: &[&str] = &[
    "<warren_sim::redis::call::Call>::keep_script",
    "<warren_sim::redis::call::Call>::run_script",
    "<warren_sim::redis::call::Call>::run_function",
    "<warren_sim::redis::scripting::functions::Library>::load",
];
