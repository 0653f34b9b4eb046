//! Lua 5.1 by itself: what scripts give, how they fail, and that nothing they say brings the machine down.

use warren_lua::{Args, Error, Host, Str, Value, Vm, to_text};

struct Bounded(u32);

impl Host for Bounded {
    fn call(&mut self, _: &mut Vm, _: u16, _: Args) -> Result<usize, Error> {
        Ok(0)
    }

    fn pause(&mut self) -> Result<(), Error> {
        self.0 = self.0.checked_sub(1).ok_or_else(|| Error::text("too long"))?;
        Ok(())
    }
}

fn show(vm: &Vm, value: &Value) -> String {
    match value {
        Value::Nil => "nil".into(),
        Value::Bool(yes) => yes.to_string(),
        Value::Num(number) => to_text(*number),
        Value::Str(text) => text.text().into_owned(),
        Value::Table(id) => {
            let length = vm.heap.table(*id).border();
            let items: Vec<String> = (1..=length).map(|index| show(vm, &vm.heap.table(*id).get_index(index))).collect();
            format!("{{{}}}", items.join(","))
        }
        other => other.type_name().into(),
    }
}

/// What is around each script, here and in the real server.
const AROUND: &str = include_str!("lua/around.lua");

fn run(text: &str) -> String {
    let mut vm = Vm::new(|text| text.parse().ok(), 64 << 20);
    let whole = AROUND.replace("BODY", text);
    let function = match vm.load(whole.as_bytes(), &Str::from("@user_script")) {
        Ok(function) => function,
        Err(error) => return format!("! {}", show(&vm, &error.value)),
    };
    match vm.call(&mut Bounded(5_000), function, &[]) {
        Ok(value) => show(&vm, &value),
        Err(error) => format!("! {}", show(&vm, &error.value)),
    }
}

/// Pairs of a script and what it gives, each checked against Lua 5.1 in the real server.
#[test]
fn scripts_give_what_lua_gives() {
    let cases = [include_str!("lua/cases.txt"), include_str!("lua/libraries.txt")].join("====\n");
    let mut faults = Vec::new();
    for case in cases.split("\n====\n") {
        let (script, wanted) = case.split_once("\n----\n").expect("a script and what it gives");
        let got = run(script);
        if got.trim_end() != wanted.trim_end() {
            faults.push(format!("{script}\n  wanted {wanted}\n  got    {got}"));
        }
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n\n"));
}
