//! The lessons: one line each, with the text in either language. A lesson is added by its two files in `www/lessons/` and its line here.

use alloc::{string::String, vec::Vec};

use crate::lesson::Lesson;

/// A lesson as it stands in the list.
#[derive(Debug)]
pub struct Entry {
    /// Its name in links.
    pub id: &'static str,
    /// Its titles, in English and Chinese. They stand in its texts as well, but a list of lessons should need no text.
    pub titles: [&'static str; 2],
}

/// Makes the list of lessons, and the list of their texts from their files.
macro_rules! lessons {
    ($($id:literal, $english:literal, $chinese:literal;)*) => {
        /// All lessons in their order.
        pub const LESSONS: &[Entry] = &[$(Entry { id: $id, titles: [$english, $chinese] }),*];
        /// Their texts, in English and Chinese.
        static TEXTS: &[[&str; 2]] = &[$([
            include_str!(concat!("../../www/lessons/", $id, ".en.md")),
            include_str!(concat!("../../www/lessons/", $id, ".zh.md")),
        ]),*];
    };
}

lessons! {
    "hello-world", "Hello World", "Hello World";
    "work-queue", "Work queue", "工作队列";
    "restart", "Surviving a restart", "重启之后";
    "fair-dispatch", "Fair dispatch", "公平分发";
    "fanout", "Fanout", "广播 fanout";
    "direct", "Direct", "按级别 direct";
    "topic", "Topic", "主题 topic";
    "rpc", "RPC", "RPC";
    "redis-strings", "Redis strings and bits", "Redis 字符串与位";
    "dead-letters", "Dead letters", "死信";
    "retry-ladder", "Retry with a delay", "延迟重试";
    "confirms", "Confirms and returns", "确认与退回";
    "alternate-exchange", "Alternate exchange", "备用交换机";
    "headers", "Headers exchange", "headers 交换机";
    "exchange-to-exchange", "Exchange to exchange", "交换机到交换机";
    "priority", "Priorities", "优先级";
    "max-length", "A queue that is full", "队列满了";
    "single-active-consumer", "Single active consumer", "单一活跃消费者";
    "direct-reply-to", "Direct reply-to", "直接回复";
    "redis-pipeline", "Round trips and pipelines", "往返与流水线";
    "redis-pool", "A connection pool runs out", "连接池用完了";
}

/// From this place of [`LESSONS`] on they are examples: shorter, and nothing is asked.
pub const EXAMPLES: usize = 9;

/// The English text of the first lesson, with which the page opens.
const FIRST: &str = include_str!("../../www/lessons/hello-world.en.md");

/// The lesson of this id: in Chinese where `language` begins with `zh`, otherwise in English. None when there is no such lesson.
pub fn lesson(id: &str, language: &str) -> Option<Lesson> {
    let place = LESSONS.iter().position(|entry| entry.id == id)?;
    let text =
        if place == 0 && !is_chinese(language) { FIRST } else { texts(place)[usize::from(is_chinese(language))] };
    Lesson::parse(text).ok()
}

/// The ids and titles of all lessons in a language, in their order.
pub fn titles(language: &str) -> Vec<(&'static str, String)> {
    LESSONS.iter().map(|entry| (entry.id, entry.titles[usize::from(is_chinese(language))].into())).collect()
}

fn is_chinese(language: &str) -> bool {
    language.starts_with("zh")
}

/// The texts of the lesson at this place of [`LESSONS`], in English and Chinese.
///
/// A function of its own: the page is cut here, and gets the texts when one but the first is wanted.
#[inline(never)]
pub fn texts(place: usize) -> [&'static str; 2] {
    TEXTS[place]
}

/// Every lesson with its texts.
pub fn all() -> impl Iterator<Item = (&'static Entry, [&'static str; 2])> {
    LESSONS.iter().enumerate().map(|(place, entry)| (entry, texts(place)))
}
