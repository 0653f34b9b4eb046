//! The lessons: one line each, with the text in either language. A lesson is added by its two files in `www/lessons/` and its line here.

use alloc::{string::String, vec::Vec};

use crate::lesson::Lesson;

/// Both texts of a lesson, from their files.
macro_rules! texts {
    ($id:literal) => {
        (
            $id,
            include_str!(concat!("../../www/lessons/", $id, ".en.md")),
            include_str!(concat!("../../www/lessons/", $id, ".zh.md")),
        )
    };
}

/// All lessons in their order: the id, the English text, the Chinese text.
pub const LESSONS: &[(&str, &str, &str)] = &[
    texts!("hello-world"),
    texts!("work-queue"),
    texts!("restart"),
    texts!("fair-dispatch"),
    texts!("fanout"),
    texts!("direct"),
    texts!("topic"),
    texts!("rpc"),
    texts!("redis-strings"),
];

/// The lesson of this id: in Chinese where `language` begins with `zh`, otherwise in English. None when there is no such lesson.
pub fn lesson(id: &str, language: &str) -> Option<Lesson> {
    text(id, language).and_then(|text| Lesson::parse(text).ok())
}

/// The ids and titles of all lessons in a language, in their order.
pub fn titles(language: &str) -> Vec<(&'static str, String)> {
    LESSONS.iter().map(|(id, _, _)| (*id, text(id, language).and_then(title_of).unwrap_or(id).into())).collect()
}

fn text(id: &str, language: &str) -> Option<&'static str> {
    let (_, english, chinese) = LESSONS.iter().find(|(known, _, _)| *known == id)?;
    Some(if language.starts_with("zh") { chinese } else { english })
}

/// The title alone: a list of lessons need not read them all.
fn title_of(text: &'static str) -> Option<&'static str> {
    text.lines().find_map(|line| line.strip_prefix("# ")).map(str::trim)
}
