//! Elements, made by ordinary functions.
//!
//! Yew's `html!` unfolds the making of every element, attribute and listener where it stands. That is quick, and much code: about a seventh of all
//! that a visitor had to load before the first lesson played. Here an element is a [`Tag`], and each thing said about it is one call of a function
//! that is neither generic nor inlined:
//!
//! ```text
//! tag("button.button.square").title(name).on(On::Click, on, Action::Step).put(icon(Icon::Step)).html()
//! ```
//!
//! What comes out is what `html!` makes of the same element: attributes in the order in which they were given, the class last; no class at all when it
//! is empty; boolean attributes that are there or not; an input's value and check mark as properties. What can only be seen once all of the page's code
//! is loaded may use `html!`. Deliberately absent: components, and attributes whose names are made at run time.

use std::rc::Rc;

use indexmap::IndexMap;
use web_sys::{Event, HtmlInputElement, HtmlSelectElement, KeyboardEvent};
use yew::{
    AttrValue, Callback, Html, NodeRef, TargetCast,
    virtual_dom::{AttributeOrProperty, Attributes, Key, Listener, ListenerKind, VList, VTag, VText},
};

use crate::action::Action;

/// What can happen to an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum On {
    /// It loses the focus.
    Blur,
    /// Another option is chosen.
    Change,
    /// It is pressed.
    Click,
    /// It gets the focus.
    Focus,
    /// Something is typed or moved.
    Input,
    /// A key goes down.
    KeyDown,
    /// The pointer comes in, from its children or not.
    MouseEnter,
    /// The pointer leaves it and its children.
    MouseLeave,
    /// The pointer leaves it or one of its children.
    MouseOut,
    /// The pointer comes to it or one of its children.
    MouseOver,
    /// A button of the pointer goes down.
    PointerDown,
    /// The pointer moves.
    PointerMove,
    /// A form is sent.
    Submit,
}

/// Whoever listens to an element.
struct Ear {
    on: On,
    run: Callback<Event>,
}

impl Listener for Ear {
    fn kind(&self) -> ListenerKind {
        match self.on {
            On::Blur => ListenerKind::onblur,
            On::Change => ListenerKind::onchange,
            On::Click => ListenerKind::onclick,
            On::Focus => ListenerKind::onfocus,
            On::Input => ListenerKind::oninput,
            On::KeyDown => ListenerKind::onkeydown,
            On::MouseEnter => ListenerKind::onmouseenter,
            On::MouseLeave => ListenerKind::onmouseleave,
            On::MouseOut => ListenerKind::onmouseout,
            On::MouseOver => ListenerKind::onmouseover,
            On::PointerDown => ListenerKind::onpointerdown,
            On::PointerMove => ListenerKind::onpointermove,
            On::Submit => ListenerKind::onsubmit,
        }
    }

    fn handle(&self, event: Event) {
        self.run.emit(event);
    }

    fn passive(&self) -> bool {
        false
    }
}

/// An element that is being made. One pointer, so that it is handed on for nothing.
#[must_use = "an element is seen only when it is put somewhere"]
pub struct Tag(Box<Draft>);

struct Draft {
    tag: VTag,
    class: String,
    attributes: IndexMap<AttrValue, AttributeOrProperty>,
    ears: Vec<Option<Rc<dyn Listener>>>,
    children: Vec<Html>,
}

/// An element with nothing in it yet, by its name and the classes that it has in any case, as in a style sheet: `button.button.square`.
#[inline(never)]
pub fn tag(selector: &'static str) -> Tag {
    let (name, classes) = selector.split_once('.').unwrap_or((selector, ""));
    let draft = Draft {
        tag: VTag::new(AttrValue::Static(name)),
        class: String::new(),
        attributes: IndexMap::new(),
        ears: Vec::new(),
        children: Vec::new(),
    };
    classes.split('.').fold(Tag(Box::new(draft)), Tag::class)
}

impl Tag {
    #[inline(never)]
    fn set(mut self, name: &'static str, value: AttrValue) -> Tag {
        self.0.attributes.insert(AttrValue::Static(name), AttributeOrProperty::Attribute(value));
        self
    }

    /// An attribute.
    #[inline(never)]
    pub fn attr(self, name: &'static str, value: &str) -> Tag {
        self.set(name, AttrValue::from(value.to_string()))
    }

    /// What it is called by those who cannot see it.
    #[inline(never)]
    pub fn label(self, label: &str) -> Tag {
        self.attr("aria-label", label)
    }

    /// What is said of it when the pointer rests on it.
    #[inline(never)]
    pub fn title(self, title: &str) -> Tag {
        self.attr("title", title)
    }

    /// What it is to a screen reader.
    #[inline(never)]
    pub fn role(self, role: &'static str) -> Tag {
        self.set("role", AttrValue::Static(role))
    }

    /// Attributes that are always the same.
    #[inline(never)]
    pub fn attrs(mut self, all: &[(&'static str, &'static str)]) -> Tag {
        for (name, value) in all {
            self = self.set(name, AttrValue::Static(value));
        }
        self
    }

    /// An attribute that is a number.
    #[inline(never)]
    pub fn number(self, name: &'static str, value: i64) -> Tag {
        self.attr(name, &value.to_string())
    }

    /// An attribute that says `true` or `false`, as those for screen readers do.
    #[inline(never)]
    pub fn truth(self, name: &'static str, value: bool) -> Tag {
        self.set(name, AttrValue::Static(if value { "true" } else { "false" }))
    }

    /// An attribute that is there or not, as `disabled`.
    #[inline(never)]
    pub fn flag(self, name: &'static str, there: bool) -> Tag {
        if there { self.set(name, AttrValue::Static(name)) } else { self }
    }

    /// Marks what is current, as `step`, for screen readers.
    #[inline(never)]
    pub fn current(self, is_current: bool) -> Tag {
        if is_current { self.set("aria-current", AttrValue::Static("step")) } else { self }
    }

    /// Classes, beside those it has.
    #[inline(never)]
    pub fn class(mut self, names: &str) -> Tag {
        let class = &mut self.0.class;
        if !class.is_empty() && !names.is_empty() {
            class.push(' ');
        }
        class.push_str(names);
        self
    }

    /// A class that it has or not.
    #[inline(never)]
    pub fn class_if(self, has: bool, name: &str) -> Tag {
        if has { self.class(name) } else { self }
    }

    /// What stands in an input: its property, so that it is as given after each change.
    #[inline(never)]
    pub fn value(mut self, value: &str) -> Tag {
        self.0.tag.set_value(AttrValue::from(value.to_string()));
        self
    }

    /// Whether an input is checked: its property too.
    #[inline(never)]
    pub fn checked(mut self, checked: bool) -> Tag {
        self.0.tag.set_checked(checked);
        self
    }

    /// Who it is among its neighbours, so that it stays the same element when these come and go.
    #[inline(never)]
    pub fn key(mut self, key: &str) -> Tag {
        self.0.tag.key = Some(Key::from(key));
        self
    }

    /// The same by a number.
    #[inline(never)]
    pub fn nth(self, number: usize) -> Tag {
        self.key(&number.to_string())
    }

    /// By what the page finds the real element.
    #[inline(never)]
    pub fn node(mut self, node: &NodeRef) -> Tag {
        self.0.tag.node_ref = node.clone();
        self
    }

    /// Hears what happens to it.
    #[inline(never)]
    pub fn hear(mut self, on: On, run: Callback<Event>) -> Tag {
        self.0.ears.push(Some(Rc::new(Ear { on, run })));
        self
    }

    /// Sends this action when that happens.
    #[inline(never)]
    pub fn on(self, on: On, to: &Callback<Action>, action: Action) -> Tag {
        let to = to.clone();
        self.hear(on, Callback::from(move |_| to.emit(action.clone())))
    }

    /// Sends the action that is read off what happened.
    #[inline(never)]
    pub fn on_event(self, on: On, to: &Callback<Action>, read: fn(&Event) -> Action) -> Tag {
        let to = to.clone();
        self.hear(on, Callback::from(move |event| to.emit(read(&event))))
    }

    /// Text in it, behind what is there.
    #[inline(never)]
    pub fn text(self, text: &str) -> Tag {
        self.put_html(VText::new(text.to_string()).into())
    }

    /// A number in it.
    #[inline(never)]
    pub fn count(self, number: usize) -> Tag {
        self.text(&number.to_string())
    }

    /// An element in it, behind what is there.
    #[inline(never)]
    pub fn put(self, child: Tag) -> Tag {
        self.put_html(child.html())
    }

    /// What was made elsewhere in it. Where something may be missing, nothing (`Html::default()`) keeps its place.
    #[inline(never)]
    pub fn put_html(mut self, child: Html) -> Tag {
        self.0.children.push(child);
        self
    }

    /// Done: what Yew shows.
    #[inline(never)]
    pub fn html(mut self) -> Html {
        let class = std::mem::take(&mut self.0.class);
        if !class.is_empty() {
            self = self.set("class", AttrValue::from(class));
        }
        let Draft { mut tag, attributes, ears, mut children, .. } = *self.0;
        tag.attributes = Attributes::IndexMap(Rc::new(attributes));
        tag.set_listeners(ears.into());
        if let Some(inner) = tag.children_mut() {
            // A single child needs no list around it.
            *inner = if children.len() == 1 { children.remove(0) } else { VList::from(children).into() };
        }
        tag.into()
    }
}

/// The option that was chosen, by its place.
#[inline(never)]
pub fn chosen(event: &Event) -> usize {
    let select: HtmlSelectElement = event.target_unchecked_into();
    select.selected_index().max(0) as usize
}

/// What was typed.
#[inline(never)]
pub fn typed(event: &Event) -> String {
    let input: HtmlInputElement = event.target_unchecked_into();
    input.value()
}

/// The key that went down; no name of a key when the event is none of the keyboard's.
#[inline(never)]
pub fn key(event: &Event) -> String {
    use wasm_bindgen::JsCast;
    event.dyn_ref::<KeyboardEvent>().map(KeyboardEvent::key).unwrap_or_default()
}

/// What a key does is done here alone: the page does not scroll, and its own keys hear nothing.
#[inline(never)]
pub fn keep(event: &Event) {
    event.prevent_default();
    event.stop_propagation();
}
