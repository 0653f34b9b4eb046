//! `c1.1 topic-grid a b 3`: every pattern of up to three words over `a`, `b`, `*` and `#` against every key of up to three words over
//! `a` and `b`, one line per pattern with the keys that reached its queue.
//!
//! Written out as frames it would be some three thousand; this is the same, shorter to read.

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};

use super::Stage;
use crate::amqp::method::{
    BasicGet, BasicPublish, Content, ExchangeDeclare, ExchangeDelete, Frame, Method, QueueBind, QueueDeclare,
    QueueDelete,
};
use crate::bytes::Bytes;

/// What patterns and keys are made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grid {
    /// The words.
    pub words: Vec<String>,
    /// The most words of a pattern or a key.
    pub length: u32,
}

impl Grid {
    pub(super) fn parse<'a>(words: impl Iterator<Item = &'a str>) -> Result<Grid, String> {
        let mut words: Vec<String> = words.map(str::to_string).collect();
        let length = words.pop().and_then(|word| word.parse().ok()).filter(|length| (1..=4).contains(length));
        Ok(Grid { words, length: length.ok_or("expected words and a length from 1 to 4: topic-grid a b 3")? })
    }

    /// Every key.
    pub fn keys(&self) -> Vec<String> {
        sequences(&self.words, self.length)
    }

    /// Every pattern.
    pub fn patterns(&self) -> Vec<String> {
        let mut words = self.words.clone();
        words.extend(["*".to_string(), "#".to_string()]);
        sequences(&words, self.length)
    }
}

/// Every sequence of up to `length` words, the shorter ones first.
fn sequences(words: &[String], length: u32) -> Vec<String> {
    let mut all = Vec::from([String::new()]);
    let mut longest = all.clone();
    for round in 0..length {
        let joined = |start: &String, word: &String| if round == 0 { word.clone() } else { format!("{start}.{word}") };
        longest = longest.iter().flat_map(|start| words.iter().map(move |word| joined(start, word))).collect();
        all.extend(longest.iter().cloned());
    }
    all
}

const EXCHANGE: &str = "grid";
const QUEUE: &str = "grid";

/// Plays the grid and returns its lines. What else the broker says, a refusal for instance, is a line as well.
pub(super) fn play<S: Stage>(grid: &Grid, stage: &mut S, client: &str, channel: u16) -> Result<Vec<String>, S::Error> {
    let keys = grid.keys();
    let (exchange, queue) = (Bytes::from(EXCHANGE), Bytes::from(QUEUE));
    let mut lines = Vec::new();
    let declare = ExchangeDeclare { exchange: exchange.clone(), type_: Bytes::from("topic"), ..Default::default() };
    stage.send(client, channel, declare.into())?;
    stage.settle()?;
    for pattern in grid.patterns() {
        let routing_key = Bytes::from(pattern.as_str());
        stage.send(client, channel, QueueDeclare { queue: queue.clone(), ..Default::default() }.into())?;
        let bind = QueueBind { queue: queue.clone(), exchange: exchange.clone(), routing_key, ..Default::default() };
        stage.send(client, channel, bind.into())?;
        for key in &keys {
            let key = Bytes::from(key.as_str());
            let method = BasicPublish { exchange: exchange.clone(), routing_key: key.clone(), ..Default::default() };
            let content = Some(Content { body: key, ..Default::default() });
            stage.send(client, channel, Frame { method: method.into(), content })?;
        }
        for _ in &keys {
            stage.send(
                client,
                channel,
                BasicGet { queue: queue.clone(), no_ack: true, ..Default::default() }.into(),
            )?;
        }
        stage.send(client, channel, QueueDelete { queue: queue.clone(), ..Default::default() }.into())?;
        let mut line = format!("{} takes", shown(&pattern));
        for heard in stage.settle()? {
            match heard.frame.map(|frame| (frame.method, frame.content)) {
                Some((Method::BasicGetOk(_), Some(content))) => {
                    line.push(' ');
                    line.push_str(&shown(&content.body.text()));
                }
                Some((Method::ChannelClose(close), _)) => lines.push(close.reply_text.to_string()),
                _ => {} // The oks of declare, bind and delete, and an empty queue.
            }
        }
        lines.push(line);
    }
    stage.send(client, channel, ExchangeDelete { exchange, ..Default::default() }.into())?;
    stage.settle()?;
    Ok(lines)
}

fn shown(words: &str) -> String {
    if words.is_empty() { "\"\"".to_string() } else { words.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grid_of_three_words_has_1275_pairs() {
        let grid = Grid::parse("a b 3".split(' ')).expect("a grid");
        assert_eq!((grid.patterns().len(), grid.keys().len()), (85, 15));
        assert_eq!(grid.keys()[..4], ["", "a", "b", "a.a"]);
        assert!(Grid::parse("a b".split(' ')).is_err());
    }
}
