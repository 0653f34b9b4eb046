//! The words of the panels. What happened and why is phrased in `say.rs`, the inspector's words are in `inspector.rs`.

mod inspector;

pub use inspector::InspectorText;

/// The words of the panels.
#[derive(Debug)]
#[allow(missing_docs, reason = "each field is named by what it says in English below")]
pub struct PanelText {
    pub queues: QueuesText,
    pub contents: ContentsText,
    pub consumers: ConsumersText,
    pub tabs: TabsText,
    pub code: CodeText,
    pub inspector: InspectorText,
}

/// The table of queues.
#[derive(Debug)]
#[allow(missing_docs, reason = "each field is named by what it says in English below")]
pub struct QueuesText {
    pub title: &'static str,
    pub name: &'static str,
    pub features: &'static str,
    pub ready: &'static str,
    pub unacked: &'static str,
    pub total: &'static str,
    pub empty: &'static str,
    pub broker_down: &'static str,
    pub more: &'static str,
    pub durable: &'static str,
    pub auto_delete: &'static str,
    pub exclusive: &'static str,
    pub argument: &'static str,
}

/// What a queue holds.
#[derive(Debug)]
#[allow(missing_docs, reason = "each field is named by what it says in English below")]
pub struct ContentsText {
    pub title: &'static str,
    pub caption: &'static str,
    pub no_queue: &'static str,
    pub empty: &'static str,
    pub empty_no_binding: &'static str,
    pub position: &'static str,
    pub message: &'static str,
    pub state: &'static str,
    pub ready: &'static str,
    pub unacked: &'static str,
    pub redelivered: &'static str,
    pub routing_key: &'static str,
    pub properties: &'static str,
    pub body: &'static str,
    pub bytes: &'static str,
    pub age: &'static str,
    pub more: &'static str,
    pub get: &'static str,
    pub get_mode: &'static str,
    pub modes: [&'static str; 4],
    pub got: &'static str,
}

/// The consumers.
#[derive(Debug)]
#[allow(missing_docs, reason = "each field is named by what it says in English below")]
pub struct ConsumersText {
    pub title: &'static str,
    pub consumer: &'static str,
    pub queue: &'static str,
    pub reason: &'static str,
    pub prefetch: &'static str,
    pub unlimited: &'static str,
    pub unacked: &'static str,
    pub tag: &'static str,
    pub actions: &'static str,
    pub kill: &'static str,
    pub restart: &'static str,
    pub kill_label: &'static str,
    pub restart_label: &'static str,
    pub empty: &'static str,
}

/// The names of the tabs of [`super::closed`] panels.
#[derive(Debug)]
#[allow(missing_docs, reason = "each field is named by what it says in English below")]
pub struct TabsText {
    pub events: &'static str,
    pub console: &'static str,
    pub keys: &'static str,
}

/// The code of the processes.
#[derive(Debug)]
#[allow(missing_docs, reason = "each field is named by what it says in English below")]
pub struct CodeText {
    pub title: &'static str,
    pub programs: &'static str,
    pub listing: &'static str,
    pub at_work: &'static str,
    pub stopped_here: &'static str,
    pub terminal: &'static str,
    pub nothing_printed: &'static str,
    pub empty: &'static str,
    pub running: &'static str,
    pub waiting: &'static str,
    pub connecting: &'static str,
    pub sleeping: &'static str,
    pub working: &'static str,
    pub ended: &'static str,
    pub died: &'static str,
    pub killed: &'static str,
}

pub(super) const ENGLISH: PanelText = PanelText {
    queues: QueuesText {
        title: "Queues",
        name: "Name",
        features: "Features",
        ready: "Ready",
        unacked: "Unacked",
        total: "Total",
        empty: "There is no queue yet. A program that calls queue_declare makes one.",
        broker_down: "The broker is down: nobody can see its queues until it starts again.",
        more: "and {0} more queues",
        durable: "durable: survives a restart of the broker",
        auto_delete: "auto_delete: goes when its last consumer leaves",
        exclusive: "exclusive: belongs to the connection of {0} and goes with it",
        argument: "{0}: {1}",
    },
    contents: ContentsText {
        title: "Contents",
        caption: "Contents of {0}",
        no_queue: "No queue, no contents. A program that calls queue_declare makes one.",
        empty: "{0} is empty. The next message that is routed here waits in it.",
        empty_no_binding: "{0} is empty. A message published to the default exchange with routing key {0} comes here.",
        position: "Place",
        message: "Message",
        state: "State",
        ready: "ready",
        unacked: "unacked by {0}, tag {1}",
        redelivered: "redelivered",
        routing_key: "Routing key",
        properties: "Properties",
        body: "Body",
        bytes: "{0} bytes",
        age: "Waits for",
        more: "and {0} more messages behind these",
        get: "Get message",
        get_mode: "Ack mode",
        modes: ["Nack message requeue true", "Automatic ack", "Reject requeue true", "Reject requeue false"],
        got: "What you were answered",
    },
    consumers: ConsumersText {
        title: "Consumers",
        consumer: "Consumer",
        queue: "Queue",
        reason: "Waits because",
        prefetch: "Prefetch",
        unlimited: "no limit",
        unacked: "Unacked",
        tag: "consumer tag {0}",
        actions: "Actions",
        kill: "Kill",
        restart: "Restart",
        kill_label: "Kill {0}",
        restart_label: "Restart {0}",
        empty: "Nobody consumes yet. A program that calls basic_consume shows up here.",
    },
    tabs: TabsText { events: "Events", console: "Console", keys: "Keys" },
    code: CodeText {
        title: "Code",
        programs: "Programs",
        listing: "Code of {0}",
        at_work: "at work",
        stopped_here: "stopped here",
        terminal: "Terminal",
        nothing_printed: "It has printed nothing yet.",
        empty: "No program has been started yet. Take a step, or add one.",
        running: "running",
        waiting: "waiting",
        connecting: "connecting",
        sleeping: "asleep until {0}",
        working: "at work on message {0} until {1}",
        ended: "ended",
        died: "died of an error",
        killed: "killed",
    },
    inspector: inspector::ENGLISH,
};

pub(super) const CHINESE: PanelText = PanelText {
    queues: QueuesText {
        title: "队列",
        name: "名称",
        features: "特性",
        ready: "就绪",
        unacked: "未确认",
        total: "总计",
        empty: "还没有队列。程序调用 queue_declare 就会创建一个。",
        broker_down: "broker 已停止：重新启动之前，谁也看不到它的队列。",
        more: "还有 {0} 个队列",
        durable: "durable：broker 重启后仍然存在",
        auto_delete: "auto_delete：最后一个消费者离开后自动删除",
        exclusive: "exclusive：只属于 {0} 的连接，随连接一起消失",
        argument: "{0}：{1}",
    },
    contents: ContentsText {
        title: "内容",
        caption: "{0} 的内容",
        no_queue: "没有队列，也就没有内容。程序调用 queue_declare 就会创建一个。",
        empty: "{0} 是空的。下一条路由到这里的消息会在此等待。",
        empty_no_binding: "{0} 是空的。用路由键 {0} 发布到默认交换机的消息会来到这里。",
        position: "位置",
        message: "消息",
        state: "状态",
        ready: "就绪",
        unacked: "{0} 未确认，标签 {1}",
        redelivered: "重新投递",
        routing_key: "路由键",
        properties: "属性",
        body: "消息体",
        bytes: "{0} 字节",
        age: "已等待",
        more: "后面还有 {0} 条消息",
        get: "取消息",
        get_mode: "确认方式",
        modes: ["Nack，重新入队", "自动确认", "Reject，重新入队", "Reject，不重新入队"],
        got: "你得到的回答",
    },
    consumers: ConsumersText {
        title: "消费者",
        consumer: "消费者",
        queue: "队列",
        reason: "等待的原因",
        prefetch: "Prefetch",
        unlimited: "不限",
        unacked: "未确认",
        tag: "消费者标签 {0}",
        actions: "操作",
        kill: "杀死",
        restart: "重启",
        kill_label: "杀死 {0}",
        restart_label: "重启 {0}",
        empty: "还没有消费者。程序调用 basic_consume 后会出现在这里。",
    },
    tabs: TabsText { events: "事件", console: "控制台", keys: "键" },
    code: CodeText {
        title: "代码",
        programs: "程序",
        listing: "{0} 的代码",
        at_work: "正在执行",
        stopped_here: "停在这里",
        terminal: "终端",
        nothing_printed: "还没有输出。",
        empty: "还没有启动程序。走一步，或者添加一个。",
        running: "运行中",
        waiting: "等待中",
        connecting: "连接中",
        sleeping: "休眠到 {0}",
        working: "处理消息 {0}，直到 {1}",
        ended: "已结束",
        died: "因错误终止",
        killed: "已被杀死",
    },
    inspector: inspector::CHINESE,
};
