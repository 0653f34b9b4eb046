//! Every word of the page, in both languages. A text that is missing in one does not compile.
//!
//! One file for each part of the page; each holds a struct and its two tables.

mod app;
mod closed;
mod panels;
mod say;
mod stage;
mod store;

pub use app::AppText;
pub use closed::{ClosedText, DetailsText, FormsText, LinksText};
pub use panels::{InspectorText, PanelText};
pub use say::SayText;
pub use stage::StageText;
pub use store::StoreText;

/// A language the page speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// English.
    #[default]
    English,
    /// Simplified Chinese.
    Chinese,
}

impl Language {
    /// Its tag in HTML.
    pub fn tag(self) -> &'static str {
        match self {
            Language::English => "en",
            Language::Chinese => "zh-Hans",
        }
    }

    /// Its name in links and file names.
    pub fn code(self) -> &'static str {
        match self {
            Language::English => "en",
            Language::Chinese => "zh",
        }
    }

    /// The language of this name.
    pub fn from_code(code: &str) -> Option<Language> {
        match code {
            "en" => Some(Language::English),
            "zh" => Some(Language::Chinese),
            _ => None,
        }
    }

    /// All its words.
    pub fn text(self) -> &'static Text {
        match self {
            Language::English => &ENGLISH,
            Language::Chinese => chinese(),
        }
    }
}

/// All words of one language.
#[derive(Debug)]
pub struct Text {
    /// Which language it is.
    pub language: Language,
    /// Header, lesson, timeline, notices, forms.
    pub app: AppText,
    /// Nodes and edges.
    pub stage: StageText,
    /// The panels below and beside the stage.
    pub panels: PanelText,
}

impl PartialEq for Text {
    /// There is one table for each language, so nothing else needs to be compared.
    fn eq(&self, other: &Text) -> bool {
        self.language == other.language
    }
}

static ENGLISH: Text =
    Text { language: Language::English, app: app::ENGLISH, stage: stage::ENGLISH, panels: panels::ENGLISH };
static CHINESE: Text =
    Text { language: Language::Chinese, app: app::CHINESE, stage: stage::CHINESE, panels: panels::CHINESE };

/// A function of its own: the page is cut here, and gets these words when they are wanted.
#[inline(never)]
fn chinese() -> &'static Text {
    // Otherwise the compiler would see through the call, and what is returned would be needed everywhere.
    std::hint::black_box(&CHINESE)
}

/// Fills the places `{0}`, `{1}` ... of a text, in one pass: what is filled in may hold braces of its own.
pub fn fill(template: &str, values: &[&str]) -> String {
    let mut text = String::with_capacity(template.len() + 32);
    let mut rest = template;
    while let Some(open) = rest.find('{') {
        let digits = &rest[open + 1..];
        let value = digits
            .split_once('}')
            .and_then(|(digits, after)| Some((values.get(digits.parse::<usize>().ok()?)?, after)));
        text.push_str(&rest[..open]);
        match value {
            Some((value, after)) => {
                text.push_str(value);
                rest = after;
            }
            None => {
                text.push('{');
                rest = digits;
            }
        }
    }
    text.push_str(rest);
    text
}
