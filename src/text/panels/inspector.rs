//! The words of the inspector while nothing is selected.

/// Headings and sentences of the inspector while nothing is selected; all others are in [`crate::text::DetailsText`].
#[derive(Debug)]
#[allow(missing_docs, reason = "each field is named by what it says in English below")]
pub struct InspectorText {
    pub title: &'static str,
    pub close: &'static str,

    // Nothing is selected.
    pub nothing_title: &'static str,
    pub nothing: &'static str,
    pub last_step: &'static str,
    pub no_step: &'static str,
}

pub(super) const ENGLISH: InspectorText = InspectorText {
    title: "Inspector",
    close: "Close",

    nothing_title: "Point at something",
    nothing: "A message, a queue, an exchange, a program: click it and it tells here where it came from, what it waits for, and why.",
    last_step: "What just happened",
    no_step: "Nothing has happened yet. Take a step.",
};

pub(super) const CHINESE: InspectorText = InspectorText {
    title: "检视",
    close: "关闭",

    nothing_title: "指向某样东西",
    nothing: "消息、队列、交换机、程序：点一下，这里就会说明它从哪里来、在等什么、为什么。",
    last_step: "刚刚发生了什么",
    no_step: "还什么都没有发生。走一步看看。",
};
