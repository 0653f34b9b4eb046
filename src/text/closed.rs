//! The words of panels and forms that are closed when the page opens, and of links: they come with the part of its code that wants them.

mod details;
mod forms;

use super::Language;
pub use details::DetailsText;
pub use forms::{FormsText, LinksText};

/// The words of what is closed at first.
#[derive(Debug)]
pub struct ClosedText {
    /// The log of events.
    pub events: EventsText,
    /// The console.
    pub console: ConsoleText,
    /// The keys.
    pub keys: KeysText,
    /// What the inspector says of something that is selected.
    pub details: DetailsText,
    /// The forms below the stage.
    pub forms: FormsText,
    /// What is told of links.
    pub links: LinksText,
}

impl Language {
    /// The words of what is closed at first.
    pub fn closed(self) -> &'static ClosedText {
        match self {
            Language::English => &ENGLISH,
            Language::Chinese => &CHINESE,
        }
    }
}

/// The log of events.
#[derive(Debug)]
#[allow(missing_docs, reason = "each field is named by what it says in English below")]
pub struct EventsText {
    pub filter: &'static str,
    pub messages_only: &'static str,
    pub everything: &'static str,
    pub earlier: &'static str,
    pub because: &'static str,
    pub own: &'static str,
    pub seek: &'static str,
    pub empty: &'static str,
}

/// The console.
#[derive(Debug)]
#[allow(missing_docs, reason = "each field is named by what it says in English below")]
pub struct ConsoleText {
    pub input: &'static str,
    pub empty: &'static str,
    pub history: &'static str,
    pub clients: &'static str,
    pub client: &'static str,
    pub another: &'static str,
    pub interrupt: &'static str,
    pub warn_flush: &'static str,
    pub warn_keys: &'static str,
}

/// The keys.
#[derive(Debug)]
#[allow(missing_docs, reason = "each field is named by what it says in English below")]
pub struct KeysText {
    pub caption: &'static str,
    pub key: &'static str,
    pub kind: &'static str,
    pub encoding: &'static str,
    pub size: &'static str,
    pub ttl: &'static str,
    pub stays: &'static str,
    pub value: &'static str,
    pub empty: &'static str,
    pub more: &'static str,
    pub changed: &'static str,
    pub bits: &'static str,
    pub byte: &'static str,
    pub hex: &'static str,
    pub character: &'static str,
    pub bits_of: &'static str,
    pub bit_changed: &'static str,
    pub field: &'static str,
    pub member: &'static str,
    pub score: &'static str,
    pub entry_id: &'static str,
    pub fields: &'static str,
    pub element: &'static str,
    pub place: &'static str,
    pub elements_of: &'static str,
    pub more_elements: &'static str,
    pub more_bytes: &'static str,
}

static ENGLISH: ClosedText = ClosedText {
    events: EventsText {
        filter: "Which events",
        messages_only: "Messages only",
        everything: "Everything",
        earlier: "{0} earlier events are not shown: go back to see them",
        because: "because of step {0}",
        own: "you",
        seek: "Go to step {0}",
        empty: "Nothing has happened yet. Take a step.",
    },
    console: ConsoleText {
        input: "Command for the store",
        empty: "This is redis-cli, on a store that lives in the same world. Try one of these:",
        history: "Commands and replies",
        clients: "Clients",
        client: "Client {0}",
        another: "Another client",
        interrupt: "Interrupt (Ctrl-C)",
        warn_flush: "This removes all keys ({0} here). Enter once more to do it; any other key gives up.",
        warn_keys: "KEYS looks at all {0} keys while everybody else waits; SCAN does not. Enter once more to do it.",
    },
    keys: KeysText {
        caption: "Keys of database {0}",
        key: "Key",
        kind: "Type",
        encoding: "Encoding",
        size: "Bytes",
        ttl: "Expires in",
        stays: "stays",
        value: "Value",
        empty: "Database {0} is empty. Type SET foo bar in the console.",
        more: "and {0} more keys",
        changed: "changed",
        bits: "Bits of {0}",
        byte: "Byte",
        hex: "Hex",
        character: "Character",
        bits_of: "Bits 0 to 7",
        bit_changed: "changed",
        field: "Field",
        member: "Member",
        score: "Score",
        entry_id: "Id",
        fields: "Fields",
        element: "Element",
        place: "Index",
        elements_of: "{0} · elements: {1}",
        more_elements: "and {0} more elements",
        more_bytes: "and {0} more bytes",
    },
    details: details::ENGLISH,
    forms: forms::FORMS_ENGLISH,
    links: forms::LINKS_ENGLISH,
};

static CHINESE: ClosedText = ClosedText {
    events: EventsText {
        filter: "显示哪些事件",
        messages_only: "只看消息",
        everything: "全部",
        earlier: "更早的 {0} 个事件没有显示：往回走就能看到",
        because: "起因：第 {0} 步",
        own: "你",
        seek: "跳到第 {0} 步",
        empty: "还什么都没有发生。走一步看看。",
    },
    console: ConsoleText {
        input: "给存储的命令",
        empty: "这就是 redis-cli，它的存储与画面处在同一个世界里。试试其中一条：",
        history: "命令与回复",
        clients: "客户端",
        client: "客户端 {0}",
        another: "再开一个客户端",
        interrupt: "中断 (Ctrl-C)",
        warn_flush: "这会删除所有键（此处 {0} 个）。再按一次回车执行，按其他键放弃。",
        warn_keys: "KEYS 会扫描全部 {0} 个键，期间别人都要等；SCAN 不会。再按一次回车执行。",
    },
    keys: KeysText {
        caption: "数据库 {0} 的键",
        key: "键",
        kind: "类型",
        encoding: "编码",
        size: "字节数",
        ttl: "剩余时间",
        stays: "不过期",
        value: "值",
        empty: "数据库 {0} 是空的。在控制台输入 SET foo bar。",
        more: "还有 {0} 个键",
        changed: "刚修改",
        bits: "{0} 的各个位",
        byte: "字节",
        hex: "十六进制",
        character: "字符",
        bits_of: "第 0 到 7 位",
        bit_changed: "已改变",
        field: "字段",
        member: "成员",
        score: "分数",
        entry_id: "ID",
        fields: "字段",
        element: "元素",
        place: "下标",
        elements_of: "{0} · {1} 个元素",
        more_elements: "还有 {0} 个元素",
        more_bytes: "还有 {0} 字节",
    },
    details: details::CHINESE,
    forms: forms::FORMS_CHINESE,
    links: forms::LINKS_CHINESE,
};
