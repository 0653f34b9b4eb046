//! JSON to field tables and back, as RabbitMQ's management does it: every number without a point is a 64-bit integer.

use serde_json::{Map, Value as Json};
use warren_sim::amqp::definitions::json::write_table;
use warren_sim::amqp::value::{Table, Value};
use warren_sim::bytes::Bytes;

/// An object as a field table. The error is RabbitMQ's reason.
pub fn to_table(object: &Map<String, Json>) -> Result<Table, Json> {
    let mut table = Table::default();
    for (name, value) in object {
        table.0.push((Bytes::from(name.as_str()), to_value(value)?));
    }
    Ok(table)
}

fn to_value(json: &Json) -> Result<Value, Json> {
    Ok(match json {
        Json::Null => return Err("null_not_allowed".into()),
        Json::Bool(on) => Value::Bool(*on),
        Json::Number(number) => match number.as_i64() {
            Some(number) => Value::I64(number),
            None => Value::F64(number.as_f64().unwrap_or_default().to_bits()),
        },
        Json::String(text) => Value::LongStr(Bytes::from(text.as_str())),
        Json::Array(items) => Value::Array(items.iter().map(to_value).collect::<Result<_, _>>()?),
        Json::Object(fields) => Value::Table(Box::new(to_table(fields)?)),
    })
}

/// A field table as an object.
pub fn from_table(table: &Table) -> Json {
    let mut text = String::new();
    write_table(&mut text, table);
    serde_json::from_str(&text).unwrap_or_default()
}
